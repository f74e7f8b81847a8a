"""Every format shows every cell, and foreign names stay text."""

import csv
from dataclasses import replace
from html import escape

import pytest

from vg_mc.metrics.resampling import Estimate
from vg_mc.reports.pages.comparison import comparison_page, write_comparison_page
from vg_mc.reports.tables.side_by_side import (
    SideBySide,
    csv_text,
    latex_text,
    markdown_text,
    screen_text,
    write_side_by_side,
)
from vg_mc.reports.tables.table import Table
from vg_mc.scoring.split_report import GroupScores

NAME = "<b>a_b|c</b> &\n50%"
REMARK = "in a remark that is a whole sentence long & more"
ADDRESS = "https://example.org/a-b"


@pytest.fixture
def shown() -> SideBySide:
    table = Table(["system", "val"], [[NAME, "50.00 (40.00 to 60.00)"], ["b", "–"]], "Accuracies")
    records = [
        {"system": "=b", "accuracy": 0.5, "gain": -0.25, "p": 3.25e-9},
        {"system": "b", "accuracy": float("nan"), "source": "a book"},
    ]
    published = [["c", REMARK, ADDRESS]]
    others = Table(["system", "read", "at"], published, "Published", measured=False, links=True)
    systems = {"val": [GroupScores(NAME, Estimate(0.5, 0.4, 0.6, 40), Estimate(0.9, 0.8, 1, 40))]}
    return SideBySide(systems, [table, others], records, {"remark": NAME, "corpus": "refcoco_unc"})


def test_the_screen_shows_lines(shown):
    text = screen_text(shown)

    assert "<b>a_b|c</b> & 50%  50.00 (40.00 to 60.00)" in text
    assert "\nremark: <b>a_b|c</b> & 50%\n" in text


def test_markdown_escapes_names(shown):
    text = markdown_text(shown)

    assert r"\<b>a\_b\|c\</b> \& 50%" in text
    assert text.count("\n|") == 4 + 3


def test_latex_escapes_names(shown):
    text = latex_text(shown)

    assert r"\textless{}b\textgreater{}a\_b\textbar{}c" in text
    assert r"50\% & 50.00 (40.00 to 60.00) \\" in text
    assert r"b & -- \\" in text


def test_latex_breaks_sentences_into_lines(shown):
    text = latex_text(shown)

    assert r"\begin{tabular}{ll}" in text
    assert r"\begin{tabular}{lp{4cm}l}" in text


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
    page = read_page(comparison_page(shown))

    assert not page.open
    assert [bar["style"] for bar in page.every("b")] == ["width:50.00%"]
    assert page.words.count(NAME) == 3
    assert len(page.every("table")) == 3


def test_only_published_rows_have_addresses_to_follow(shown, read_page):
    own = Table(["system", "at"], [[ADDRESS, ADDRESS]], "Own")

    page = read_page(comparison_page(replace(shown, tables=[own, *shown.tables])))

    assert page.every("a") == [{"href": ADDRESS}]


def test_what_others_published_follows_all_that_was_measured(shown):
    text = comparison_page(shown)

    order = ["refcoco_unc: val", "Accuracies", "Notes", "Published", escape(REMARK)]
    assert [text.index(part) for part in order] == sorted(text.index(part) for part in order)


def test_all_files_are_written_the_same_each_time(shown, tmp_path):
    for name in ("one", "two"):
        write_side_by_side(shown, tmp_path / name)
        write_comparison_page(shown, tmp_path / name)

    names = sorted(path.name for path in (tmp_path / "one").iterdir())
    assert names == [f"comparison.{ending}" for ending in ("csv", "html", "md", "tex")]
    for name in names:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()
