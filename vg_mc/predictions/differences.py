"""The first difference of two predictions in their expressions or candidates."""

from collections.abc import Callable

from vg_mc.predictions.answers import Choices
from vg_mc.predictions.columns import first_difference_in, formatted
from vg_mc.predictions.table import Predictions

RowDifference = Callable[[Predictions, Predictions, int], str | None]


def first_difference(one: Predictions, other: Predictions) -> str | None:
    """Describe the first difference in expressions or candidates; None if there is none.

    Candidate images may differ: a ResNet with 384 pixels and a ViT with 224 have datasets with
    different hashes, but choose among the same boxes. Candidate ids are row numbers of a dataset,
    so they are only compared for predictions of the same dataset.
    """
    for predictions in (one, other):
        if not isinstance(predictions.answers, Choices):
            return f"{predictions.name!r} predicts boxes and has no candidates"
    return _first_difference(one, other, _row_difference)


def first_question_difference(one: Predictions, other: Predictions) -> str | None:
    """Describe the first difference in expressions; None if there is none. Answers may differ."""
    return _first_difference(one, other, _question_difference)


def _first_difference(one: Predictions, other: Predictions, look: RowDifference) -> str | None:
    if one.split != other.split:
        return f"{one.name!r} answers split {one.split!r}, {other.name!r} answers {other.split!r}"
    if len(one) != len(other):
        return _missing_expression(one, other)
    for row, expression_id in enumerate(one.examples.expression_ids):
        difference = look(one, other, row)
        if difference is not None:
            where = f"row {row}, expression {expression_id} ({one.examples.texts[row]!r})"
            return f"{where}: {difference} in {one.name!r} and {other.name!r}"
    return None


def _missing_expression(one: Predictions, other: Predictions) -> str:
    counts = f"{len(one)} expressions in {one.name!r}, {len(other)} in {other.name!r}"
    shorter, longer = sorted((one, other), key=len)
    known = set(shorter.examples.expression_ids.tolist())
    extra = next(id_ for id_ in longer.examples.expression_ids.tolist() if id_ not in known)
    return f"{counts}; expression {extra} is missing in {shorter.name!r}"


def _row_difference(one: Predictions, other: Predictions, row: int) -> str | None:
    return _question_difference(one, other, row) or _candidate_difference(one, other, row)


def _question_difference(one: Predictions, other: Predictions, row: int) -> str | None:
    return first_difference_in(one.examples, other.examples, row)


def _candidate_difference(one: Predictions, other: Predictions, row: int) -> str | None:
    here, there = one.choices.boxes[row], other.choices.boxes[row]
    if len(here) != len(there):
        return f"{len(here)} and {len(there)} candidates"
    differs = (here != there).any(axis=1)
    if differs.any():
        place = int(differs.argmax())
        return f"candidate {place} is {formatted(here[place])} and {formatted(there[place])}"
    ids, others = one.choices.candidate_ids[row], other.choices.candidate_ids[row]
    differs = ids != others
    if differs.any() and one.provenance.data_hash == other.provenance.data_hash:
        place = int(differs.argmax())
        return f"candidate {place} has the ids {ids[place]} and {others[place]}"
    return None
