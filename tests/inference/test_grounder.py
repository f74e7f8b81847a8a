"""A photo gets the answer that its prepared dataset would, and nothing needs an annotation."""

import json
import subprocess
import sys
import warnings

import numpy as np
import pytest
from accelerate import Accelerator
from PIL import Image
from scipy.special import softmax

import vg_mc
from tests.refusals import refused
from vg_mc.images import VIEWS, choose_views
from vg_mc.images.markers import CLIP_REFCOCO
from vg_mc.inference import Grounder, Question
from vg_mc.models.loading import load_encoder
from vg_mc.predictions.run import predict
from vg_mc.proposers.choice import ProposerChoice

BOXES = [(2.0, 3.0, 30.0, 40.0), (20.0, 5.0, 60.5, 58.0), (33.0, 1.0, 90.0, 80.0)]


@pytest.fixture(scope="module")
def grounder(best) -> Grounder:
    return Grounder.from_pretrained(best)


@pytest.fixture
def photo(photos):
    return min(photos.iterdir())


@pytest.fixture(scope="module")
def evaluated(scenes, best):
    encoder = load_encoder(str(best))
    return predict(Accelerator(cpu=True), encoder, scenes, "val", batch_size=64, num_workers=0)


def asked_again(scenes, evaluated, photos) -> list[Question]:
    known = scenes.photos()
    rows = zip(
        evaluated.examples.image_ids.tolist(),
        evaluated.examples.texts,
        evaluated.answers.boxes,
        strict=True,
    )
    return [
        Question(photos / known[image_id].file_name, (text,), [tuple(box) for box in boxes])
        for image_id, text, boxes in rows
    ]


def test_the_package_lends_its_grounder_without_loading_torch():
    assert vg_mc.Grounder is Grounder
    with pytest.raises(AttributeError, match="no attribute 'Grunder'"):
        _ = vg_mc.Grunder
    program = "import vg_mc, sys; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_logits_are_those_of_an_evaluation(grounder, scenes, evaluated, photos):
    answers = grounder.ground_all(asked_again(scenes, evaluated, photos))

    assert len(answers) == len(evaluated) > 0
    for row, (answer,) in enumerate(answers):
        assert np.allclose(answer.logits, evaluated.answers.logits[row], atol=1e-5)
        assert np.array_equal(answer.boxes, evaluated.answers.boxes[row])
        assert answer.index == int(evaluated.answers.logits[row].argmax())


def test_an_answer_is_the_most_probable_box(grounder, photo):
    (answer,) = grounder.ground(photo, ["the red one"], BOXES)

    assert np.allclose(answer.probabilities, softmax(answer.logits.astype(float)))
    assert answer.box == BOXES[answer.index]
    assert answer.score == answer.probabilities.max()
    assert answer.ranking[0] == answer.index
    assert np.array_equal(grounder.rank(photo, "the red one", BOXES), answer.probabilities)


def test_several_photos_and_texts_are_answered_as_each_alone(grounder, photos):
    names = sorted(photos.iterdir())[:3]
    questions = [Question(name, ("red", "the blue one"), BOXES[: at + 1])
                 for at, name in enumerate(names)]  # fmt: skip

    together = grounder.ground_all(questions)

    for question, answers in zip(questions, together, strict=True):
        alone = grounder.ground(question.image, question.expressions, question.boxes)
        assert [each.expression for each in answers] == ["red", "the blue one"]
        for one, other in zip(answers, alone, strict=True):
            assert np.allclose(one.logits, other.logits, atol=1e-5)


def test_pictures_in_memory_are_answered_like_files(grounder, photo):
    with Image.open(photo) as image:
        (answer,) = grounder.ground(image, ["red"], BOXES)

    (expected,) = grounder.ground(str(photo), ["red"], BOXES)
    assert np.array_equal(answer.logits, expected.logits)


def test_a_photo_without_proposals_has_no_answer_unless_asked_for(grounder, photo):
    (nothing,) = grounder.ground(photo, ["red"], [])

    assert (nothing.box, nothing.score, nothing.index) == (None, 0.0, -1)
    assert nothing.probabilities.shape == (0,)
    choice = ProposerChoice("given", when_empty="whole-image")
    whole = Grounder(grounder.scorer, grounder.drawing, choice)
    (answer,) = whole.ground(photo, ["red"], [])
    with Image.open(photo) as image:
        assert answer.box == (0, 0, *image.size)
    assert answer.score == 1


def test_a_question_without_texts_or_no_question_at_all_is_answered_by_nothing(grounder, photo):
    assert grounder.ground(photo, [], BOXES) == []
    assert grounder.ground_all([]) == []


def test_marker_and_fit_are_those_of_the_run(grounder, best, scenes):
    (marker,) = grounder.drawing.views.values()
    assert marker.color == tuple(scenes.manifest["settings"]["marker"]["color"])
    assert (grounder.drawing.fit, grounder.drawing.image_size) == ("letterbox", 32)
    views = choose_views(["crop", "clip-refcoco"], {})
    other = Grounder.from_pretrained(best, views=views)
    assert (other.drawing.views, other.drawing.fit) == (views, "letterbox")


def test_a_model_of_no_known_run_is_warned_of():
    with pytest.warns(UserWarning, match="marker"):
        grounder = Grounder.from_pretrained("tiny-vit")

    assert grounder.drawing.views == {"marker": CLIP_REFCOCO}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        Grounder.from_pretrained("tiny-vit", views={"crop": VIEWS["crop"]})  # nothing is guessed


def test_a_temperature_softens_probabilities_alone(grounder, best, photo):
    (plain,) = grounder.ground(photo, ["red"], BOXES)

    (soft,) = Grounder.from_pretrained(best, temperature=2.0).ground(photo, ["red"], BOXES)

    assert np.array_equal(soft.logits, plain.logits)
    assert np.allclose(soft.probabilities, softmax(plain.logits.astype(float) / 2))
    with refused("0"):
        Grounder.from_pretrained(best, temperature=0.0)


def test_a_stored_temperature_is_used_and_one_of_other_weights_is_warned_of(best):
    file = best.parent / "temperature.json"
    file.write_text(json.dumps({"temperature": 3, "split": "val", "model_hash": ""}))
    try:
        assert Grounder.from_pretrained(best).temperature == 3
        file.write_text(json.dumps({"temperature": 3, "split": "val", "model_hash": "other"}))
        with pytest.warns(UserWarning, match="fitted with other weights"):
            Grounder.from_pretrained(best)
    finally:
        file.unlink()


@pytest.mark.parametrize(
    ("wrong", "problem"),
    [
        ({"expressions": ["red"]}, "proposer"),
        ({"expressions": "red", "boxes": BOXES}, "expressions"),
        ({"expressions": [" "], "boxes": BOXES}, "non-empty"),
    ],
)
def test_what_cannot_be_asked_is_refused(grounder, photo, wrong, problem):
    with refused(*problem.split()):
        grounder.ground(photo, **wrong)


def test_a_wording_without_a_place_is_refused(best):
    with refused("placeholder"):
        Grounder.from_pretrained(best, prompts=["a photo"])


@pytest.mark.parametrize("proposer", ["yolo", "transformers", "stored", "yolo+stored"])
def test_a_proposer_needs_its_file(best, proposer):
    with refused(proposer.split("+")[0]):
        Grounder.from_pretrained(best, proposer=proposer)
