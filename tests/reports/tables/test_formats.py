"""A table is the same table in every format, whatever its cells say."""

import csv
import io
import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vg_mc.reports.tables.formats import (
    csv_table,
    json_document,
    latex_table,
    markdown_table,
    terminal,
)
from vg_mc.reports.tables.table import Cell, Table

TABLE = Table(
    ["model", "acc %", "recall %"],
    [["a|b", "87.50", "–"], ["=cmd()", Cell("-3.00", "-4.00–-2.00", "of 12"), None]],
    align="lrr",
)


def test_columns_stand_below_each_other_in_a_terminal():
    assert terminal(TABLE).splitlines() == [
        "model   acc %  recall %",
        "------  -----  --------",
        "a|b     87.50         –",
        "=cmd()  -3.00",
    ]


def test_markdown_says_which_columns_are_numbers():
    assert markdown_table(TABLE).splitlines() == [
        "| model  | acc % | recall % |",
        "| ------ | ----: | -------: |",
        r"| a\|b   | 87.50 |        – |",
        "| =cmd() | -3.00 |          |",
    ]


def test_latex_has_rules_and_a_minus():
    assert latex_table(TABLE).splitlines() == [
        r"\begin{tabular}{lrr}",
        r"\toprule",
        r"model & acc \% & recall \% \\",
        r"\midrule",
        r"a\textbar{}b & 87.50 & -- \\",
        r"=cmd() & $-$3.00 &  \\",
        r"\bottomrule",
        r"\end{tabular}",
    ]


def test_spreadsheets_get_numbers_empty_cells_and_no_formula():
    assert list(csv.reader(io.StringIO(csv_table(TABLE)))) == [
        ["model", "acc %", "recall %"],
        ["a|b", "87.50", ""],
        ["'=cmd()", "-3.00", ""],
    ]


@pytest.mark.parametrize("text", ["-1+1", "@SUM(A1)", "=1", "+1 to +2"])
def test_a_column_of_numbers_holds_no_formula_either(text):
    sheet = csv_table(Table(["gain"], [[text]], align="r"))

    assert sheet == f"gain\n'{text}\n"


def test_a_table_without_rows_has_its_headings():
    empty = Table(["model", "acc"], [])

    assert terminal(empty) == "model  acc\n-----  ---"
    assert markdown_table(empty).splitlines() == ["| model | acc |", "| ----- | --- |"]
    assert csv_table(empty) == "model,acc\n"
    assert r"\begin{tabular}{ll}" in latex_table(empty)


@given(st.lists(st.lists(st.text(), min_size=2, max_size=2), max_size=3))
def test_no_text_breaks_a_table(rows):
    table = Table(["name", "value"], rows)

    lines = markdown_table(table).split("\n")
    assert len(lines) == len(terminal(table).split("\n")) == 2 + len(rows)
    assert {len(re.findall(r"(?<!\\)(?:\\\\)*\|", line)) for line in lines} == {3}
    assert not re.search(r"(?<!\\)(?:\\\\)*<", markdown_table(table))
    body = latex_table(table).split("\\midrule\n")[1].split("\\bottomrule")[0]
    assert body.count("\n") == len(rows)
    for line in body.splitlines():
        assert len(re.findall(r"(?<!\\)&", line)) == 1
    read = list(csv.reader(io.StringIO(csv_table(table), newline="")))
    assert len(read) == 1 + len(rows)
    for cells, texts in zip(read[1:], rows, strict=True):
        for cell, text in zip(cells, texts, strict=True):
            lines = text.replace("\r\n", "\n").replace("\r", "\n")
            assert cell in ({""} if text == "–" else {lines, f"'{lines}"})


def test_documents_have_null_for_a_share_of_nothing():
    document = {"shares": [0.123456, math.nan], "count": 3, "name": "é", "none": None}

    text = json_document(document, 4)

    assert re.sub(r"\s", "", text) == '{"shares":[0.1235,null],"count":3,"name":"é","none":null}'


def test_columns_that_apply_to_no_row_can_be_left_out():
    table = Table(["model", "recall", "acc"], [["a", None, "1"], ["b", "", None]], align="lrr")

    shown = table.without_empty_columns()

    assert (shown.headings, shown.texts, shown.align) == (
        *(["model", "acc"], [["a", "1"], ["b", ""]], "lr"),
    )
    assert Table(["model", "acc"], []).without_empty_columns().headings == ["model", "acc"]
