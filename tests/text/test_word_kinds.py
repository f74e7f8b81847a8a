"""Words tell how an expression points."""

import pytest

from vg_mc.text.word_kinds import WordKind, word_kinds


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("the man in RED on the left", {WordKind.COLOUR, WordKind.PLACE}),
        ("second from right", {WordKind.ORDINAL, WordKind.PLACE}),
        ("2nd cow", {WordKind.ORDINAL}),
        ("biggest, darkest... small zebra!", {WordKind.SIZE}),
        ("woman behind the dog", {WordKind.RELATION}),
        ("left of the dog", {WordKind.PLACE, WordKind.RELATION}),
        ("guy", set()),
        ("leftover reddish smallholder", set()),  # words, not beginnings of words
        ("", set()),
    ],
)
def test_kinds_of_words(text, kinds):
    assert word_kinds(text) == kinds
