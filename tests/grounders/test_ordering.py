"""Reasons decide one after the other, and equals stay equal."""

import numpy as np

from vg_mc.grounders.protocol import logits_in_order


def test_a_later_reason_decides_between_equals_only():
    logits = logits_in_order(np.array([1.0, 2, 2, 1]), np.array([9.0, 0, 3, 9]))

    assert logits.tolist() == [-2, -1, 0, -2]
    assert logits.dtype == np.float32


def test_no_candidates_get_no_logits():
    assert logits_in_order(np.empty(0), np.empty(0)).shape == (0,)
