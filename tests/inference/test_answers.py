"""Answers: equal candidates keep their order."""

import numpy as np

from vg_mc.inference import Answer
from vg_mc.records import Proposal

BOXES = [(0.0, 0.0, 4.0, 4.0), (1.0, 1.0, 5.0, 5.0), (2.0, 2.0, 6.0, 6.0)]


def answer(*logits: float) -> Answer:
    values = np.array(logits, np.float32)
    proposals = tuple(Proposal(box, 1.0, "", "given") for box in BOXES[: len(logits)])
    return Answer("red", proposals, values, np.full(len(logits), 1 / max(1, len(logits))))


def test_the_first_of_equal_logits_is_the_answer():
    tied = answer(1, 3, 3)

    assert (tied.index, tied.box, tied.ranking) == (1, BOXES[1], [1, 2, 0])
    assert np.array_equal(tied.boxes, BOXES)


def test_no_candidates_make_no_answer():
    nothing = answer()

    assert (nothing.index, nothing.box, nothing.score, nothing.ranking) == (-1, None, 0.0, [])
    assert nothing.boxes.shape == (0, 4)
