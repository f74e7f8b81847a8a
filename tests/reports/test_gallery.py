"""The gallery is one harmless file that shows what the predictions say."""

import base64
import re
from dataclasses import replace

import numpy as np
import pytest

from vg_mc.metrics import summarize
from vg_mc.reports.examples import examples, spread_rows, verdicts
from vg_mc.reports.gallery import write_gallery


@pytest.fixture
def gallery(make_predictions, pictures_of, read_page, tmp_path):
    def write(**changes) -> tuple[object, str]:
        predictions = replace(make_predictions(expressions=40), **changes)
        rows = spread_rows(predictions, each=4)
        write_gallery(predictions, rows, pictures_of, tmp_path / "gallery.html")
        text = (tmp_path / "gallery.html").read_text(encoding="utf-8")
        return read_page(text), text

    return write


def test_every_example_has_its_mark(gallery):
    page, _ = gallery()

    classes = [attributes["class"] for attributes in page.every("article")]
    assert sorted(classes) == ["not-covered"] * 4 + ["right"] * 4 + ["wrong"] * 4
    assert page.open == []


def test_pictures_are_inside_and_the_right_ones_framed(gallery, make_predictions, pictures_of):
    page, _ = gallery()

    predictions = make_predictions(expressions=40)
    shown = examples(predictions, spread_rows(predictions, each=4), pictures_of)
    candidates = [candidate for example in shown for candidate in example.ranked]
    sources = [attributes["src"] for attributes in page.every("img")]
    prefix = "data:image/jpeg;base64,"
    assert [base64.b64decode(source.removeprefix(prefix)) for source in sources] == [
        candidate.picture for candidate in candidates
    ]
    framed = [attributes["class"] == "fits" for attributes in page.every("figure")]
    assert framed == [candidate.fits for candidate in candidates]
    assert any(framed)


def test_nothing_is_loaded_from_elsewhere(gallery):
    page, text = gallery()

    assert not re.search(r"https?://|url\(|@import", text)
    assert {"script", "link", "iframe"}.isdisjoint(tag for tag, _ in page.tags)
    assert any("default-src 'none'" in meta.get("content", "") for meta in page.every("meta"))


def test_foreign_text_opens_no_tag(gallery):
    evil = '<script>alert("1")</script><img src=x onerror=alert(2)>'
    page, text = gallery(name=evil, split=evil, texts=[evil] * 40, facts={evil: evil})

    assert "<script" not in text
    assert all(attributes["src"].startswith("data:") for attributes in page.every("img"))
    assert page.words.count(evil) >= 12


def test_braces_in_a_text_are_only_text(gallery):
    page, _ = gallery(texts=["the {title} of {0}"] * 40)

    assert "the {title} of {0}" in page.words


def test_the_header_has_the_scores_and_the_counts_of_all_expressions(gallery, make_predictions):
    page, text = gallery()

    predictions = make_predictions(expressions=40)
    scores = summarize(predictions.ious, predictions.logits)
    judged = verdicts(predictions)
    assert f"<dd>{100 * round(scores.accuracy, 4):.2f}</dd>" in text
    assert f"12 of 40 expressions (✓ right {judged.count('right')}" in text
    assert "0123abcd" in page.words


def test_an_expression_without_proposals_says_so(gallery):
    page, _ = gallery(candidate_ids=[np.empty(0, np.int64)] * 40, **EMPTY)

    assert page.words.count("no proposals") == 4


EMPTY = {
    "boxes": [np.empty((0, 4))] * 40,
    "ious": [np.empty(0)] * 40,
    "logits": [np.empty(0, np.float32)] * 40,
    "scores": [np.empty(0)] * 40,
    "candidate_categories": [[] for _ in range(40)],
}
