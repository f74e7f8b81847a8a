"""Escaping of untrusted text, such as names and expressions, for each output format."""

import re
from textwrap import wrap
from typing import Literal

_MARKDOWN = re.compile(r"([\\`*_{}\[\]<#|~$&])")

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")

# A hyphen before a number and not within a word is a minus sign.
_MINUS = re.compile(r"(?<![\w-])-(?=\d)")
HEADING_WIDTH = 12  # characters per line, about the width of a column of numbers

_LATEX = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "[": "{[}",  # at the start of a row, TeX would take it for an argument of `\\`
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
    """Escape Markdown formatting, table delimiters and HTML tags."""
    return _MARKDOWN.sub(r"\\\1", one_line(text))


def latex(text: str) -> str:
    """Escape TeX's special characters."""
    escaped = "".join(_LATEX.get(character, character) for character in one_line(text))
    return _MINUS.sub("$-$", escaped)


def latex_heading(text: str, align: Literal["l", "r"]) -> str:
    """Escape a heading and break it into short lines to keep its column narrow."""
    lines = wrap(one_line(text), HEADING_WIDTH, break_long_words=False, break_on_hyphens=False)
    if len(lines) < 2:
        return latex(text)
    stacked = r" \\ ".join(map(latex, lines))
    return rf"\shortstack[{align}]{{{stacked}}}"


def spreadsheet(text: str) -> str:
    """Prefix a text that looks like a formula with an apostrophe, so that it stays text.

    https://owasp.org/www-community/attacks/CSV_Injection
    """
    return f"'{text}" if text.startswith(_FORMULA_STARTS) else text


def one_line(text: str) -> str:
    """Replace line breaks and other white space by single spaces."""
    return " ".join(text.split())
