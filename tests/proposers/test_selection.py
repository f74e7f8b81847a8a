"""One rule chooses among detections, whoever found them."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vg_mc.boxes.arithmetic import as_boxes, iou_matrix
from vg_mc.proposers.choice import ProposerChoice
from vg_mc.proposers.selection import select, without_overlaps
from vg_mc.records import Photo, Proposal

PHOTO = Photo(7, "", 100, 80)


def found(*scores, boxes=None):
    boxes = boxes or [(10.0 * place, 0.0, 10.0 * place + 8, 8.0) for place in range(len(scores))]
    return [Proposal(box, score, "dog", "yolo") for box, score in zip(boxes, scores, strict=True)]


def scores_of(proposals):
    return [proposal.score for proposal in proposals]


def choice(**changes):
    return ProposerChoice("yolo", Path("w.pt"), **changes)


def test_confident_detections_are_kept_best_first():
    kept = select(found(0.24, 0.25, 0.9, 0.3), PHOTO, choice(confidence=0.25))

    assert scores_of(kept) == [0.9, 0.3, 0.25]


def test_the_best_are_kept_and_of_equals_the_first():
    given_ones = found(0.5, 0.9, 0.5, 0.5)

    kept = select(given_ones, PHOTO, choice(max_proposals=3))

    assert kept == [given_ones[1], given_ones[0], given_ones[2]]


def test_the_weaker_of_two_overlapping_boxes_goes():
    boxes = [(0, 0, 10, 10), (0, 0, 10, 9), (0, 0, 10, 5), (50, 50, 60, 60)]
    given_ones = found(0.5, 0.9, 0.4, 0.3, boxes=boxes)  # IoU with the best: 0.9, 1, 5/9, 0

    assert scores_of(select(given_ones, PHOTO, choice(nms=0.5))) == [0.9, 0.3]
    assert scores_of(select(given_ones, PHOTO, choice(nms=0.6))) == [0.9, 0.4, 0.3]
    assert scores_of(select(given_ones, PHOTO, choice(nms=0.95))) == [0.9, 0.5, 0.4, 0.3]


def test_equal_boxes_are_kept_where_overlaps_are_allowed():
    twins = found(0.9, 0.8, boxes=[(0, 0, 9, 9)] * 2)

    assert len(select(twins, PHOTO, choice())) == 2
    assert len(select(twins, PHOTO, choice(nms=0.999))) == 1


corner = st.floats(0, 50, width=32)
box = st.tuples(corner, corner, st.floats(1, 40), st.floats(1, 40)).map(
    lambda sides: (sides[0], sides[1], sides[0] + sides[2], sides[1] + sides[3])
)


@given(st.lists(box, max_size=12), st.sampled_from([0.1, 0.3, 0.7]))
def test_overlaps_go_as_by_the_plain_rule(boxes, most):
    ranked = found(*[0.5] * len(boxes), boxes=boxes)

    ious = iou_matrix(as_boxes(boxes), as_boxes(boxes))
    expected: list[int] = []
    for place in range(len(boxes)):
        if all(ious[place, better] <= most for better in expected):
            expected.append(place)
    assert [one.box for one in without_overlaps(ranked, most)] == [boxes[n] for n in expected]


def test_nothing_found_stays_nothing_unless_something_is_asked_for():
    assert select([], PHOTO, choice()) == []
    assert select(found(0.1), PHOTO, choice()) == []


@pytest.mark.parametrize("weak", [[], [0.1]])
def test_the_whole_image_stands_in(weak):
    kept = select(found(*weak), PHOTO, choice(when_empty="whole-image"))

    assert kept == [Proposal((0, 0, 100, 80), 0, None, "whole-image")]


@pytest.mark.parametrize(
    ("weak", "expected"),
    [
        ([0.2, 0.16, 0.14], [0.2, 0.16]),  # lowered to 0.15
        ([0.15, 0.14], [0.15]),
        ([0.05, 0.06, 0.01], [0.06, 0.05]),  # to 0.05
        ([0.001, 0.0], [0.001, 0.0]),  # to nothing
        ([], []),
    ],
)
def test_the_threshold_is_lowered_by_tenths_until_a_box_passes(weak, expected):
    kept = select(found(*weak), PHOTO, choice(confidence=0.25, when_empty="lower-confidence"))

    assert scores_of(kept) == expected
    assert {one.source for one in kept} <= {"lower-confidence"}


def test_where_something_is_found_nothing_stands_in():
    for when_empty in ("whole-image", "lower-confidence"):
        kept = select(found(0.9, 0.2), PHOTO, choice(when_empty=when_empty))

        assert [(one.score, one.source) for one in kept] == [(0.9, "yolo")]


def test_what_stands_in_is_subject_to_the_other_rules():
    boxes = [(0, 0, 10, 10), (0, 0, 10, 9), (50, 50, 60, 60), (70, 70, 80, 80)]
    weak = found(0.2, 0.19, 0.18, 0.17, boxes=boxes)

    kept = select(weak, PHOTO, choice(when_empty="lower-confidence", nms=0.5, max_proposals=2))

    assert scores_of(kept) == [0.2, 0.18]
    assert np.isclose(iou_matrix(as_boxes(boxes[:1]), as_boxes(boxes[1:2])), 0.9)
