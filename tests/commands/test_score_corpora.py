"""Answers are scored against every kind of corpus, without images where sizes are known."""

import json

import numpy as np
import pytest

from tests.commands.test_prepare_corpora import (
    BOXES,
    NAMES,
    SENTENCES,
    images,
    instances,
    write_coco,
    write_jxu,
    write_kangheng,
    write_lmms,
    write_pth,
    write_refer,
)
from tests.refusals import refused
from vg_mc.commands.config import parse_config
from vg_mc.commands.score import ScoreConfig, run

__all__ = ["images", "instances"]  # fixtures

KINDS = {  # what writes it, --corpus, further flags, distractors of the first expression
    "refer": (write_refer, "refer", "--instances I", 2),
    "jxu124": (write_jxu, "hub", "", -1),
    "lmms-lab": (write_lmms, "hub", "", -1),
    "Kangheng": (write_kangheng, "hub", "--annotations-format xyxy", -1),
    "COCO": (write_coco, "table", "", 2),
    "pth": (write_pth, "pth", "--images P", -1),
}


@pytest.fixture
def score(tmp_path):
    def scored(answers, *flags):
        file = tmp_path / "answers.json"
        file.write_text(json.dumps(answers))
        arguments = [str(file), "--name", "x", "--output", str(tmp_path / "scored"), *flags]
        return run(parse_config(ScoreConfig, arguments))

    return scored


@pytest.mark.parametrize("name", KINDS)
def test_answers_are_scored_against_every_kind_of_corpus(name, tmp_path, images, instances, score):
    write, kind, others, distractors = KINDS[name]
    annotations = write(tmp_path / "mine")
    places = {"I": str(instances), "P": str(images)}
    answers = [
        {"image": NAMES[BOXES[number][0]], "expression": text, "reply": str(list(BOXES[number][1]))}
        for number, text in SENTENCES
    ]
    if name == "Kangheng":  # whose images have no names
        answers = [{key: row[key] for key in ("expression", "reply")} for row in answers]

    predictions = score(
        answers, "--corpus", kind, "--annotations", str(annotations), "--boxes", "pixels",
        "--split", "testA" if name == "lmms-lab" else "val",
        *(places.get(flag, flag) for flag in others.split()),
    )  # fmt: skip

    assert len(predictions) == 4
    np.testing.assert_allclose(predictions.answers.boxes, predictions.examples.targets)
    assert predictions.examples.distractors[0] == distractors


def test_flags_of_the_annotations_have_their_own_names(tmp_path, score):
    rows = [{"image": f"{n}.jpg", "expression": "a", "box": [10, 60, 20, 30], "w": 90, "h": 90,
             "split": "val"} for n in range(9)]  # fmt: skip
    (tmp_path / "val.json").write_text(json.dumps(rows))
    given = ("--annotations", str(tmp_path / "val.json"), "--split", "val", "--boxes", "pixels",
             "--annotations-columns", "width=w", "height=h")  # fmt: skip

    with refused("--annotations-format"):
        score([{"id": 1, "box": [1, 2, 3, 4]}], *given)
    predictions = score(
        [{"id": 1, "box": [10, 60, 30, 90]}], *given,
        "--annotations-format", "xywh", "--annotations-unit", "pixels", "--only-answered",
    )  # fmt: skip
    assert predictions.answers.boxes.tolist() == predictions.examples.targets.tolist()


@pytest.mark.usefixtures("instances")
def test_a_split_that_is_not_there_is_refused_with_those_that_are(tmp_path, score):
    annotations = write_coco(tmp_path / "mine")

    with refused("val", record="--split"):
        score([], "--annotations", str(annotations), "--split", "testB")
