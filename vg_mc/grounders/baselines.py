"""Baseline grounders that ignore the expression: biggest box, most confident box, random choice.

Expressions often refer to large objects, so the biggest box is more accurate than a random choice.
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

TINY = np.finfo(np.float32).tiny  # keeps the logarithm of 0 finite


class BiggestBox:
    """Chooses the candidate with the largest area.

    The softmax of the logits is proportional to the areas.
    """

    name = "biggest-box"

    def __init__(self) -> None:
        """Create the grounder, which has no options."""
        self.facts: Mapping[str, str] = {"grounder": self.name}

    def logits(self, dataset: "PreparedDataset", expressions: "Expressions") -> list[Logits]:
        """Return the logarithm of each candidate's area in square pixels of the source image."""
        return [_logarithm(areas(dataset.boxes(ids))) for ids in expressions.candidate_ids]


class MostConfident:
    """Chooses the candidate with the highest detector confidence; the first one among annotations.

    Annotated boxes all have a confidence of 1.
    """

    name = "most-confident"

    def __init__(self) -> None:
        """Create the grounder, which has no options."""
        self.facts: Mapping[str, str] = {"grounder": self.name}

    def logits(self, dataset: "PreparedDataset", expressions: "Expressions") -> list[Logits]:
        """Return the logarithm of the detector's confidence in each candidate."""
        return [_logarithm(dataset.scores(ids)) for ids in expressions.candidate_ids]


class RandomChoice:
    """Chooses a random candidate.

    The random generator is seeded with (seed, expression id), so that an answer does not depend on
    the other expressions.
    """

    name = "random"

    def __init__(self, seed: int) -> None:
        """Set the seed, which must not be negative."""
        self.seed = seed
        self.facts: Mapping[str, str] = {"grounder": f"{self.name}, seed {seed}"}

    def logits(self, dataset: "PreparedDataset", expressions: "Expressions") -> list[Logits]:  # noqa: ARG002
        """Return random numbers from [0, 1), drawn independently for each expression."""
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
