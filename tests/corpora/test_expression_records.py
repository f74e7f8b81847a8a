import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.refusals import refused
from vg_mc.corpora.cells import numbers_in, whole_number_in
from vg_mc.corpora.expression_records import (
    ExpressionRecord,
    as_expression_record,
)
from vg_mc.corpora.inspection import Inspection
from vg_mc.errors import BadInputError

FILE = Path("val.csv")
WHOLE = {
    "image": "a/1.jpg", "expression": " left  man ", "box": [1, 2, 3, 4.5], "split": "val ",
    "category": "man", "width": 9, "height": 8, "image_id": 1, "annotation_id": 2, "ref_id": 3,
    "id": 4,
}  # fmt: skip


def read(fields):
    return as_expression_record(fields, FILE, "line 2", Inspection(skip_bad=False))


def test_all_fields_arrive():
    assert read(WHOLE) == ExpressionRecord(
        FILE, "line 2", "a/1.jpg", "left man", (1, 2, 3, 4.5), "val", "man", (9, 8), 1, 2, 3, 4
    )  # fmt: skip


def test_four_fields_are_enough():
    fields = {name: WHOLE[name] for name in ("image", "expression", "box", "split")}

    for given_fields in (fields, fields | {"image_id": None, "category": None, "width": None}):
        statement = read(given_fields)
        assert (statement.category, statement.size, statement.image_id) == (None, None, None)
        assert (statement.annotation_id, statement.ref_id, statement.expression_id) == (None,) * 3


@pytest.mark.parametrize(
    ("field", "value", "problem"),
    [
        ("image", None, "image"),
        ("image", "../1.jpg", "folder"),
        ("image", "/etc/passwd", "folder"),
        ("expression", None, "expression"),
        ("expression", "\0", "words"),
        ("box", [1, 2, 3], "4"),
        ("box", [1, 2, 3, float("nan")], "4"),
        ("box", "here", "list"),
        ("split", " ", "split"),
        ("width", None, "width"),
        ("height", 0, "1"),
        ("image_id", "a", "image_id"),
        ("id", 2.5, "number"),
        ("category", "\ud800", "U+D800"),
    ],
)
def test_a_bad_field_is_named(field, value, problem):
    with refused(*problem.split()):
        read(WHOLE | {field: value})


@pytest.mark.parametrize(
    "written",
    [
        "[1, 2.5, -3, 4]",
        "1 2.5 -3 4",
        " 1,2.5,-3 ,4",
        "(1, 2.5, -3, 4)",
        "1;2.5;-3;4",
        [1, "2.5", -3, "4"],
    ],
)
def test_numbers_may_be_written_as_text(written):
    assert numbers_in(written) == [1, 2.5, -3, 4]


@pytest.mark.parametrize("other", ["here", "", None, 3, {"a": 1}, ["x"], [None]])
def test_what_is_no_list_of_numbers_stays_what_it_is(other):
    assert numbers_in(other) == other


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("12", 12),
        (" -3 ", -3),
        (12.0, 12),
        (12.5, 12.5),
        ("12.0", 12),
        ("12.5", "12.5"),
        ("9" * 20, "9" * 20),
        (True, True),
        ("x", "x"),
    ],
)
def test_whole_numbers_may_be_written_as_text(written, expected):
    assert whole_number_in(written) is expected or whole_number_in(written) == expected


# Any character; `st.text()` would first read what Unicode says of each of them.
TEXTS = st.text(st.integers(0, sys.maxunicode).map(chr))


@given(st.dictionaries(st.sampled_from(list(WHOLE)), st.one_of(st.none(), TEXTS, st.floats(),
       st.lists(st.one_of(TEXTS, st.floats(), st.booleans()), max_size=5))))  # fmt: skip
def test_nothing_but_bad_input_is_raised(fields):
    fields = {name: numbers_in(value) for name, value in fields.items()}
    try:
        read(WHOLE | fields)
    except BadInputError:
        return
