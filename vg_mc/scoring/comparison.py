"""Two models on the same expressions: how far apart, and is that luck?"""

from dataclasses import dataclass

from vg_mc.errors import BadInputError
from vg_mc.metrics.significance import Difference, McNemar, mcnemar, paired_difference
from vg_mc.predictions import Predictions, first_question_difference, outcomes


@dataclass(frozen=True, slots=True)
class Comparison:
    """How two predictions of one split differ in accuracy (IoU > 0.5), `first` less `second`.

    Attributes:
        first: Name of one model.
        second: Name of the other.
        agreement: Share of expressions that both get right or both get wrong.
        difference: Of the accuracies, by drawing photos.
        mcnemar: The exact test on single expressions.
    """

    first: str
    second: str
    split: str
    agreement: float
    difference: Difference
    mcnemar: McNemar


def compare(first: Predictions, second: Predictions) -> Comparison:
    """Compare two predictions about the same expressions; proposals or kinds of answers may differ.

    Raises:
        BadInputError: If they answer other expressions; the first difference is named.
    """
    problem = first_question_difference(first, second)
    if problem is not None:
        raise BadInputError(f"these predictions cannot be compared: {problem}")
    one, other = (outcomes(each).right for each in (first, second))
    return Comparison(
        first=first.name,
        second=second.name,
        split=first.split,
        agreement=float((one == other).mean()) if len(first) else float("nan"),
        difference=paired_difference(one, other, first.examples.image_ids),
        mcnemar=mcnemar(one, other),
    )
