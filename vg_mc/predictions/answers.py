"""Kinds of answers: a choice among candidates, or a predicted box.

Only this module and `outcomes` distinguish the kinds. To add a kind, define a dataclass of columns
here, add it to `KINDS`, and register its outcomes.
"""

from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from vg_mc.boxes.arithmetic import Boxes
from vg_mc.predictions.columns import BOX, Ids, list_of, stored

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Choices:
    """Logits of candidates; B expressions with C candidates each.

    An expression without proposals has no candidates. All columns of an expression are in the
    order of the proposer. Among equal logits, the first candidate is the answer.

    Attributes:
        candidate_ids: Row numbers in the dataset's table of candidates.
        boxes: Boxes as xyxy, in pixels of the image as stored.
        logits: Logit of each candidate.
        scores: Confidence of the detector, 1 for an annotation.
        categories: Category according to the proposer, empty if it has none.
    """

    candidate_ids: list[Ids] = field(
        metadata=stored("candidate_ids", list_of(pa.int64()))
    )  # B arrays (C,)
    boxes: list[Boxes] = field(metadata=stored("boxes", list_of(BOX)))  # B arrays (C, 4)
    logits: list[NDArray[np.float32]] = field(
        metadata=stored("logits", list_of(pa.float32()))
    )  # B arrays (C,)
    scores: list[Floats] = field(metadata=stored("scores", list_of(pa.float64())))  # B arrays (C,)
    categories: list[list[str]] = field(
        metadata=stored("candidate_categories", list_of(pa.string()))
    )  # B lists of C


@dataclass(frozen=True, slots=True, eq=False)
class PredictedBoxes:
    """Boxes that a model without candidates predicts, one per expression or several with scores.

    Attributes:
        boxes: Boxes as xyxy, in pixels of the image as stored; a row of NaN for no prediction.
        confidences: Probabilities that the boxes are correct, NaN for no prediction; None for a
            model without confidences.
        ranked: All boxes of an expression by descending score, of which the first is the answer;
            None for a model that predicts one box.
    """

    boxes: Boxes = field(metadata=stored("predicted_box", BOX, nan_is_missing=True))  # (B, 4)
    confidences: Floats | None = field(
        default=None, metadata=stored("confidence", pa.float64(), nan_is_missing=True)
    )  # (B,)
    ranked: list[Boxes] | None = field(
        default=None, metadata=stored("ranked_boxes", list_of(BOX))
    )  # B arrays (K, 4)


Answers = Choices | PredictedBoxes

KINDS: dict[str, type[Answers]] = {"choices": Choices, "boxes": PredictedBoxes}


def kind_of(answers: Answers) -> str:
    """Return the name of a kind of answers in files."""
    return next(name for name, kind in KINDS.items() if isinstance(answers, kind))
