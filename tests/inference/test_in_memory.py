"""Questions become the rows that their prepared dataset would have."""

import pickle

import numpy as np
import pytest
from PIL import Image

from vg_mc.grounders.baselines import RandomChoice
from vg_mc.images import choose_views
from vg_mc.inference.in_memory import asked
from vg_mc.inference.queries import Question
from vg_mc.inference.run_settings import recorded_look
from vg_mc.prepared.build.settings import Drawing
from vg_mc.proposers.on_demand import GIVEN

DRAWING = Drawing(choose_views(["crop", "clip-refcoco"], {}), 32, "squash")
BOXES = [(2.0, 3.0, 30.0, 40.0), (20.0, 5.0, 60.5, 58.0), (33.0, 1.0, 90.0, 80.0)]


@pytest.fixture
def photo(tmp_path):
    Image.new("RGB", (64, 48), "navy").save(tmp_path / "a_7.png")
    return tmp_path / "a_7.png"


def test_pictures_are_those_of_the_dataset_to_the_last_bit(scenes, best, photos):
    look, known = recorded_look(best), scenes.photos()
    expressions = scenes.expressions("val")
    questions = [
        Question(photos / known[image_id].file_name, (), list(map(tuple, scenes.boxes(ids))))
        for image_id, ids in zip(
            expressions.image_ids.tolist(), expressions.candidate_ids, strict=True
        )
    ]

    dataset, none, proposals = asked(
        questions, Drawing({"marker": look.marker}, 32, look.fit), GIVEN
    )

    assert len(none) == 0
    ids = np.concatenate(expressions.candidate_ids)
    assert sum(map(len, proposals)) == len(ids)
    assert dataset.picture_bytes(np.arange(len(ids))) == scenes.picture_bytes(ids)
    assert np.array_equal(dataset.boxes(np.arange(len(ids))), scenes.boxes(ids))
    assert dataset.image_size == scenes.image_size


def test_each_question_has_a_photo_and_candidates_of_its_own(photo):
    questions = [
        Question(photo, ("red", "blue"), BOXES),
        Question(photo, ("red",), []),
        Question(str(photo), (" the  dog ",), BOXES[:1]),
    ]

    dataset, expressions, proposals = asked(questions, DRAWING, GIVEN)

    assert {key: one.file_name for key, one in dataset.photos().items()} == dict.fromkeys(
        range(3), "a_7.png"
    )
    assert expressions.texts == ["red", "blue", "red", "the dog"]
    assert expressions.image_ids.tolist() == [0, 0, 1, 2]
    assert [ids.tolist() for ids in expressions.candidate_ids] == [[0, 1, 2], [0, 1, 2], [], [3]]
    assert [len(found) for found in proposals] == [3, 0, 1]
    assert proposals[0][2].box == (33, 1, 64, 48)
    assert list(dataset.views) == ["crop", "clip-refcoco"]
    assert dataset.pictures(np.array([3, 0]), "clip-refcoco").shape == (2, 32, 32, 3)


def test_what_only_annotations_say_is_not_a_number(photo):
    _, expressions, _ = asked([Question(photo, ("red",), BOXES)], DRAWING, GIVEN)

    assert np.isnan(expressions.targets).all()
    assert np.isnan(expressions.ious[0]).all()
    assert expressions.rivals.tolist() == [-1]


def test_a_random_answer_does_not_depend_on_what_else_is_asked(photo):
    alone = asked([Question(photo, ("red",), BOXES)], DRAWING, GIVEN)
    later = asked([Question(photo, ("blue", "red"), BOXES)], DRAWING, GIVEN)

    (expected,) = RandomChoice(3).logits(alone.dataset, alone.expressions)
    other, same = RandomChoice(3).logits(later.dataset, later.expressions)
    assert np.array_equal(same, expected)
    assert not np.array_equal(other, expected)


def test_no_question_is_an_empty_dataset():
    dataset, expressions, proposals = asked([], DRAWING, GIVEN)

    assert (len(expressions), proposals, dataset.photos()) == (0, [], {})


def test_the_dataset_travels_to_other_processes(photo):
    dataset = asked([Question(photo, ("red",), BOXES)], DRAWING, GIVEN).dataset

    copy = pickle.loads(pickle.dumps(dataset))

    ids = np.arange(3)
    assert copy.picture_bytes(ids) == dataset.picture_bytes(ids)
