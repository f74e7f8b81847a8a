"""Checks of predictions before they are written and after they are read."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vg_mc.errors import BadInputError
from vg_mc.predictions.answers import PredictedBoxes
from vg_mc.predictions.columns import Column, Values, declared, lengths
from vg_mc.predictions.table import Predictions

Flags = NDArray[np.bool_]
Problem = tuple[int, str]  # first row with the problem, and its description


def check(predictions: Predictions, file: Path) -> None:
    """Check that predictions can be scored.

    Raises:
        BadInputError: If columns have different lengths, an expression occurs twice, a number is
            not finite, or a confidence is not a probability. The record is the first bad
            expression.
    """
    tables = (predictions.examples, predictions.answers)
    columns = [
        (column, getattr(table, name))
        for table in tables
        for name, column in declared(table).items()
    ]
    for column, values in columns:
        if len(values) != len(predictions):
            problem = f"expected {len(predictions)} values, found {len(values)}"
            raise BadInputError(problem, file=file, record=f"column {column.name}")
    found = min(_problems(predictions, columns), default=None)
    if found is not None:
        row, problem = found
        record = f"expression {predictions.examples.expression_ids[row]}"
        raise BadInputError(problem, file=file, record=record)


def _problems(predictions: Predictions, columns: list[tuple[Column, Values]]) -> Iterator[Problem]:
    ids = predictions.examples.expression_ids
    first = np.unique(ids, return_index=True)[1]
    yield from _first(~np.isin(np.arange(len(ids)), first), "duplicate expression id")
    sizes = predictions.examples.image_sizes
    yield from _first((sizes <= 0).any(axis=1), "image without width or height")
    ragged = [(column.name, values) for column, values in columns if column.is_ragged]
    for name, values in ragged:
        expected, others = ragged[0]
        differ = lengths(values) != lengths(others)
        yield from _first(differ, f"{name} and {expected} have different lengths")
    for column, values in columns:
        yield from _first(_not_finite(column, values), f"{column.name} must be finite")
    if isinstance(predictions.answers, PredictedBoxes):
        yield from _box_problems(predictions.answers)


def _box_problems(answers: PredictedBoxes) -> Iterator[Problem]:
    absent = np.isnan(answers.boxes)
    yield from _first(absent.any(axis=1) & ~absent.all(axis=1), "box with missing coordinates")
    if answers.ranked is not None:
        first = [row[0] if len(row) else np.full(4, np.nan) for row in answers.ranked]
        equal = np.array([*map(_same, first, answers.boxes)], bool)
        yield from _first(~equal, "the first ranked box must be the predicted box")
    if answers.confidences is not None:
        of_nothing = np.isnan(answers.confidences)
        differ = of_nothing != absent.all(axis=1)
        yield from _first(differ, "a box and its confidence must be missing together")
        sound = of_nothing | ((answers.confidences >= 0) & (answers.confidences <= 1))
        yield from _first(~sound, "confidence must be between 0 and 1")


def _same(one: Values, other: Values) -> bool:
    return bool(np.array_equal(one, other, equal_nan=True))


def _not_finite(column: Column, values: Values) -> Flags:
    """Return a mask (B,) of rows with an infinite number, or with NaN where it is an error."""
    rows = np.zeros(len(values), bool)
    if isinstance(values, np.ndarray):
        flat, row_of = values, np.arange(len(values))
    elif len(values) and isinstance(values[0], np.ndarray):
        flat, row_of = np.concatenate(values), np.repeat(np.arange(len(values)), lengths(values))
    else:
        return rows
    wrong = np.isinf(flat) if column.nan_is_missing else ~np.isfinite(flat)
    rows[row_of[wrong.any(axis=tuple(range(1, wrong.ndim)))]] = True
    return rows


def _first(wrong: Flags | np.bool_, problem: str) -> Iterator[Problem]:
    if wrong.any():
        yield int(wrong.argmax()), problem
