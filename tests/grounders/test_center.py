"""The candidate nearest to the centre of its image is chosen, whatever its size."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from vg_mc.grounders.center import NearestCenter
from vg_mc.records import Photo

BOXES = np.array([[0, 0, 10, 10], [45, 25, 55, 35], [0, 0, 100, 60], [90, 50, 110, 70]], float)
DATASET = SimpleNamespace(
    boxes=lambda ids: BOXES[ids], photos=lambda: {7: Photo(7, "a.jpg", 100, 60)}
)


@pytest.fixture
def asked(coloured):
    def asked(*candidate_ids):
        rows = len(candidate_ids)
        return replace(
            coloured.expressions("testA"),
            image_ids=np.full(rows, 7),
            candidate_ids=[np.array(ids, np.int64) for ids in candidate_ids],
        )

    return asked


def test_logits_are_minus_the_distance_in_half_diagonals(asked):
    (logits,) = NearestCenter().logits(DATASET, asked([0, 1, 3]))

    corner = np.hypot(45, 25) / np.hypot(50, 30)
    assert np.allclose(logits, [-corner, 0, -1])
    assert logits.dtype == np.float32


def test_of_boxes_around_one_centre_the_first_is_chosen(asked):
    first, second, none = NearestCenter().logits(DATASET, asked([1, 2], [2, 1], []))

    assert (first.argmax(), second.argmax(), none.shape) == (0, 0, (0,))
