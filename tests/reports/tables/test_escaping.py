"""Foreign text stays plain text in each format."""

import csv
import io

import pytest

from vg_mc.reports.tables.escaping import latex, latex_heading, markdown, one_line, spreadsheet


def test_markdown_gets_no_cell_end_tag_or_emphasis():
    assert markdown("a|b <b> *c* [d](e) `f`\nnext") == (r"a\|b \<b> \*c\* \[d\](e) \`f\` next")


def test_latex_gets_no_command():
    assert latex(r"50% of \input{x} & a_b^2") == (
        r"50\% of \textbackslash{}input\{x\} \& a\_b\textasciicircum{}2"
    )
    assert latex("[1]|a") == r"{[}1]\textbar{}a"


def test_latex_sets_a_minus_before_numbers_alone():
    assert latex("-6.50, +2 to -1, yolo-26 a-b -c 3–4") == (
        "$-$6.50, +2 to $-$1, yolo-26 a-b -c 3--4"
    )


def test_headings_are_broken_into_narrow_lines_between_words():
    assert latex_heading("split", "l") == "split"
    assert latex_heading("acc where covered %", "r") == r"\shortstack[r]{acc where \\ covered \%}"
    assert latex_heading("a_much_longer_word", "r") == r"a\_much\_longer\_word"


@pytest.mark.parametrize("formula", ["=cmd()", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "＝1"])
def test_spreadsheets_see_no_formula(formula):
    sheet = io.StringIO()
    csv.writer(sheet).writerow([spreadsheet(formula)])

    assert next(csv.reader(io.StringIO(sheet.getvalue(), newline="")))[0] == f"'{formula}"


@pytest.mark.parametrize("text", ["tiny-vit", "87.68", "", "a=b", "–"])
def test_harmless_cells_stay_as_they_are(text):
    assert spreadsheet(text) == text


def test_line_ends_become_spaces():
    assert one_line(" a\r\n b\u2028c ") == "a b c"
