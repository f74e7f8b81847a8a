"""Conversion of the answers of another system to predicted boxes in pixels of stored images."""

import hashlib
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import nan
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vg_mc.boxes.arithmetic import Boxes
from vg_mc.boxes.conventions import BoxConvention, is_possible, plausible_conventions
from vg_mc.errors import BadInputError
from vg_mc.predictions.answers import PredictedBoxes
from vg_mc.predictions.columns import Ids
from vg_mc.predictions.external.joining import Expected, join
from vg_mc.predictions.external.reading import ExternalAnswer
from vg_mc.predictions.table import Examples
from vg_mc.text.replies import RepliedBox, Several

Values = NDArray[np.float64]

NAMED = 5  # maximum number of missing expressions in a message

_RESIZED = re.compile(r"(\d+)x(\d+)|multiple:(\d+)")


@dataclass(frozen=True, slots=True)
class Resized:
    """Size of the resized image that predicted pixel coordinates refer to.

    Attributes:
        size: Width and height in pixels, equal for all images.
        multiple: Sides are rounded to a multiple of this number, such as 28 for Qwen2.5-VL.
    """

    size: tuple[int, int] | None = None
    multiple: int | None = None

    @classmethod
    def read(cls, text: str) -> "Resized":
        """Read ``640x480`` or ``multiple:28``.

        Raises:
            BadInputError: If the text has another format.
        """
        found = _RESIZED.fullmatch(text)
        if found is None:
            problem = f"expected WIDTHxHEIGHT or multiple:NUMBER, found {text!r}"
            raise BadInputError(problem, record="--resized")
        if found[3]:
            return cls(multiple=int(found[3]))
        return cls(size=(int(found[1]), int(found[2])))

    def sides(self, width: int, height: int) -> tuple[int, int]:
        """Return width and height of the resized image in pixels."""
        if self.size is not None:
            return self.size
        step = self.multiple or 1
        return max(step, round(width / step) * step), max(step, round(height / step) * step)


@dataclass(frozen=True, slots=True)
class ScoredAnswers:
    """Predicted boxes of expressions, and counts of answers by kind.

    Attributes:
        boxes: One row per expression; NaN without a box.
        kinds: Number of answers of each kind, including missing ones.
        missing: Ids of expressions without an answer.
    """

    boxes: PredictedBoxes
    kinds: Mapping[str, int]
    missing: Sequence[int]


def scored_answers(
    answers: Sequence[ExternalAnswer],
    examples: Examples,
    image_names: Mapping[int, str],
    *,
    several: Several,
    resized: Resized,
    file: Path,
) -> ScoredAnswers:
    """Match answers with expressions, and convert their boxes to pixels of the stored image.

    Args:
        answers: The answers as read from the file.
        examples: The expressions of a split.
        image_names: File name of each image, by image id.
        several: Which box counts in an answer with several boxes.
        resized: Size of the image that boxes in pixels refer to.
        file: File of the answers, for error messages.

    Raises:
        BadInputError: If an answer matches no expression, or the boxes are not plausible in the
            declared convention. Conventions are never inferred from targets.
    """
    joined = join(answers, _expected(examples, image_names))
    kinds: Counter[str] = Counter()
    chosen: dict[int, tuple[RepliedBox, float | None]] = {}
    for expression_id, answer in joined.items():
        kind, box = answer.choice(several)
        kinds[kind] += 1
        if box is not None:
            chosen[expression_id] = (box, answer.score)
    missing = [id_ for id_ in examples.expression_ids.tolist() if id_ not in joined]
    kinds["missing"] = len(missing)
    boxes, scores = _pixels(chosen, examples, resized, file)
    return ScoredAnswers(PredictedBoxes(boxes, scores), kinds, missing)


def answered_rows(examples: Examples, scored: ScoredAnswers) -> Ids:
    """Return the rows (N,) of expressions with an answer of any kind."""
    known = ~np.isin(examples.expression_ids, np.array(scored.missing, np.int64))
    return np.flatnonzero(known).astype(np.int64)


def kinds_in_words(scored: ScoredAnswers) -> str:
    """Describe the number of answers of each kind, with ids of a few missing expressions."""
    counts = [f"{count:,} {kind}" for kind, count in scored.kinds.items() if count]
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


def _expected(examples: Examples, image_names: Mapping[int, str]) -> list[Expected]:
    columns = zip(
        examples.expression_ids.tolist(),
        examples.image_ids.tolist(),
        examples.texts,
        examples.targets.tolist(),
        examples.image_sizes.tolist(),
        strict=True,
    )
    return [
        Expected(id_, image_names[image_id], text, tuple(target), width, height)
        for id_, image_id, text, target, (width, height) in columns
    ]


def _pixels(
    chosen: Mapping[int, tuple[RepliedBox, float | None]],
    examples: Examples,
    resized: Resized,
    file: Path,
) -> tuple[Boxes, Values | None]:
    """Return the converted boxes (B, 4) and scores (B,); scores are None if any is missing."""
    boxes = np.full((len(examples), 4), nan)
    scores = np.full(len(examples), nan)
    rows = [row for row, id_ in enumerate(examples.expression_ids.tolist()) if id_ in chosen]
    found = [chosen[int(examples.expression_ids[row])] for row in rows]
    sizes = examples.image_sizes[rows].astype(np.float64).reshape(-1, 2)
    seen = np.array([resized.sides(*size) for size in sizes.astype(int).tolist()], np.float64)
    seen = seen.reshape(-1, 2)
    conventions = [_convention(box, file) for box, _ in found]
    for convention in dict.fromkeys(conventions):
        here = np.array([each == convention for each in conventions])
        numbers = np.array([box.numbers for box, _ in found])[here]
        _require_possible(numbers, convention, seen[here], examples.image_ids[rows][here], file)
        corners = convention.to_xyxy(numbers, seen[here])
        if convention.unit == "pixels":
            corners = corners * np.tile(sizes[here] / seen[here], 2)
        boxes[np.array(rows)[here]] = corners
    given = [score for _, score in found]
    if not given or any(score is None for score in given):
        return boxes, None
    scores[rows] = np.array(given, np.float64)
    return boxes, scores


def _convention(box: RepliedBox, file: Path) -> BoxConvention:
    if box.unit is None:
        problem = f"unknown unit of boxes such as {list(box.numbers)}; declare it with --boxes"
        raise BadInputError(problem, file=file)
    return BoxConvention(box.order, box.unit)


def _require_possible(
    numbers: Boxes,
    convention: BoxConvention,
    sizes: Boxes,
    image_ids: Ids,
    file: Path,
) -> None:
    if is_possible(numbers, convention, sizes):
        return
    others = plausible_conventions(numbers, sizes, image_ids.tolist())
    fitting = ", ".join(map(str, others)) if others else "no known convention"
    raise BadInputError(
        f"more than 5 % of {len(numbers):,} boxes exceed their images if read as {convention}; "
        f"plausible: {fitting}. Declare --boxes and --box-format",
        file=file,
    )
