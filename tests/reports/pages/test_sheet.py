"""A sheet shows random records as they are in the dataset."""

import base64
import io

import numpy as np
import pytest
from PIL import Image

from vg_mc.errors import BadInputError
from vg_mc.reports.pages.sheet import random_rows, write_sheet

EVIL = "<script>alert(1)</script>"


@pytest.fixture
def sheet(coloured, read_page, tmp_path):
    def write(split="val", rows=(0, 3), open_photo=None, dataset=coloured):
        write_sheet(dataset, split, list(rows), open_photo, tmp_path / "sheet.html")
        return read_page((tmp_path / "sheet.html").read_text(encoding="utf-8"))

    return write


def pictures(page) -> list[bytes]:
    encoded = [one["src"].partition(",")[2] for one in page.every("img")]
    return [base64.b64decode(content) for content in encoded]


def test_the_same_seed_chooses_the_same_records():
    chosen = random_rows(100, 10, seed=3)

    assert chosen == random_rows(100, 10, seed=3) != random_rows(100, 10, seed=4)
    assert chosen == sorted(set(chosen))
    assert random_rows(4, 10, seed=0) == [0, 1, 2, 3]
    assert random_rows(0, 10, seed=0) == []


def test_candidates_stand_in_the_order_of_their_ious(sheet, coloured):
    page = sheet()

    expressions = coloured.expressions("val")
    expected = []
    for row in (0, 3):
        order = np.argsort(-expressions.ious[row], kind="stable")
        expected += coloured.picture_bytes(expressions.candidate_ids[row][order])
    plots, *candidates = pictures(page)
    assert plots.startswith(b"\x89PNG")
    assert candidates == expected
    framed = [one["class"] for one in page.every("figure")]
    assert framed.count("fits") == 2
    assert framed[0] == "fits"
    assert expressions.texts[3] in page.words
    colour = expressions.candidate_ids[0][expressions.ious[0].argmax()]
    assert f"{coloured.candidate_categories(np.array([colour]))[0]} 1.00" in page.words


def test_an_expression_without_candidates_says_so(sheet, coloured):
    page = sheet("testA", [len(coloured.expressions("testA")) - 1])

    assert "no proposals" in page.words
    assert page.every("article") == [{"class": "not-recalled"}]


def test_a_photo_is_shown_with_its_target(sheet):
    opened = Image.new("RGB", (990, 90), "black")  # ten times its announced size

    page = sheet(rows=[0], open_photo=lambda _: opened)

    shown = Image.open(io.BytesIO(pictures(page)[1]))
    assert shown.size == (480, 44)
    yellow = (np.asarray(shown.convert("RGB"), dtype=int) - (255, 200, 0)).__abs__().sum(2) < 150
    assert 0 < yellow.sum() < 800
    assert yellow[:40].sum() == yellow.sum()  # a target is 8 of 9 pixels high
    assert np.ptp(np.flatnonzero(yellow.any(axis=0))) == pytest.approx(8 * 480 / 99, abs=3)
    assert "in yellow" in " ".join(page.words)


def test_a_photo_that_is_not_at_hand_is_told(sheet):
    def refuse(_):
        raise BadInputError("the photo is missing")

    page = sheet(open_photo=refuse)

    assert page.words.count("the photo is missing") == 2
    assert len(page.every("figure")) > 2


def test_foreign_text_opens_no_tag(sheet, make_sentences, tmp_path):
    dataset = make_sentences(
        tmp_path / "set", {"val": [(EVIL, EVIL, 0)]}, corpus=EVIL, category=EVIL
    )

    page = sheet(dataset=dataset, rows=[0])

    assert {"script", "link", "iframe"}.isdisjoint(tag for tag, _ in page.tags)
    assert page.words.count(EVIL) == 1
    assert page.open == []


def test_an_empty_split_has_a_page(sheet, make_sentences, tmp_path):
    dataset = make_sentences(tmp_path / "set", {"train": [("1.jpg", "x", 0)], "val": []})

    assert sheet(dataset=dataset, rows=[]).every("article") == []
