"""Predictions made of the answers of another system."""

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

NAMED = 5  # missing expressions that a message names

_RESIZED = re.compile(r"(\d+)x(\d+)|multiple:(\d+)")


@dataclass(frozen=True, slots=True)
class Resized:
    """Size of the image that a model saw, where its pixels are those of a resized image.

    Attributes:
        size: Width and height, the same for every image.
        multiple: Sides are rounded to multiples of it, as Qwen2.5-VL does with 28.
    """

    size: tuple[int, int] | None = None
    multiple: int | None = None

    @classmethod
    def read(cls, text: str) -> "Resized":
        """Read ``640x480`` or ``multiple:28``.

        Raises:
            BadInputError: If it is neither.
        """
        found = _RESIZED.fullmatch(text)
        if found is None:
            problem = f"expected WIDTHxHEIGHT or multiple:NUMBER, not {text!r}"
            raise BadInputError(problem, record="--resized")
        if found[3]:
            return cls(multiple=int(found[3]))
        return cls(size=(int(found[1]), int(found[2])))

    def sides(self, width: int, height: int) -> tuple[int, int]:
        """Return width and height of the image that the model saw."""
        if self.size is not None:
            return self.size
        step = self.multiple or 1
        return max(step, round(width / step) * step), max(step, round(height / step) * step)


@dataclass(frozen=True, slots=True)
class ScoredAnswers:
    """Boxes for expressions, and what became of each answer.

    Attributes:
        boxes: One row per expression; NaN for those without a box.
        kinds: Number of answers of each kind, missing ones included.
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
    """Join answers with expressions, and convert their boxes into pixels of the stored image.

    Args:
        answers: As they were read.
        examples: The expressions of a split.
        image_names: File name of each image, by image id.
        several: Which box of an answer with several counts.
        resized: The image that boxes in pixels refer to.
        file: Where the answers were read, for messages.

    Raises:
        BadInputError: If an answer belongs to no expression, or the boxes cannot be what was
            declared; which they are is never found out by looking at targets.
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
    """Return the rows of expressions that have an answer of any kind."""
    known = ~np.isin(examples.expression_ids, np.array(scored.missing, np.int64))
    return np.flatnonzero(known).astype(np.int64)


def kinds_in_words(scored: ScoredAnswers) -> str:
    """Describe how many answers are of which kind, and name a few missing expressions."""
    counts = [f"{count:,} {kind}" for kind, count in scored.kinds.items() if count]
    named = ", ".join(map(str, scored.missing[:NAMED]))
    more = ", …" if len(scored.missing) > NAMED else ""
    return ", ".join(counts) + (f" (expressions {named}{more})" if scored.missing else "")


def hash_of(examples: Examples) -> str:
    """Return a hash of expressions and targets, in place of that of a prepared dataset."""
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
    """Convert the chosen boxes; return them with their scores, None if some box has none."""
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
        problem = f"the unit of boxes like {list(box.numbers)} is not known: declare it by --boxes"
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
        f"more than 5 % of {len(numbers):,} boxes leave their images if read as {convention}; "
        f"they fit as {fitting}. Declare --boxes and --box-format",
        file=file,
    )
