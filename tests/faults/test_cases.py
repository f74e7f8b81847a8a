"""Every bad input of docs/faults.md, in both modes of ``--on-error``."""

from collections import Counter
from dataclasses import replace
from itertools import groupby

import pytest

from benchmarks.faults import every_case
from benchmarks.faults.__main__ import details, summary, try_all
from benchmarks.faults.case import Case, Outcome, deviation
from vg_mc.errors import BadInputError
from vg_mc.records import Rejected

ANY_FIELD = "any field"  # thousands of cases
TRIED = ("null", "a list")  # of the values for any field

EVERY_CASE = list(every_case())
CASES = [case for case in EVERY_CASE if case.family != ANY_FIELD or case.fault in TRIED]


def place(case: Case) -> str:
    return f"{case.family}: {case.form}"


GROUPS = {name: list(cases) for name, cases in groupby(sorted(CASES, key=place), place)}


# Every fault of an image file; `make exhaustive` tries them.
SLOW = ("images: photo",)


@pytest.mark.parametrize(
    "group",
    [pytest.param(name, marks=pytest.mark.exhaustive) if name in SLOW else name for name in GROUPS],
)
@pytest.mark.filterwarnings("ignore:Detected pickle protocol")  # torch, of a pickle that we refuse
def test_no_input_of_a_format_deviates_from_what_is_promised(group):
    assert [f"{case.name}: {seen}" for case, seen in try_all(GROUPS[group]) if seen] == []


@pytest.mark.exhaustive
@pytest.mark.filterwarnings("ignore:Detected pickle protocol")
def test_no_value_in_any_field_loses_another_record():
    others = [case for case in EVERY_CASE if case not in CASES]

    assert [f"{case.name}: {seen}" for case, seen in try_all(others) if seen] == []


def test_there_are_many_cases_and_no_two_have_one_name():
    names = Counter(case.name for case in EVERY_CASE)

    assert len(EVERY_CASE) >= 5000
    assert [name for name, count in names.items() if count > 1] == []


ONE = [Rejected("a.csv", "line 2", "expected a box")]


def read(stop, skip):
    def read(skip_bad):
        result = skip if skip_bad else stop
        if isinstance(result, Exception):
            raise result
        return result

    return read


NAMED = BadInputError("expected a box", file="a.csv", record="line 2")


@pytest.mark.parametrize(
    ("promise", "stop", "skip", "expected"),
    [
        ("named", NAMED, Outcome(3, ONE, 4, set()), ""),
        ("named", NAMED, NAMED, "skip: stopped: a.csv, line 2"),
        ("named", NAMED, Outcome(4, ONE, 4, set()), "skip: 4 accepted, 1 rejected, 4 of all"),
        ("named", NAMED, Outcome(4, [], 4, set()), "skip: listed []"),
        ("named", Outcome(3, ONE, 4, set()), NAMED, "stop: went on"),
        ("named", BadInputError("expected a box"), NAMED, "stop: no file"),
        ("named", BadInputError("expected a cat", file="a", record="b"), NAMED, "stop: says"),
        ("named", KeyError("box"), NAMED, "stop: KeyError"),
        ("refused", NAMED, NAMED, ""),
        ("refused", NAMED, Outcome(3, ONE, 4, set()), "skip: went on"),
        ("listed", Outcome(3, ONE, 4, set()), Outcome(3, ONE, 4, set()), ""),
        ("accepted", Outcome(4, [], 4, {"man"}), Outcome(4, [], 4, {"man"}), ""),
        ("accepted", Outcome(4, [], 4, {"men"}), NAMED, "stop: 'man' is not among"),
        ("accepted", NAMED, NAMED, "stop: stopped"),
    ],
)
def test_a_broken_promise_is_noticed(promise, stop, skip, expected, tmp_path):
    becomes = "man" if promise == "accepted" else None
    case = Case("boxes", "CSV", "a", promise, lambda _: read(stop, skip), "a box", becomes)

    found = deviation(case, tmp_path)

    assert found == expected if not expected else found.startswith(expected)


def test_the_tables_count_cases_and_kept_promises():
    kept = Case("boxes", "CSV", "a|b", "named", lambda _: read(NAMED, Outcome(3, ONE, 4, set())))
    broken = replace(kept, form="JSON", write=lambda _: read(NAMED, NAMED))

    tried = try_all([kept, broken])

    assert [bool(seen) for _, seen in tried] == [False, True]
    assert [cell.strip() for cell in summary(tried).splitlines()[-1].split("|")[1:-1]] == [
        "all", "2", "2", "0", "0", "0", "0", "1"
    ]  # fmt: skip
    assert "| a\\|b    | CSV, JSON | named      | 1 of 2 |" in details(tried)
