"""Foreign text stays plain text in each format."""

import csv
import io

import pytest

from vg_mc.reports.escaping import latex, markdown, one_line, spreadsheet


def test_markdown_gets_no_cell_end_tag_or_emphasis():
    assert markdown("a|b <b> *c* [d](e) `f`\nnext") == (r"a\|b \<b> \*c\* \[d\](e) \`f\` next")


def test_latex_gets_no_command():
    assert latex(r"50% of \input{x} & a_b^2") == (
        r"50\% of \textbackslash{}input\{x\} \& a\_b\textasciicircum{}2"
    )


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
