"""Baselines without a model: the numbers that any grounder should be compared with.

Photos are of something, and people speak of what is large and plain to see. So the biggest box is
right more often than chance is, and the expression is not even read.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from vg_mc.boxes.arithmetic import areas
from vg_mc.grounders.protocol import Logits
from vg_mc.grounders.registration import NoOptions, Registration

if TYPE_CHECKING:
    from vg_mc.prepared.dataset import Expressions, PreparedDataset

TINY = np.finfo(np.float32).tiny  # the logarithm of nothing is no logit


class BiggestBox:
    """Chooses the candidate that covers most of the photo; softmax makes shares of the areas."""

    name = "biggest-box"

    def __init__(self) -> None:
        """There is nothing to set."""
        self.facts: Mapping[str, str] = {"grounder": self.name}

    def logits(self, dataset: "PreparedDataset", expressions: "Expressions") -> list[Logits]:
        """Return the logarithm of each candidate's area in pixels of the photo."""
        return [_logarithm(areas(dataset.boxes(ids))) for ids in expressions.candidate_ids]


class MostConfident:
    """Chooses the candidate of which the detector is surest; of annotations, the first."""

    name = "most-confident"

    def __init__(self) -> None:
        """There is nothing to set."""
        self.facts: Mapping[str, str] = {"grounder": self.name}

    def logits(self, dataset: "PreparedDataset", expressions: "Expressions") -> list[Logits]:
        """Return the logarithm of the detector's confidence of each candidate."""
        return [_logarithm(dataset.scores(ids)) for ids in expressions.candidate_ids]


class RandomChoice:
    """Chooses any candidate; the draw has the key (seed, expression id), whatever else is asked."""

    name = "random"

    def __init__(self, seed: int) -> None:
        """Take the first part of the key; it is not negative."""
        self.seed = seed
        self.facts: Mapping[str, str] = {"grounder": f"{self.name}, seed {seed}"}

    def logits(self, dataset: "PreparedDataset", expressions: "Expressions") -> list[Logits]:  # noqa: ARG002
        """Return numbers from 0 to 1, drawn anew for each expression."""
        keys = expressions.expression_ids.tolist()
        return [
            np.random.default_rng([self.seed, key % 2**64]).random(len(ids), dtype=np.float32)
            for key, ids in zip(keys, expressions.candidate_ids, strict=True)
        ]


def _logarithm(values: NDArray[np.float64]) -> Logits:
    return np.log(np.maximum(values, TINY)).astype(np.float32)


BASELINES = (
    Registration(name="biggest-box", options=NoOptions, build=lambda *_: BiggestBox()),
    Registration(name="most-confident", options=NoOptions, build=lambda *_: MostConfident()),
    Registration(
        name="random", options=NoOptions, build=lambda _, context: RandomChoice(context.seed)
    ),
)
