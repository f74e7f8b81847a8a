"""Comparison of two models on the same expressions, with significance tests."""

from dataclasses import dataclass

from vg_mc.errors import BadInputError
from vg_mc.metrics.significance import Difference, McNemar, mcnemar, paired_difference
from vg_mc.predictions import Predictions, first_question_difference, outcomes


@dataclass(frozen=True, slots=True)
class Comparison:
    """Difference in accuracy (IoU > 0.5) of two predictions of one split, `first` minus `second`.

    Attributes:
        first: Name of the first model.
        second: Name of the second model.
        split: The split.
        agreement: Share of expressions that both get right or both get wrong.
        difference: Difference of the accuracies, with a bootstrap over images.
        mcnemar: McNemar's exact test on expressions.
    """

    first: str
    second: str
    split: str
    agreement: float
    difference: Difference
    mcnemar: McNemar


def compare(first: Predictions, second: Predictions) -> Comparison:
    """Compare two predictions of the same expressions; proposals and kinds of answers may differ.

    Raises:
        BadInputError: If they answer different expressions. The message has the first difference.
    """
    problem = first_question_difference(first, second)
    if problem is not None:
        hint = "evaluate both on the same --dataset, with the same --only-answered of vg_mc score"
        raise BadInputError(f"these predictions cannot be compared: {problem}; {hint}")
    one, other = (outcomes(each).right for each in (first, second))
    return Comparison(
        first=first.name,
        second=second.name,
        split=first.split,
        agreement=float((one == other).mean()) if len(first) else float("nan"),
        difference=paired_difference(one, other, first.examples.image_ids),
        mcnemar=mcnemar(one, other),
    )
