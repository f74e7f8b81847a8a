"""Ways are measured in turns, here by a clock that the test sets."""

import pytest

from benchmarks.rounds import in_turns, median_run, spread


class Clock:
    """A clock on which each piece of work takes the next of its times."""

    def __init__(self, times: dict[str, list[float]]) -> None:
        self.times = {name: iter(each) for name, each in times.items()}
        self.now = 0.0
        self.order: list[str] = []

    def measure(self, name: str) -> float:
        start = self.now
        self.order.append(name)
        self.now += next(self.times[name])
        return self.now - start


def test_ways_take_turns():
    clock = Clock({"A": [1, 1, 1], "B": [2, 2, 2]})

    found = in_turns(["A", "B"], clock.measure)

    assert clock.order == ["A", "B"] * 3
    assert found == {"A": [1, 1, 1], "B": [2, 2, 2]}


def test_a_disturbance_changes_the_spread_alone():
    clock = Clock({"A": [1, 20, 1.5], "B": [2, 2, 2]})

    found = in_turns(["A", "B"], clock.measure)

    assert median_run(found["A"], float) == 1.5
    assert spread(found["A"]) == pytest.approx(19 / 1.5)
    assert spread(found["B"]) == 0


def test_one_round_is_enough_to_see_that_all_works():
    found = in_turns(["A"], Clock({"A": [3]}).measure, rounds=1)

    assert (median_run(found["A"], float), spread(found["A"])) == (3, 0)


def test_no_round_is_refused():
    with pytest.raises(ValueError, match="0"):
        in_turns(["A"], lambda _: 0, rounds=0)
