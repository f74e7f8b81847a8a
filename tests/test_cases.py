"""Inputs that others reported give the expected values, and what counts as such."""

import sys
from pathlib import Path

import pytest

from benchmarks.cases import every_case
from benchmarks.cases.__main__ import names_in, table, tried
from benchmarks.cases.boxes import GREEN, RED, TURNED, UPRIGHT, color_in, color_of
from benchmarks.cases.case import REFUSED, Case, Found, carry_out
from vg_mc.errors import BadInputError


def refuse(folder, _):
    raise BadInputError("expected a list; set --columns", file=folder / "a.json", record="row 3")


def crash(*_):
    raise KeyError("box")


@pytest.mark.parametrize(
    ("find", "expected", "right"),
    [
        (lambda *_: "12 of 12", "12 of 12", True),
        (lambda *_: "11 of 12", "12 of 12", False),
        (lambda *_: "12 of 12", f"{REFUSED}--columns", False),
        (refuse, f"{REFUSED}--columns", True),
        (refuse, f"{REFUSED}--box-format", False),
        (refuse, "12 of 12", False),
        (crash, f"{REFUSED}box", False),
    ],
)
def test_a_value_is_right_if_it_is_equal_or_refused_with_the_text(find, expected, right, tmp_path):
    found = carry_out(Case("a", "command", find, expected), tmp_path, tmp_path)

    assert found.is_right == right


def test_the_boxes_of_turned_photos_are_the_others_transposed():
    assert TURNED["red"] == (30, 20, 90, 100)
    assert [color_of(box) for box in (RED, GREEN, TURNED["red"], None)] == [
        "red",
        "green",
        "none of the boxes",
        "none of the boxes",
    ]
    assert [color_in(text) for text in ("the blue box", "a bowl", "a wall")] == ["blue", "red", ""]
    assert len(set(UPRIGHT.values())) == 3


def test_the_table_has_a_row_per_command():
    case = Case("a", "prepare", refuse, "12 of 12")

    rows = table([Found(case, "12 of 12"), Found(case, "x" * 200)]).splitlines()

    assert [row.split("|")[5].strip() for row in rows[2:]] == ["yes", "NO"]


def test_every_input_has_a_command(shared: Path):
    assert names_in(shared / "cases") == {case.name for case in every_case()}


@pytest.mark.filterwarnings("ignore")  # of libraries, which the command prints, too
@pytest.mark.parametrize("name", sorted({case.name for case in every_case()}))
def test_a_reported_input_gives_the_expected_value(name, shared, monkeypatch):
    monkeypatch.setattr(sys, "path", sys.path[:])

    found = list(tried(shared / "cases", name))

    assert [
        f"{one.case.command}: {one.value}, not {one.case.expected}"
        for one in found
        if not one.is_right
    ] == []
