"""An answer: which of the candidates of a photo an expression means, and how sure that is."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vg_mc.boxes.arithmetic import Boxes, as_boxes
from vg_mc.metrics import predicted_index
from vg_mc.records import XYXY, Proposal


@dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """What a model says to one expression about one photo.

    Attributes:
        expression: The text as the model read it.
        proposals: The C candidates, cut to the photo, in the proposer's order.
        logits: The model's own logit of each candidate, shape (C,).
        probabilities: Their softmax at the temperature of the grounder, shape (C,).
    """

    expression: str
    proposals: tuple[Proposal, ...]
    logits: NDArray[np.float32]
    probabilities: NDArray[np.float64]

    @property
    def index(self) -> int:
        """Position of the answer among the candidates, -1 where there are none."""
        return predicted_index(self.logits)

    @property
    def box(self) -> XYXY | None:
        """The answer as (left, top, right, bottom) in pixels; None where there are no candidates.

        Boxes are in pixels as they are stored: a rotation noted in EXIF is not applied.
        """
        return self.proposals[self.index].box if self.proposals else None

    @property
    def score(self) -> float:
        """Probability of the answer, 0 where there is none."""
        return float(self.probabilities[self.index]) if self.proposals else 0.0

    @property
    def boxes(self) -> Boxes:
        """All candidates in pixels of the photo, shape (C, 4)."""
        return as_boxes([proposal.box for proposal in self.proposals])

    @property
    def ranking(self) -> list[int]:
        """Positions of the candidates, the best first, equal ones in their order."""
        ranked: list[int] = np.argsort(-self.logits, kind="stable").tolist()
        return ranked
