"""Kinds of words in expressions: place, color, size, relation and ordinal.

A short list of words that are frequent in RefCOCO, not a parser: "light" and "orange" may be
objects, "left" may be a verb. An expression can be of several kinds or of none.
"""

import re
from enum import StrEnum


class WordKind(StrEnum):
    """A kind of word that distinguishes a target from other objects."""

    PLACE = "place"
    COLOUR = "colour"
    SIZE = "size"
    RELATION = "relation"
    ORDINAL = "ordinal"


_LEXICON = {
    WordKind.PLACE: """left right top bottom middle center centre central front back rear upper
        lower leftmost rightmost corner edge side far background foreground high low topmost
        bottommost lft rt""",
    WordKind.COLOUR: """red green blue yellow white black brown gray grey orange pink purple violet
        beige tan gold golden silver maroon navy teal turquoise magenta cyan cream blond blonde
        colored coloured dark striped plaid""",
    WordKind.SIZE: """big bigger biggest small smaller smallest large larger largest tall taller
        tallest short shorter shortest long longer longest little tiny huge giant thin thinner
        thinnest fat fatter fattest wide wider widest narrow full""",
    WordKind.RELATION: """behind beside between next near nearest nearer close closer closest under
        underneath beneath below above over against around facing holding carrying riding touching
        inside outside among beyond towards toward opposite""",
    WordKind.ORDINAL: """first second third fourth fifth sixth seventh eighth ninth tenth last
        1st 2nd 3rd 4th 5th 6th 7th 8th 9th 10th""",
}
_KINDS_OF = {
    word: frozenset(kind for kind, words in _LEXICON.items() if word in words.split())
    for words in _LEXICON.values()
    for word in words.split()
}
# "left of the dog" is a relation, "on the left" is not.
_RELATING = re.compile(r"\b(?:left|right|front|top|side|back|bottom|corner|edge) of\b")
_WORD = re.compile(r"[a-z0-9]+")


def word_kinds(text: str) -> frozenset[WordKind]:
    """Return the kinds of words in `text`, ignoring letter case."""
    lowered = text.lower()
    found = [_KINDS_OF.get(word, frozenset()) for word in _WORD.findall(lowered)]
    relating = [frozenset({WordKind.RELATION})] if _RELATING.search(lowered) else []
    return frozenset().union(*found, *relating)
