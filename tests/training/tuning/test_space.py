"""What is searched is read from short texts, and what cannot be searched is told."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pytest

from tests.refusals import refused
from vg_mc.training.tuning.space import Choice, Range, read_space


@dataclass(frozen=True)
class Settings:
    """Flags of an imagined training."""

    output: Path
    learning_rate: float = 1e-5
    batch_size: int = 64
    most: int | None = None
    targets: Literal["hard", "iou"] = "hard"
    dry_run: bool = False


def space(*texts: str):
    return read_space(texts, Settings, fixed=["output"])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("learning-rate=1e-6..1e-4:log", Range(1e-6, 1e-4, logarithmic=True)),
        ("learning-rate=0..1", Range(0.0, 1.0, logarithmic=False)),
        ("learning-rate=1e-5,3e-5", Choice((1e-5, 3e-5))),
        ("batch-size=8..64", Range(8, 64, logarithmic=False)),
        ("batch-size=16,32,64", Choice((16, 32, 64))),
        ("most=2..9", Range(2, 9, logarithmic=False)),
        ("targets=hard,iou", Choice(("hard", "iou"))),
    ],
)
def test_a_flag_has_a_range_or_a_list(text, expected):
    assert space(text) == {text.split("=")[0]: expected}


def test_numbers_are_of_the_kind_that_the_flag_takes():
    read = space("learning-rate=0..1", "batch-size=8..64")

    assert [type(end) for each in read.values() for end in each.ends] == [float, float, int, int]


@pytest.mark.parametrize(
    ("texts", "problem"),
    [
        ((), "search"),
        (("learning_rate=1..2",), "learning-rate"),
        (("output=a,b",), "output"),
        (("dry-run=true,false",), "dry-run"),
        (("batch-size=1,2", "batch-size=3,4"), "twice"),
        (("batch-size=1",), "distinct"),
        (("batch-size",), "values"),
        (("batch-size=1,1",), "distinct"),
        (("batch-size=1.5..3",), "1.5"),
        (("learning-rate=low..high",), "low"),
        (("learning-rate=0..inf",), "inf"),
        (("learning-rate=2..1",), "low..high"),
        (("learning-rate=0..1:log",), "0"),
        (("learning-rate=1..2:lin",), "nothing"),
        (("targets=hard..iou",), "numeric"),
    ],
)
def test_what_cannot_be_searched_is_told(texts, problem):
    with refused(*problem.split()):
        space(*texts)


def test_the_ends_lie_in_a_range_and_their_neighbours_do_not():
    numbers = Range(1, 3, logarithmic=False)

    assert [numbers.holds(value) for value in (0, 1, 2.5, 3, 4, None, "2")] == [
        *(False, True, True, True, False, False, False)
    ]


def test_a_choice_holds_its_values():
    assert Choice((16, 32)).holds(16)
    assert not Choice((16, 32)).holds(24)
