"""Every format shows every cell, and foreign names stay text."""

import csv

import pytest

from vg_mc.reports.side_by_side import SideBySide, Table
from vg_mc.reports.side_by_side_formats import (
    csv_text,
    html_text,
    latex_text,
    markdown_text,
    screen_text,
    write_side_by_side,
)

NAME = "<b>a_b|c</b> &\n50%"


@pytest.fixture
def shown() -> SideBySide:
    table = Table("Accuracies", ["system", "val"], [[NAME, "50.00 (40.00 to 60.00)"], ["b", "–"]])
    records = [
        {"system": "=b", "accuracy": 0.5, "gain": -0.25, "p": 3.25e-9},
        {"system": "b", "accuracy": float("nan"), "source": "a book"},
    ]
    return SideBySide([table], records, {"remark": NAME})


def test_the_screen_shows_lines(shown):
    text = screen_text(shown)

    assert "<b>a_b|c</b> & 50%  50.00 (40.00 to 60.00)" in text
    assert text.endswith("remark: <b>a_b|c</b> & 50%")


def test_markdown_escapes_names(shown):
    text = markdown_text(shown)

    assert r"\<b>a\_b\|c\</b> \& 50%" in text
    assert text.count("\n|") == 4


def test_latex_escapes_names(shown):
    text = latex_text(shown)

    assert r"\textless{}b\textgreater{}a\_b|c" in text
    assert r"50\% & 50.00 (40.00 to 60.00) \\" in text
    assert r"b & -- \\" in text


def test_spreadsheets_get_numbers_and_no_formula(shown):
    rows = list(csv.DictReader(csv_text(shown).splitlines()))

    assert rows[0] == {
        "system": "'=b",
        "accuracy": "0.5",
        "gain": "-0.25",
        "p": "3.25e-09",
        "source": "",
    }
    assert rows[1]["accuracy"] == ""


def test_the_page_escapes_names(shown, read_page):
    page = read_page(html_text(shown))

    assert not page.open
    assert page.every("b") == []
    assert NAME in page.words
    assert len(page.every("table")) == 1


def test_all_files_are_written_the_same_each_time(shown, tmp_path):
    write_side_by_side(shown, tmp_path / "one")
    write_side_by_side(shown, tmp_path / "two")

    names = sorted(path.name for path in (tmp_path / "one").iterdir())
    assert names == [f"comparison.{ending}" for ending in ("csv", "html", "md", "tex")]
    for name in names:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()
