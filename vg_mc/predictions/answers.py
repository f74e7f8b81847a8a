"""Kinds of answers: a choice among candidates, or a predicted box.

Only this module and `outcomes` know the kinds. A further kind is a dataclass of columns here, an
entry in `KINDS` and its outcomes.
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

    An expression for which nothing was proposed has no candidates. All columns of an expression
    are in the proposer's order. Among equal logits the first candidate is the answer.

    Attributes:
        candidate_ids: Row numbers in the dataset's table of candidates.
        boxes: Pixels of the image as stored.
        scores: Confidence of the detector, 1 for an annotation.
        categories: Category according to the proposer, empty where it has none.
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
    """One box per expression, of a model that needs no candidates.

    Attributes:
        boxes: Pixels of the image as stored, xyxy; a row of NaN where nothing was predicted.
        confidences: Probabilities that the boxes are right, NaN where nothing was predicted; None
            for a model without confidences.
    """

    boxes: Boxes = field(metadata=stored("predicted_box", BOX, nan_is_missing=True))  # (B, 4)
    confidences: Floats | None = field(
        default=None, metadata=stored("confidence", pa.float64(), nan_is_missing=True)
    )  # (B,)


Answers = Choices | PredictedBoxes

KINDS: dict[str, type[Answers]] = {"choices": Choices, "boxes": PredictedBoxes}


def kind_of(answers: Answers) -> str:
    """Return the name of a kind, as the file has it."""
    return next(name for name, kind in KINDS.items() if isinstance(answers, kind))
