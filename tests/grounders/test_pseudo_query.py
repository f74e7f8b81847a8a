"""Captions say colour, category and place, and the one most like the expression wins."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from vg_mc.boxes.arithmetic import as_boxes
from vg_mc.grounders import pseudo_query
from vg_mc.grounders.pseudo_query import PseudoQuery, captions_of, colour_and_category, places
from vg_mc.text.overlap import WordOverlap

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
    assert captions_of(dataset("clip-refcoco", "crop"), asked, colour_and_category) == {
        0: "red car on the top left",
        1: "blue person on the right",
        2: "blue thing in the middle",
    }


def test_without_crops_there_is_no_colour(asked):
    assert (
        captions_of(dataset("clip-refcoco"), asked, colour_and_category)[0] == "car on the top left"
    )


def test_colours_do_not_depend_on_how_many_pictures_are_decoded_at_a_time(monkeypatch):
    monkeypatch.setattr(pseudo_query, "PART", 2)

    assert colour_and_category(dataset("crop"), np.array([2, 0, 1])) == [
        "blue thing",
        "red car",
        "blue person",
    ]


def test_whoever_describes_a_candidate_its_box_says_where_it_is(asked):
    calls = []

    def describe(_, ids):
        calls.append(ids.tolist())
        return ["a car.", "", "a man on a horse"]

    assert captions_of(dataset("clip-refcoco"), asked, describe) == {
        0: "a car on the top left",
        1: "on the right",
        2: "a man on a horse in the middle",
    }
    assert calls == [[0, 1, 2]]


def test_a_place_is_told_of_the_photo_that_the_candidate_is_in(asked):
    photos = {1: SimpleNamespace(width=100, height=100), 2: SimpleNamespace(width=20, height=30)}
    shown = dataset("clip-refcoco")
    shown.photos = lambda: photos
    questions = replace(
        asked,
        image_ids=np.array([2, 1, 1, 1, 1]),
        candidate_ids=[np.array([0]), np.array([2, 1]), *[np.empty(0, np.int64)] * 3],
    )

    captions = captions_of(shown, questions, lambda _, ids: ["it"] * len(ids))

    assert captions == {0: "it on the right", 1: "it on the right", 2: "it in the middle"}


def test_nothing_asked_is_nothing_captioned(asked):
    nothing = replace(asked, candidate_ids=[np.empty(0, np.int64)] * 5)

    assert captions_of(dataset("crop"), nothing, colour_and_category) == {}


def test_the_most_similar_caption_wins_and_confidence_decides_between_equals(asked):
    logits = PseudoQuery(similarity=WordOverlap(asked.texts)).logits(dataset("crop"), asked)

    assert [int(row.argmax()) for row in logits[:4]] == [0, 1, 2, 0]
    assert logits[4].shape == (0,)


def test_the_edges_of_the_photo_belong_to_it():
    boxes = as_boxes([(0, 0, 0, 0), (90, 90, 90, 90)])

    assert places(boxes, np.array([[90, 90]] * 2)) == ["on the top left", "on the bottom right"]
