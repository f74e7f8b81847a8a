"""Jittered boxes err within bounds, and depend on their key alone."""

import numpy as np
import pytest

from vg_mc.proposers.selection import jittered
from vg_mc.records import Photo, Proposal

PHOTO = Photo(7, "a.jpg", 400, 300)


def regions(*boxes):
    return [Proposal(box, 1.0, "dog", "annotations", 10 + k) for k, box in enumerate(boxes)]


MANY = regions(*[(100.0 + k, 100.0, 140.0 + k, 120.0) for k in range(200)])  # 40 x 20


def boxes_of(proposals):
    return np.array([proposal.box for proposal in proposals])


def test_every_edge_moves_by_up_to_its_share_of_the_side():
    moves = boxes_of(jittered(MANY, PHOTO, 0.25, seed=0)) - boxes_of(MANY)

    most = np.abs(moves).max(axis=0)
    assert np.all(most <= [10, 5, 10, 5])
    assert np.all(most > [9.5, 4.75, 9.5, 4.75])
    assert np.all(np.abs(moves.mean(axis=0)) < [1, 0.5, 1, 0.5])
    assert np.abs(np.corrcoef(moves.T)[np.triu_indices(4, 1)]).max() < 0.25


def test_a_box_keeps_what_else_is_known_of_it():
    (moved,) = jittered(MANY[:1], PHOTO, 0.25, seed=0)

    assert moved.box != MANY[0].box
    assert (moved.score, moved.category, moved.source) == (1.0, "dog", "annotations")
    assert moved.annotation_id == 10


def test_boxes_behind_a_box_do_not_matter_but_its_photo_and_the_seed_do():
    (alone,) = jittered(MANY[:1], PHOTO, 0.25, seed=0)

    assert jittered(MANY, PHOTO, 0.25, seed=0)[0] == alone
    assert jittered(MANY[:1], Photo(8, "a.jpg", 400, 300), 0.25, seed=0)[0] != alone
    assert jittered(MANY[:1], PHOTO, 0.25, seed=1)[0] != alone


@pytest.mark.parametrize("image_id", [-1, 0, 2**63 - 1])
def test_boxes_stay_in_their_photo_and_keep_an_area(image_id):
    photo = Photo(image_id, "a.jpg", 400, 300)
    at_the_edges = regions((0, 0, 400, 300), (0, 0, 1, 1), (399, 299, 400, 300)) * 50

    boxes = boxes_of(jittered(at_the_edges, photo, 0.499, seed=0))

    assert np.all(boxes >= 0)
    assert np.all(boxes <= [400, 300, 400, 300])
    assert np.all(boxes[:, 2:] > boxes[:, :2])


def test_without_jitter_or_boxes_nothing_changes():
    assert jittered(MANY, PHOTO, 0.0, seed=0) == MANY
    assert jittered([], PHOTO, 0.3, seed=0) == []
