"""What several proposers found becomes one list, by the order in which they are named."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vg_mc.boxes.arithmetic import as_boxes, iou_matrix
from vg_mc.proposers.choice import ProposerChoice, united
from vg_mc.proposers.selection import LOWER_CONFIDENCE, choose, select, without_repeats
from vg_mc.records import Photo, Proposal

PHOTO = Photo(7, "", 100, 80)
ANNOTATIONS = ProposerChoice("annotations")
YOLO = ProposerChoice("yolo", Path("w.pt"), nms=0.5)
STORED = ProposerChoice("stored", Path("boxes.json"), nms=0.5)

LEFT, NEAR_LEFT, RIGHT = (0, 0, 10, 10), (0, 0, 10, 9), (50, 0, 60, 10)  # IoU 0.9, 0, 0


def annotated(*boxes):
    return [Proposal(box, 1.0, "dog", "annotations", k) for k, box in enumerate(boxes)]


def found(source, *boxes, score=0.5):
    return [Proposal(box, score, "dog", source) for box in boxes]


def union_of(*members, **changes):
    return united(tuple(replace(member, **changes) for member in members))


def told(proposals):
    return [(proposal.source, proposal.box) for proposal in proposals]


def test_of_two_detectors_that_agree_the_first_named_keeps_its_box_whatever_its_score():
    yolo, stored = found("yolo", LEFT, score=0.3), found("stored", NEAR_LEFT, RIGHT, score=0.9)

    first = choose([yolo, stored], PHOTO, union_of(YOLO, STORED))
    second = choose([stored, yolo], PHOTO, union_of(STORED, YOLO))

    assert told(first) == [("yolo", LEFT), ("stored", RIGHT)]
    assert told(second) == [("stored", NEAR_LEFT), ("stored", RIGHT)]


def test_annotated_boxes_always_stay_wherever_they_are_named_and_however_they_overlap():
    boxes, detected = annotated(LEFT, NEAR_LEFT), found("yolo", NEAR_LEFT, RIGHT)

    first = choose([boxes, detected], PHOTO, union_of(ANNOTATIONS, YOLO))
    last = choose([detected, boxes], PHOTO, union_of(YOLO, ANNOTATIONS))

    assert told(first) == [("annotations", LEFT), ("annotations", NEAR_LEFT), ("yolo", RIGHT)]
    assert told(last) == [("yolo", RIGHT), ("annotations", LEFT), ("annotations", NEAR_LEFT)]


def test_without_suppression_all_boxes_stay():
    choice = union_of(YOLO, STORED, nms=1.0)

    assert len(choose([found("yolo", LEFT), found("stored", LEFT)], PHOTO, choice)) == 2


def test_each_detector_gives_its_best_and_confident_ones():
    yolo = [*found("yolo", LEFT, score=0.3), *found("yolo", RIGHT, score=0.6)]
    stored = [*found("stored", (20, 20, 30, 30), score=0.9), *found("stored", RIGHT, score=0.2)]

    kept = choose([yolo, stored], PHOTO, union_of(YOLO, STORED, max_proposals=1))

    assert told(kept) == [("yolo", RIGHT), ("stored", (20, 20, 30, 30))]


@pytest.mark.parametrize("when_empty", ["whole-image", "lower-confidence"])
def test_nothing_stands_in_where_any_member_has_a_box(when_empty):
    weak = found("yolo", LEFT, score=0.1)

    with_stored = union_of(YOLO, STORED, when_empty=when_empty)
    with_annotated = union_of(ANNOTATIONS, YOLO, when_empty=when_empty)

    assert told(choose([weak, found("stored", RIGHT)], PHOTO, with_stored)) == [("stored", RIGHT)]
    kept = choose([annotated(RIGHT), weak], PHOTO, with_annotated)
    assert told(kept) == [("annotations", RIGHT)]


def test_where_all_members_are_empty_the_union_gets_one_thing_in_place_of_detections():
    weak = [found("yolo", LEFT, score=0.1), found("stored", RIGHT, score=0.2)]

    whole = choose(weak, PHOTO, union_of(YOLO, STORED, when_empty="whole-image"))
    lower = choose(weak, PHOTO, union_of(YOLO, STORED, when_empty="lower-confidence"))

    assert told(whole) == [("whole-image", (0, 0, 100, 80))]
    assert told(lower) == [(LOWER_CONFIDENCE, RIGHT)]
    assert choose(weak, PHOTO, union_of(YOLO, STORED)) == []
    assert choose([[]], PHOTO, ANNOTATIONS) == []


edges = st.integers(0, 8).map(float)
boxes = st.tuples(edges, edges, edges, edges).map(
    lambda box: (box[0], box[1], box[0] + box[2] + 1, box[1] + box[3] + 1)
)
lists = st.lists(boxes, max_size=6)


@given(lists, st.sampled_from(["none", "whole-image", "lower-confidence"]))
def test_one_detector_is_chosen_from_as_ever(of_yolo, when_empty):
    choice = replace(YOLO, when_empty=when_empty)
    all_found = [
        one for k, box in enumerate(of_yolo) for one in found("yolo", box, score=0.1 * (k % 5))
    ]

    assert choose([all_found], PHOTO, choice) == select(all_found, PHOTO, choice)


@given(lists, lists, lists)
def test_a_detection_goes_only_if_a_kept_box_before_it_is_near(first, second, third):
    chosen = [found("yolo", *first), annotated(*second), found("stored", *third)]
    kinds = ["yolo", "annotations", "stored"]

    yolo, always, stored = without_repeats(chosen, kinds, 0.5)

    assert always == chosen[1]
    for every, kept, before in ((chosen[0], yolo, always), (chosen[2], stored, always + yolo)):
        overlaps = iou_matrix(
            as_boxes([one.box for one in every]), as_boxes([b.box for b in before])
        )
        near = overlaps.max(axis=1, initial=0) > 0.5
        assert kept == [one for one, repeated in zip(every, near, strict=True) if not repeated]
