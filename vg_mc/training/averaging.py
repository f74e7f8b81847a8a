"""Averaged weights: smoother than those of the last step, and often better.

An exponential moving average follows the weights through training; it is what is validated and
kept. Over the first steps it forgets faster, so that a short run does not keep its start.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager

from torch import Tensor, nn


def decay_of(decay: float, step: int) -> float:
    """Return the share of the old average that stays in `step`, counted from 0.

    A function of the step alone, so that a resumed run needs no more than the average.
    """
    return min(decay, (1 + step) / (10 + step))


class WeightAverage:
    """The moving average of all weights that are trained, and of learned statistics.

    Attributes:
        averages: By the name of what they are averages of.
    """

    def __init__(self, model: nn.Module, statistics: Iterable[str], decay: float) -> None:
        """Start from the weights of `model`, on its device.

        Args:
            model: What is averaged; it stays as it is.
            statistics: Names of its buffers that training changes.
            decay: Share of the old average that stays in each step, later on.
        """
        self.decay = decay
        named = model.named_parameters()
        values = {name: value.detach() for name, value in named if value.requires_grad}
        values |= {name: model.get_buffer(name) for name in statistics}
        # Counters of batch norms are no numbers to average.
        self._values = {name: value for name, value in values.items() if value.is_floating_point()}
        self.averages = {name: value.clone() for name, value in self._values.items()}

    def add(self, step: int, is_finite: Tensor) -> None:
        """Move towards the weights after `step`, counted from 0; stay where not `is_finite`."""
        way = (1 - decay_of(self.decay, step)) * is_finite.float()
        for name, average in self.averages.items():
            average.lerp_(self._values[name], way.to(average.dtype))

    @contextmanager
    def in_place(self) -> Iterator[None]:
        """Let the model have the averages until the block ends."""
        own = {name: value.clone() for name, value in self._values.items()}
        self._write(self.averages)
        try:
            yield
        finally:
            self._write(own)

    def state_dict(self) -> dict[str, Tensor]:
        """Return what `load_state_dict` needs."""
        return self.averages

    def load_state_dict(self, state: Mapping[str, Tensor]) -> None:
        """Go on from the averages of a checkpoint."""
        for name, average in self.averages.items():
            average.copy_(state[name])

    def _write(self, values: Mapping[str, Tensor]) -> None:
        for name, value in self._values.items():
            value.copy_(values[name])
