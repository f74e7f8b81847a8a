"""Foreign text as plain text in each format: names and expressions may contain anything."""

import re
from textwrap import wrap
from typing import Literal

_MARKDOWN = re.compile(r"([\\`*_{}\[\]<#|~$&])")

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")

# A minus is no hyphen, where it stands before a number and not within a word.
_MINUS = re.compile(r"(?<![\w-])-(?=\d)")
HEADING_WIDTH = 12  # characters of a line; columns of numbers are hardly wider

_LATEX = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "[": "{[}",  # at the start of a row it would be an argument of the row before
    "&": r"\&",
    "%": r"\%",
    "$": r"\$",
    "#": r"\#",
    "_": r"\_",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    "≥": r"$\geq$",
    "–": "--",
}


def markdown(text: str) -> str:
    """Escape what would format the text, end its table cell or open an HTML tag."""
    return _MARKDOWN.sub(r"\\\1", one_line(text))


def latex(text: str) -> str:
    """Escape TeX's special characters."""
    escaped = "".join(_LATEX.get(character, character) for character in one_line(text))
    return _MINUS.sub("$-$", escaped)


def latex_heading(text: str, align: Literal["l", "r"]) -> str:
    """Escape a heading and break it into short lines, so that its column stays narrow."""
    lines = wrap(one_line(text), HEADING_WIDTH, break_long_words=False, break_on_hyphens=False)
    if len(lines) < 2:
        return latex(text)
    stacked = r" \\ ".join(map(latex, lines))
    return rf"\shortstack[{align}]{{{stacked}}}"


def spreadsheet(text: str) -> str:
    """Keep spreadsheets from taking a text for a formula: an apostrophe marks it as text.

    https://owasp.org/www-community/attacks/CSV_Injection
    """
    return f"'{text}" if text.startswith(_FORMULA_STARTS) else text


def one_line(text: str) -> str:
    """Join lines and other white space by single spaces."""
    return " ".join(text.split())
