"""Boxes and replies of other systems are scored on the scoreboard of our own models."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from tests.refusals import refused
from vg_mc.commands import compare
from vg_mc.commands.config import parse_config
from vg_mc.commands.score import ScoreConfig, run
from vg_mc.errors import BadInputError
from vg_mc.predictions import outcomes, read_predictions
from vg_mc.predictions.external.boxes import Resized

SHARED = Path(__file__).parents[3] / "shared"

# On images of 640 x 480 pixels; the list is in the layout of MiniGPT-v2.
TARGETS = {"the red box": [20, 30, 80, 60], "the blue box": [150, 40, 100, 120]}
IMAGES = [f"COCO_train2014_{number:012d}_{number}" for number in range(4)]


def scored_by(flags) -> None:
    run(parse_config(ScoreConfig, flags))


@pytest.fixture
def expressions(tmp_path) -> Path:
    rows = [
        {"img_id": image, "sents": text, "bbox": box, "width": 640, "height": 480}
        for image in IMAGES
        for text, box in TARGETS.items()
    ]
    file = tmp_path / "val.json"
    file.write_text(json.dumps(rows))
    return file


def corners(text, shift=0.0) -> list[float]:
    left, top, width, height = TARGETS[text]
    return [left + shift, top, left + width + shift, top + height]


@pytest.fixture
def score(tmp_path, expressions):
    def scored(rows, *flags, name="other"):
        file = tmp_path / f"{name}.json"
        file.write_text(json.dumps(rows))
        scored_by(
            [str(file), "--annotations", str(expressions), "--split", "val", "--name", name,
             "--output", str(tmp_path / name), *flags]
        )  # fmt: skip
        return read_predictions(tmp_path / name / "val")

    return scored


def answers(reply_of, images=IMAGES):
    return [
        {"image": f"{image}.jpg", "expression": text.upper(), "reply": reply_of(text)}
        for image in images
        for text in TARGETS
    ]


def accuracy(predictions) -> float:
    return float(outcomes(predictions).right.mean())


def test_replies_in_pixels_are_scored_by_their_boxes(score):
    predictions = score(answers(lambda text: f"here: {corners(text)}"), "--boxes", "pixels")

    assert accuracy(predictions) == 1.0
    np.testing.assert_allclose(predictions.answers.boxes, predictions.examples.targets)


@pytest.mark.parametrize(("unit", "scale"), [("unit", 1), ("percent", 100), ("per-mille", 1000)])
def test_fractions_of_the_image_are_scored_as_declared(score, unit, scale):
    sides = np.array([640, 480, 640, 480]) / scale

    predictions = score(
        answers(lambda text: str((np.array(corners(text)) / sides).tolist())), "--boxes", unit
    )

    assert accuracy(predictions) == 1.0


def test_pixels_of_a_resized_image_are_scaled_back(score):
    ratio = np.array([644 / 640, 476 / 480] * 2)
    rows = answers(lambda text: str((np.array(corners(text)) * ratio).tolist()))

    predictions = score(rows, "--boxes", "pixels", "--resized", "multiple:28")

    np.testing.assert_allclose(predictions.answers.boxes, predictions.examples.targets, atol=1e-9)


def test_what_is_no_single_box_counts_as_wrong_and_is_counted_by_kind(score, capsys):
    replies = iter(["", "I see none", "[1, 2, 3, 4] [5, 6, 70, 80]"])

    predictions = score(
        answers(lambda text: next(replies, str(corners(text))))[:-1], "--boxes", "pixels"
    )

    assert accuracy(predictions) == 4 / 8
    assert np.isnan(predictions.answers.boxes).all(axis=1).sum() == 4
    printed = capsys.readouterr().out
    assert "4 box, 1 missing (expressions" in printed.replace("1 no reply, ", "").replace(
        "1 unparsable, ", ""
    ).replace("1 several boxes, ", "")


def test_answered_expressions_alone_are_scored_on_request(score):
    rows = answers(lambda text: str(corners(text)))[:3]

    assert accuracy(score(rows, "--boxes", "pixels", name="all")) == 3 / 8
    answered = score(rows, "--boxes", "pixels", "--only-answered", name="some")
    assert (len(answered), accuracy(answered)) == (3, 1.0)


def test_a_unit_that_nothing_declares_is_asked_for(score):
    with refused("--boxes"):
        score(answers(lambda text: str(corners(text))))


def test_a_unit_that_cannot_be_is_refused_with_those_that_can(score):
    rows = answers(lambda text: str((np.array(corners(text)) * 2.5).tolist()))

    with refused("pixels"):
        score(rows, "--boxes", "percent")


def test_boxes_of_two_systems_are_compared_in_one_table(score, tmp_path):
    score(answers(lambda text: str(corners(text))), "--boxes", "pixels", name="exact")
    score(answers(lambda text: str(corners(text, 300))), "--boxes", "pixels", name="shifted")

    folders = [str(tmp_path / name) for name in ("exact", "shifted")]
    compare.main([*folders, "--output", str(tmp_path / "comparison")])

    (table,) = (tmp_path / "comparison").glob("*.csv")
    rows = list(csv.DictReader(table.read_text().splitlines()))
    assert len(rows) >= 2
    assert any("exact" in row.values() for row in rows)


def test_results_leave_out_what_a_box_predictor_has_none_of(score, tmp_path):
    score(answers(lambda text: str(corners(text))), "--boxes", "pixels")

    (row,) = csv.DictReader((tmp_path / "other" / "results.csv").read_text().splitlines())
    assert row["proposal recall %"] == row["chance %"] == row["recall@1 %"] == ""


@pytest.mark.parametrize("text", ["640", "28", "axb", "multiple:", "640x480x2"])
def test_a_size_is_two_numbers_or_a_multiple(text):
    with pytest.raises(BadInputError) as error:
        Resized.read(text)

    assert error.value.record == "--resized"


# Computed for these files by an independent script: accuracy at IoU > 0.5 over answered ones.
GENUINE = [
    ("vlm-r1/rec_results_refcoco_val_qwen2_5vl_3b_instruct_r1_500.json", "refcoco_val", 91.00),
    ("vlm-r1/rec_results_refcocop_val_qwen2_5vl_3b_instruct_baseline.json", "refcoco+_val", 84.80),
    ("vlm-r1-iannxang/original-model__rec_results_refcoco_val.json", "refcoco_val", 86.10),
    ("lbylnet/lbyl_bert_unc__unc__100__testA__results.json", "refcoco_testA", 82.87),
]


@pytest.mark.parametrize(("file", "split", "expected"), GENUINE)
def test_genuine_predictions_have_the_accuracy_of_an_independent_script(
    file, split, expected, tmp_path
):
    answered = SHARED / "predictions" / file
    if not answered.is_file():
        pytest.skip(f"{file} is not here: genuine predictions are not scored")

    resized = [] if "lbyl" in file else ["--resized", "multiple:28"]
    expressions = SHARED / "data/official_eval_splits" / f"{split}.json"
    scored_by(
        [str(answered), "--annotations", str(expressions), "--split", split, "--name", "genuine",
         "--boxes", "pixels", "--several", "last", "--only-answered",
         "--output", str(tmp_path / "scored"), *resized]
    )  # fmt: skip

    found = read_predictions(tmp_path / "scored" / split)
    assert 100 * accuracy(found) == pytest.approx(expected, abs=0.01)
