"""Foreign text as plain text in each format: names and expressions may contain anything."""

import re

_MARKDOWN = re.compile(r"([\\`*_{}\[\]<#|~$&])")

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")

_LATEX = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "&": r"\&",
    "%": r"\%",
    "$": r"\$",
    "#": r"\#",
    "_": r"\_",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "≥": r"$\geq$",
    "–": "--",
}


def markdown(text: str) -> str:
    """Escape what would format the text, end its table cell or open an HTML tag."""
    return _MARKDOWN.sub(r"\\\1", one_line(text))


def latex(text: str) -> str:
    """Escape TeX's special characters."""
    return "".join(_LATEX.get(character, character) for character in one_line(text))


def spreadsheet(text: str) -> str:
    """Keep spreadsheets from taking a text for a formula: an apostrophe marks it as text.

    https://owasp.org/www-community/attacks/CSV_Injection
    """
    return f"'{text}" if text.startswith(_FORMULA_STARTS) else text


def one_line(text: str) -> str:
    """Join lines and other white space by single spaces."""
    return " ".join(text.split())
