"""Groups of options are flattened into flags, and numbers are held to the ranges of annotations."""

import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vg_mc.errors import BadInputError
from vg_mc.system.options import AT_LEAST_1, BELOW_1, FRACTION, Range, check_ranges, option_types


@dataclass(frozen=True)
class Optimization:
    """How weights are updated."""

    learning_rate: Annotated[float, Range(0, above=True)] = 1e-3
    ema: Annotated[float, BELOW_1] = 0.0


@dataclass(frozen=True)
class Config:
    """A command."""

    output: Path
    max_candidates: Annotated[int, AT_LEAST_1] | None = None
    flip: Annotated[float, FRACTION] = 0.0
    optimization: Optimization = field(default_factory=Optimization)


def test_options_of_groups_stand_beside_those_of_the_command():
    assert list(option_types(Config)) == [
        "output", "max-candidates", "flip", "learning-rate", "ema"
    ]  # fmt: skip


def test_defaults_are_in_range():
    check_ranges(Config(Path()))


@pytest.mark.parametrize(
    ("config", "flag"),
    [
        (Config(Path(), max_candidates=0), "--max-candidates"),
        (Config(Path(), flip=1.5), "--flip"),
        (Config(Path(), flip=math.nan), "--flip"),
        (Config(Path(), optimization=Optimization(learning_rate=0)), "--learning-rate"),
        (Config(Path(), optimization=Optimization(ema=1)), "--ema"),
    ],
)
def test_a_number_out_of_its_range_is_named_by_its_flag(config, flag):
    with pytest.raises(BadInputError) as error:
        check_ranges(config)

    assert error.value.record == flag


@pytest.mark.parametrize("config", [Config(Path(), max_candidates=1, flip=1.0), Config(Path())])
def test_ends_belong_to_a_range_unless_it_excludes_them(config):
    check_ranges(config)


@given(st.floats(allow_nan=False), st.floats(allow_nan=False), st.floats(allow_nan=False))
def test_a_range_holds_what_lies_between_its_ends(least, most, value):
    assert (value in Range(least, most)) == (least <= value <= most)
    assert (value in Range(least, most, above=True, below=True)) == (least < value < most)


def test_a_range_describes_itself():
    assert str(Range(0, 1, below=True)) == "at least 0 and below 1"
    assert str(Range(0, above=True)) == "above 0"
