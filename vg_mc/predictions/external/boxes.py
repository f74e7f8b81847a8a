"""Predicted boxes of the answers of another system, and what became of each answer."""

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from vg_mc.boxes.arithmetic import Boxes
from vg_mc.errors import BadInputError
from vg_mc.predictions.answers import Floats, PredictedBoxes
from vg_mc.predictions.columns import Ids, empty_boxes
from vg_mc.predictions.external.conversion import Resized, converted
from vg_mc.predictions.external.joining import Expected, join
from vg_mc.predictions.external.layouts import Origin
from vg_mc.predictions.external.reading import AnswerFile, ExternalAnswer, Kind
from vg_mc.predictions.table import Examples
from vg_mc.text.replies import RepliedBox, Several

NAMED = 5  # maximum number of missing expressions in a message
NO_AREA = "box without area"
MISSING = "missing"


@dataclass(frozen=True, slots=True)
class ScoredAnswers:
    """Predicted boxes of expressions, and counts of answers by kind.

    Attributes:
        boxes: One row per expression; NaN without a box.
        kinds: Number of answers of each kind, including missing ones.
        missing: Ids of expressions without an answer.
        remarks: Observations about all boxes.
    """

    boxes: PredictedBoxes
    kinds: Mapping[Kind, int]
    missing: Sequence[int]
    remarks: Sequence[str]


@dataclass(frozen=True, slots=True)
class _Counted:
    """Boxes that count, best first for each expression.

    Attributes:
        rows: Row of the expression of each box.
        kinds: Kind of the answer by row.
    """

    boxes: Sequence[RepliedBox]
    rows: Ids
    kinds: Mapping[int, Kind]


def scored_answers(
    file: AnswerFile,
    examples: Examples,
    image_names: Mapping[int, str],
    *,
    several: Several,
    resized: Resized,
) -> ScoredAnswers:
    """Match answers with expressions, and convert their boxes to pixels of the stored image.

    Args:
        file: The answers.
        examples: The expressions of a split.
        image_names: File name of each image, by image id.
        several: Which box counts in an answer with several boxes without scores.
        resized: Size of the image that boxes in pixels refer to.

    Raises:
        BadInputError: If an answer matches no expression, the unit of boxes is unknown, or the
            boxes are not possible in the declared convention. Conventions are never inferred from
            targets.
    """
    try:
        joined = join(file.answers, _expected(examples, image_names, file.origin))
    except BadInputError as fault:
        raise BadInputError(fault.problem, file=file.path, record=fault.record) from fault
    counted = _counted(joined, examples, several)
    conversion = converted(
        counted.boxes,
        examples.image_sizes[counted.rows].astype(np.float64).reshape(-1, 2),
        examples.image_ids[counted.rows],
        resized=resized,
        origin=file.origin,
        file=file.path,
    )
    boxes, remark = _predicted(counted, conversion.corners, len(examples))
    without_area = set(counted.rows.tolist()) - set(np.flatnonzero(~np.isnan(boxes.boxes[:, 0])))
    kinds = Counter(NO_AREA if row in without_area else kind for row, kind in counted.kinds.items())
    missing = [id_ for id_ in examples.expression_ids.tolist() if id_ not in joined]
    kinds[MISSING] = len(missing)
    return ScoredAnswers(boxes, +kinds, missing, [*conversion.remarks, *remark])


def answered_rows(examples: Examples, scored: ScoredAnswers) -> Ids:
    """Return the rows (N,) of expressions with an answer of any kind."""
    known = ~np.isin(examples.expression_ids, np.array(scored.missing, np.int64))
    return np.flatnonzero(known).astype(np.int64)


def kinds_in_words(scored: ScoredAnswers) -> str:
    """Describe the number of answers of each kind, with ids of a few missing expressions."""
    counts = [f"{count:,} {kind}" for kind, count in scored.kinds.items()]
    named = ", ".join(map(str, scored.missing[:NAMED]))
    more = ", …" if len(scored.missing) > NAMED else ""
    return ", ".join(counts) + (f" (expressions {named}{more})" if scored.missing else "")


def hash_of(examples: Examples) -> str:
    """Return a hash of expressions and targets, for use without a prepared dataset."""
    digest = hashlib.sha256()
    for array in (examples.expression_ids, examples.image_ids, examples.targets):
        digest.update(np.ascontiguousarray(array).tobytes())
    digest.update("\n".join(examples.texts).encode())
    return digest.hexdigest()


def _expected(examples: Examples, image_names: Mapping[int, str], origin: Origin) -> list[Expected]:
    targets = examples.targets.copy()
    if origin == "bottom-left":
        targets[:, [1, 3]] = examples.image_sizes[:, 1:] - targets[:, [3, 1]]
    columns = zip(
        examples.expression_ids.tolist(),
        examples.image_ids.tolist(),
        examples.texts,
        targets.tolist(),
        examples.image_sizes.tolist(),
        strict=True,
    )
    return [
        Expected(id_, image_id, image_names[image_id], text, tuple(target), width, height)
        for id_, image_id, text, target, (width, height) in columns
    ]


def _counted(
    joined: Mapping[int, ExternalAnswer], examples: Examples, several: Several
) -> _Counted:
    row_of = {id_: row for row, id_ in enumerate(examples.expression_ids.tolist())}
    boxes: list[RepliedBox] = []
    rows: list[int] = []
    kinds: dict[int, Kind] = {}
    for expression_id, answer in joined.items():
        row = row_of[expression_id]
        kinds[row], ranked = answer.ranked(several)
        boxes += ranked
        rows += [row] * len(ranked)
    return _Counted(boxes, np.array(rows, np.int64), kinds)


def _predicted(
    counted: _Counted, corners: Boxes, count: int
) -> tuple[PredictedBoxes, Sequence[str]]:
    """Return the boxes with an area, and a remark if their scores are no confidences."""
    usable = np.flatnonzero((corners[:, 2:] > corners[:, :2]).all(axis=1))
    rows = counted.rows[usable]
    answers, first = np.unique(rows, return_index=True)
    boxes = empty_boxes(count)
    boxes[answers] = corners[usable][first]
    ranked = None
    if len(rows) > len(answers):
        order = np.argsort(rows, kind="stable")
        ends = np.cumsum(np.bincount(rows, minlength=count))[:-1]
        ranked = np.split(corners[usable][order], ends)
    scores = [counted.boxes[usable[place]].score for place in first.tolist()]
    confidences, remark = _confidences(scores, answers, count)
    return PredictedBoxes(boxes, confidences, ranked), remark


def _confidences(
    scores: Sequence[float | None], rows: Ids, count: int
) -> tuple[Floats | None, Sequence[str]]:
    known = [score for score in scores if score is not None]
    if not known or len(known) < len(scores):
        return None, []
    if min(known) < 0 or max(known) > 1:
        problem = "some scores are not between 0 and 1, so they rank boxes but are no confidences"
        return None, [problem]
    confidences = np.full(count, np.nan)
    confidences[rows] = known
    return confidences, []
