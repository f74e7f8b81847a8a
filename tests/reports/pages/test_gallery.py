"""The gallery shows truly what the predictions say, whatever the expressions say."""

import base64

import numpy as np
import pytest

from tests.predictions.made import changed, ious_of
from vg_mc.predictions import outcomes
from vg_mc.reports.pages.examples import (
    Backdrop,
    examples,
    no_backdrop,
    no_pictures,
    spread_rows,
    verdicts,
)
from vg_mc.reports.pages.gallery import Cards
from vg_mc.reports.pages.page import inside


def photo(example) -> Backdrop:
    return Backdrop(b"photo", -1, -2, 70, 80, is_photo=example.image_id % 2 == 0)


@pytest.fixture
def show(make_predictions, pictures_of, read_part):
    def lay_out(pictures=pictures_of, backdrop_of=photo, splits=("val",), **changes):
        made = make_predictions(expressions=40)
        answered = [changed(made, split=split, **changes) for split in splits]
        shown = Cards.of(answered, 4, pictures, backdrop_of)
        return read_part("gallery.html.j2", "gallery", shown, inside)

    return lay_out


def test_every_example_has_its_mark(show):
    page = show()

    articles = page.every("article")
    kinds = ["not-recalled"] * 4 + ["right"] * 4 + ["wrong"] * 4
    assert sorted(one["class"] for one in articles) == kinds
    assert sorted(one["data-verdict"].replace(" ", "-") for one in articles) == kinds
    assert page.open == []


def test_candidates_are_shown_as_the_model_saw_them_and_the_right_ones_framed(
    show, make_predictions, pictures_of
):
    page = show()

    predictions = make_predictions(expressions=40)
    shown = examples(predictions, spread_rows(predictions, each=4), pictures_of)
    candidates = [candidate for example in shown for candidate in example.ranked]
    prefix = "data:image/jpeg;base64,"
    sources = [attributes["src"].removeprefix(prefix) for attributes in page.every("img")]
    assert list(map(base64.b64decode, sources)) == [each.picture for each in candidates]
    figures = [one["class"] == "fits" for one in page.every("figure") if one["class"] != "photo"]
    assert figures == [candidate.fits for candidate in candidates]
    assert all(candidate.percentage in page.words for candidate in candidates)


def test_cards_say_how_well_the_answer_fits(show, make_predictions):
    page = show()

    predictions = make_predictions(expressions=40)
    rows = [row for row in spread_rows(predictions, each=4) if len(ious_of(predictions)[row])]
    answers = [ious_of(predictions)[row][predictions.answers.logits[row].argmax()] for row in rows]
    told = [word for word in page.words if word.startswith("val, expression")]
    assert len(told) == 12
    assert [word for word in told if "IoU" not in word] == [
        word for word in told if " 0 candidates" in word
    ]
    for iou in answers:
        assert any(f"candidates, IoU {iou:.2f}" in word for word in told)


def test_target_and_answer_are_drawn_where_they_are(show, make_predictions):
    page = show()

    predictions = make_predictions(expressions=40)
    rows = spread_rows(predictions, each=4)
    targets = [one for one in page.every("rect") if one["class"] == "target"]
    answers = [one for one in page.every("rect") if one["class"] == "answer"]
    for box, drawn in zip(predictions.examples.targets[rows], targets, strict=True):
        left, top, right, bottom = box
        edges = [float(drawn[name]) for name in ("x", "y", "width", "height")]
        assert edges == pytest.approx([left, top, right - left, bottom - top], abs=0.05)
    answered = [row for row in rows if len(predictions.answers.logits[row])]
    for row, drawn in zip(answered, answers, strict=True):
        chosen = predictions.answers.boxes[row][predictions.answers.logits[row].argmax()]
        assert [float(drawn["x"]), float(drawn["y"])] == pytest.approx(chosen[:2], abs=0.05)
    assert {one["viewbox"] for one in page.every("svg")} == {"0 0 64 60"}


def test_a_picture_that_is_not_the_photo_says_so(show):
    page = show()

    said = [text for text in page.words if "shown on its best candidate image" in text]
    images = [int(text.split("image ")[1].split(",")[0]) for text in said]
    assert images
    assert all(number % 2 for number in images)
    assert page.every("image")[0]["x"] == "-1.0"


def test_without_pictures_boxes_and_percentages_remain(show):
    page = show(pictures=no_pictures, backdrop_of=no_backdrop)

    assert not page.every("img")
    assert not page.every("image")
    assert len([one for one in page.every("rect") if one["class"] == "target"]) == 12
    assert any(text.endswith("%") for text in page.words)


def test_foreign_text_opens_no_tag_and_ends_no_attribute(show):
    evil = "</script><!-- \"'><img src=x onerror=alert(2)>"

    page = show(texts=[evil] * 40, splits=(evil, "val"))

    assert "script" not in {tag for tag, _ in page.tags}
    assert all(attributes["src"].startswith("data:") for attributes in page.every("img"))
    assert page.words.count(evil) >= 24
    assert {one["data-text"] for one in page.every("article")} == {evil.lower()}
    assert page.every("article")[0]["data-split"] == evil
    assert page.open == []


def test_the_legend_counts_all_expressions_and_the_filter_those_that_are_shown(
    show, make_predictions
):
    page = show(splits=("val", "testA"))

    judged = verdicts(outcomes(make_predictions(expressions=40)))
    counts = ", ".join(
        f"{judged.count(kind)} {kind}" for kind in ("right", "wrong", "not recalled")
    )
    assert any(f"val: {counts}; testA: {counts}" in text for text in page.words)
    assert {"all 24", "✓ right 8", "✗ wrong 8", "∅ not recalled 8"} <= set(page.words)
    assert [one["value"] for one in page.every("option")] == ["", "val", "testA"]


def test_a_single_split_is_not_asked_for(show):
    (choice,) = show().every("select")

    assert "hidden" in choice


def test_an_expression_without_proposals_says_so(show):
    page = show(candidate_ids=[np.empty(0, np.int64)] * 40, **EMPTY)

    assert page.words.count("no proposals") == 4
    assert not [one for one in page.every("rect") if one["class"] == "answer"]


EMPTY = {
    "boxes": [np.empty((0, 4))] * 40,
    "logits": [np.empty(0, np.float32)] * 40,
    "scores": [np.empty(0)] * 40,
    "candidate_categories": [[] for _ in range(40)],
}
