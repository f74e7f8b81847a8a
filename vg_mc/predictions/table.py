"""The value `Predictions`: expressions, answers and provenance of one model on one split."""

from dataclasses import dataclass, field, replace

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from vg_mc.boxes.arithmetic import Boxes
from vg_mc.errors import BadInputError
from vg_mc.predictions.answers import Answers, Choices
from vg_mc.predictions.columns import BOX, SIZE, Ids, stored, taken_rows
from vg_mc.predictions.provenance import Provenance


@dataclass(frozen=True, slots=True, eq=False)
class Examples:
    """The B expressions of a split as columns.

    Attributes:
        targets: Annotated boxes as xyxy, in pixels of the image as stored.
        categories: Category of the target, empty if unknown.
        distractors: Number of other annotations of the target's category in the image, -1 if
            unknown.
        image_sizes: Width and height in pixels.
    """

    expression_ids: Ids = field(metadata=stored("expression_id", pa.int64(), "expressions"))  # (B,)
    texts: list[str] = field(metadata=stored("text", pa.string(), "texts"))
    image_ids: Ids = field(metadata=stored("image_id", pa.int64(), "images"))  # (B,)
    targets: Boxes = field(metadata=stored("target", BOX, "targets"))  # (B, 4)
    categories: list[str] = field(metadata=stored("category", pa.string()))
    distractors: Ids = field(metadata=stored("distractors", pa.int64()))  # (B,)
    image_sizes: NDArray[np.int64] = field(metadata=stored("image_size", SIZE))  # (B, 2)

    def __len__(self) -> int:
        return len(self.expression_ids)


@dataclass(frozen=True, slots=True, eq=False)
class Predictions:
    """Predictions of one model for one split."""

    examples: Examples
    answers: Answers
    provenance: Provenance

    def __len__(self) -> int:
        return len(self.examples)

    @property
    def name(self) -> str:
        """Name of the model in tables."""
        return self.provenance.name

    @property
    def split(self) -> str:
        """The split that was answered."""
        return self.provenance.split

    def renamed(self, name: str) -> "Predictions":
        """Return the same predictions under another name."""
        return replace(self, provenance=replace(self.provenance, name=name))

    def taken(self, rows: Ids) -> "Predictions":
        """Return the predictions of the expressions `rows` (N,), in the given order."""
        return replace(
            self,
            examples=taken_rows(self.examples, rows),
            answers=taken_rows(self.answers, rows),
        )

    @property
    def choices(self) -> Choices:
        """The answers as choices among candidates.

        Raises:
            BadInputError: If the answers are of another kind.
        """
        if not isinstance(self.answers, Choices):
            problem = "expected logits of candidates, found predicted boxes"
            raise BadInputError(problem, record=f"{self.name} on {self.split}")
        return self.answers
