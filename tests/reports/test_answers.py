"""Answers are told in full, in every form, and drawn without touching the photo's other pixels."""

import csv
import json

import numpy as np
import pytest
from PIL import Image

from vg_mc.inference import Answer
from vg_mc.records import Proposal
from vg_mc.reports.answers import answer_record, answer_text, write_answer_picture, write_answers

BOXES = [(1.0, 2.0, 21.0, 22.0), (30.0, 5.0, 50.0, 35.0)]


@pytest.fixture
def answer() -> Answer:
    proposals = tuple(Proposal(box, 0.5, "cat", "yolo") for box in BOXES)
    logits = np.array([0, np.log(3)], np.float32)
    return Answer("=the\ncat", proposals, logits, np.array([0.25, 0.75]))


@pytest.fixture
def nothing() -> Answer:
    return Answer("the dog", (), np.empty(0, np.float32), np.empty(0))


def test_a_table_names_every_candidate_the_best_first(answer):
    lines = answer_text("a.jpg", answer).splitlines()

    assert lines[0] == "a.jpg: =the cat"
    assert lines[3].split() == ["75.0%", *"30.0, 5.0, 50.0, 35.0".split(), "cat", "0.50", "1.10"]
    assert lines[4].split()[0] == "25.0%"


def test_ranks_are_told_without_a_probability(answer, tmp_path):
    told = answer_text("a.jpg", answer, chances=False)

    assert "%" not in told
    assert "probability" not in told
    assert told.splitlines()[3].split()[-2:] == ["0.50", "1.10"]
    blank = Image.new("RGB", (200, 40))
    for chances in (True, False):
        file = tmp_path / f"{chances}.png"
        write_answer_picture(blank, answer, (255, 0, 0), file, chances=chances)
    with Image.open(tmp_path / "True.png") as one, Image.open(tmp_path / "False.png") as other:
        below = [(np.asarray(image)[40:] < 128).sum() for image in (one, other)]
    assert below[0] > below[1] > 0


def test_a_photo_without_proposals_is_said_to_have_none(nothing):
    assert "no proposals and no answer" in answer_text("a.jpg", nothing)
    record = answer_record("a.jpg", nothing)
    assert (record["box"], record["index"], record["candidates"]) == (None, None, [])


def test_records_and_rows_hold_the_answers(answer, nothing, tmp_path):
    write_answers([("a.jpg", answer), ("b.jpg", nothing)], tmp_path)

    records = [json.loads(line) for line in (tmp_path / "answers.jsonl").read_text().splitlines()]
    assert [(record["box"], record["score"], record["index"]) for record in records] == [
        (list(BOXES[1]), 0.75, 1),
        (None, 0, None),
    ]
    assert [each["probability"] for each in records[0]["candidates"]] == [0.25, 0.75]
    with (tmp_path / "answers.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["left"] for row in rows] == ["30.00", ""]
    assert rows[0]["expression"] == "'=the\ncat"  # no formula for a spreadsheet


def test_only_frames_are_drawn_on_the_photo(answer, tmp_path):
    photo = Image.new("RGB", (60, 40), "white")

    write_answer_picture(photo, answer, (255, 0, 0), tmp_path / "a.png")

    with Image.open(tmp_path / "a.png") as drawn:
        pixels = np.asarray(drawn)[:40]
        assert drawn.width == 60
        assert drawn.height > 40
    assert pixels[5, 30].tolist() == pixels[34, 49].tolist() == [255, 0, 0]
    assert pixels[2, 1].tolist() == [150, 150, 150]
    assert (pixels[20, 40], pixels[38, 5], pixels[12, 10]) == pytest.approx(np.full((3, 3), 255))
    assert photo.getpixel((30, 5)) == (255, 255, 255)


@pytest.mark.parametrize(("name", "kind"), [("a.png", "PNG"), ("a.JPG", "JPEG")])
def test_the_ending_decides_on_the_format(nothing, tmp_path, name, kind):
    long = Answer("word " * 90 + "w" * 90, (), nothing.logits, nothing.probabilities)

    write_answer_picture(Image.new("RGB", (200, 100)), long, (255, 0, 0), tmp_path / name)

    with Image.open(tmp_path / name) as drawn:
        assert drawn.format == kind
        assert drawn.height > 300  # the text is broken into lines
