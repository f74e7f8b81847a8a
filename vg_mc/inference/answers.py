"""The answer to an expression: candidates with logits and probabilities, and the chosen box."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vg_mc.boxes.arithmetic import Boxes, as_boxes
from vg_mc.metrics import predicted_index
from vg_mc.records import XYXY, Proposal


@dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """The answer of a grounder to one expression about one image.

    Attributes:
        expression: The cleaned text.
        proposals: The C candidates, clipped to the image, in the order of the proposer.
        logits: The logit of each candidate, shape (C,).
        probabilities: Softmax of the logits at the temperature of the grounder, shape (C,); NaN for
            a predicted box without confidence.
    """

    expression: str
    proposals: tuple[Proposal, ...]
    logits: NDArray[np.float32]
    probabilities: NDArray[np.float64]

    @property
    def index(self) -> int:
        """Position of the chosen candidate, -1 if there are no candidates."""
        return predicted_index(self.logits)

    @property
    def box(self) -> XYXY | None:
        """The chosen box (left, top, right, bottom), or None if there are no candidates.

        Coordinates are in pixels of the image in the frame of the grounder, by default as shown.
        """
        return self.proposals[self.index].box if self.proposals else None

    @property
    def score(self) -> float:
        """Probability of the chosen candidate, 0 if there are no candidates."""
        return float(self.probabilities[self.index]) if self.proposals else 0.0

    @property
    def boxes(self) -> Boxes:
        """Boxes of all candidates in pixels of the image, shape (C, 4)."""
        return as_boxes([proposal.box for proposal in self.proposals])

    @property
    def ranking(self) -> list[int]:
        """Positions of the candidates by descending logit, ties in order."""
        ranked: list[int] = np.argsort(-self.logits, kind="stable").tolist()
        return ranked
