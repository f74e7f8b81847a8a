"""Whether two predictions answer the same questions, and where they first do not."""

from collections.abc import Callable

import numpy as np

from vg_mc.boxes.arithmetic import Boxes
from vg_mc.predictions.table import Predictions

RowDifference = Callable[[Predictions, Predictions, int], str | None]


def first_difference(one: Predictions, other: Predictions) -> str | None:
    """Say in words where expressions or candidates first differ, None if nowhere.

    The pictures may differ: a ResNet that sees 384 pixels and a ViT that sees 224 have datasets of
    different hashes, and yet they choose among the same boxes. Only within one dataset, whose rows
    candidate ids are, must the ids agree as well.
    """
    return _first_difference(one, other, _row_difference)


def first_question_difference(one: Predictions, other: Predictions) -> str | None:
    """Say in words where the expressions first differ, whatever their candidates."""
    return _first_difference(one, other, _question_difference)


def _first_difference(one: Predictions, other: Predictions, look: RowDifference) -> str | None:
    if one.split != other.split:
        return f"{one.name!r} answers split {one.split!r}, {other.name!r} answers {other.split!r}"
    if len(one) != len(other):
        return _missing_expression(one, other)
    for row, expression_id in enumerate(one.expression_ids):
        difference = look(one, other, row)
        if difference is not None:
            where = f"row {row}, expression {expression_id} ({one.texts[row]!r})"
            return f"{where}: {difference} in {one.name!r} and {other.name!r}"
    return None


def _missing_expression(one: Predictions, other: Predictions) -> str:
    counts = f"{len(one)} expressions in {one.name!r}, {len(other)} in {other.name!r}"
    shorter, longer = sorted((one, other), key=len)
    known = set(shorter.expression_ids.tolist())
    extra = next(id_ for id_ in longer.expression_ids.tolist() if id_ not in known)
    return f"{counts}; expression {extra} is missing in {shorter.name!r}"


def _row_difference(one: Predictions, other: Predictions, row: int) -> str | None:
    return _question_difference(one, other, row) or _candidate_difference(one, other, row)


def _question_difference(one: Predictions, other: Predictions, row: int) -> str | None:
    here, there = one.expression_ids[row], other.expression_ids[row]
    if here != there:
        return f"expressions {here} and {there}"
    if one.texts[row] != other.texts[row]:
        return f"texts {one.texts[row]!r} and {other.texts[row]!r}"
    if one.image_ids[row] != other.image_ids[row]:
        return f"images {one.image_ids[row]} and {other.image_ids[row]}"
    if not np.array_equal(one.targets[row], other.targets[row]):
        return f"targets {_spelled(one.targets, row)} and {_spelled(other.targets, row)}"
    return None


def _candidate_difference(one: Predictions, other: Predictions, row: int) -> str | None:
    here, there = one.boxes[row], other.boxes[row]
    if len(here) != len(there):
        return f"{len(here)} and {len(there)} candidates"
    differs = (here != there).any(axis=1)
    if differs.any():
        place = int(differs.argmax())
        return f"candidate {place} is {_spelled(here, place)} and {_spelled(there, place)}"
    differs = one.candidate_ids[row] != other.candidate_ids[row]
    if differs.any() and one.data_hash == other.data_hash:
        place = int(differs.argmax())
        ids = [predictions.candidate_ids[row][place] for predictions in (one, other)]
        return f"candidate {place} has the ids {ids[0]} and {ids[1]}"
    return None


def _spelled(boxes: Boxes, row: int) -> str:
    return "(" + ", ".join(f"{side:.6g}" for side in boxes[row]) + ")"
