"""Repeated measurements in turns (A B A B A B), their median and their spread.

A disturbance of the machine then affects all alternatives, and shows in the spread of those that it
affected most.
"""

from collections.abc import Callable, Iterable, Sequence
from statistics import median_low
from typing import TypeVar

Result = TypeVar("Result")

ROUNDS = 3


def in_turns(
    names: Iterable[str], measure: Callable[[str], Result], rounds: int = ROUNDS
) -> dict[str, list[Result]]:
    """Measure each name once per round, and return its results in the order of the rounds.

    Raises:
        ValueError: If `rounds` is below 1.
    """
    if rounds < 1:
        raise ValueError(f"expected at least 1 round, not {rounds}")
    results: dict[str, list[Result]] = {name: [] for name in names}
    for _ in range(rounds):
        for name, found in results.items():
            found.append(measure(name))
    return results


def median_run(runs: Sequence[Result], seconds: Callable[[Result], float]) -> Result:
    """Return the run with the median time, of an even number the faster of the middle two."""
    middle = median_low([seconds(run) for run in runs])
    return next(run for run in runs if seconds(run) == middle)


def spread(seconds: Sequence[float]) -> float:
    """Return the difference of the slowest and the fastest run, as a share of the median."""
    return (max(seconds) - min(seconds)) / median_low(seconds)
