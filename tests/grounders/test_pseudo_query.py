"""Captions say colour, category and place, and the one most like the expression wins."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from vg_mc.boxes import as_boxes
from vg_mc.grounders.pseudo_query import PseudoQuery, captions_of, places
from vg_mc.phrases.overlap import WordOverlap

BOXES = as_boxes([(0, 0, 30, 30), (70, 35, 100, 65), (35, 35, 65, 65)])
RED, BLUE = (220, 30, 30), (30, 30, 220)
PICTURES = np.array([np.full((4, 4, 3), colour) for colour in (RED, BLUE, BLUE)], np.uint8)


def dataset(*views: str) -> SimpleNamespace:
    return SimpleNamespace(
        views=dict.fromkeys(views),
        boxes=lambda ids: BOXES[ids],
        scores=lambda ids: np.array([0.9, 0.8, 0.7])[ids],
        candidate_categories=lambda ids: [("car", "person", "")[one] for one in ids],
        pictures=lambda ids, view: {"crop": PICTURES}[view][ids],
        photos=lambda: {1: SimpleNamespace(width=100, height=100)},
    )


@pytest.fixture
def asked(coloured):
    texts = ["red car", "the guy", "blue thing in the middle", "zebra", "zebra"]
    everything = [np.arange(3)] * 4 + [np.empty(0, np.int64)]
    expressions = coloured.expressions("testA")
    return replace(
        expressions, texts=texts, image_ids=np.ones(5, np.int64), candidate_ids=everything
    )


def test_a_caption_says_colour_category_and_place(asked):
    assert captions_of(dataset("seed", "crop"), asked) == {
        0: "red car on the top left",
        1: "blue person on the right",
        2: "blue thing in the middle",
    }


def test_without_crops_there_is_no_colour(asked):
    assert captions_of(dataset("seed"), asked)[0] == "car on the top left"


def test_the_most_similar_caption_wins_and_confidence_decides_between_equals(asked):
    logits = PseudoQuery(similarity=WordOverlap(asked.texts)).logits(dataset("crop"), asked)

    assert [int(row.argmax()) for row in logits[:4]] == [0, 1, 2, 0]
    assert logits[4].shape == (0,)


def test_the_edges_of_the_photo_belong_to_it():
    boxes = as_boxes([(0, 0, 0, 0), (90, 90, 90, 90)])

    assert places(boxes, (90, 90)) == ["on the top left", "on the bottom right"]
