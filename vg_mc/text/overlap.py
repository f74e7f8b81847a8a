"""Similarity of two short texts by weighted word overlap.

It is the F1 of precision and recall, where a word in n of N texts has the weight log(1 + N / n).
Articles and prepositions occur in so many texts that they have almost no weight.
"""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from math import log

import numpy as np
from numpy.typing import NDArray

from vg_mc.text.names import categories_called

_WORD = re.compile(r"[a-z0-9]+")
_SAME = {"grey": "gray", "leftmost": "left", "rightmost": "right", "center": "middle"}


class WordOverlap:
    """Compares texts by their words; names of the same category match."""

    def __init__(self, corpus: Iterable[str]) -> None:
        """Count the words of `corpus`; a word that is not in it gets the highest weight."""
        texts = [words_of(text) for text in corpus]
        self._texts = len(texts)
        self._counts = Counter(word for words in texts for word in words)

    def weight(self, word: str) -> float:
        """Return the weight of a word."""
        return log(1 + max(1, self._texts) / max(1, self._counts[word]))

    def __call__(
        self, texts: Sequence[str], captions: Sequence[Sequence[str]]
    ) -> list[NDArray[np.float64]]:  # N arrays (B_i,)
        """Return the weighted F1 of each of N texts with its B_i captions, from 0 to 1."""
        pairs = zip(map(words_of, texts), captions, strict=True)
        return [
            np.array([self._f1(words, words_of(one)) for one in own], np.float64)
            for words, own in pairs
        ]

    def _f1(self, text: frozenset[str], caption: frozenset[str]) -> float:
        matches = {word: categories_named(word) & caption for word in text}
        found = sum(self.weight(word) for word, same in matches.items() if same)
        matched = sum(self.weight(word) for word in frozenset().union(*matches.values()))
        in_text, in_caption = sum(map(self.weight, text)), sum(map(self.weight, caption))
        if not (found and matched):
            return 0.0
        recall, precision = found / in_text, matched / in_caption
        return 2 * recall * precision / (recall + precision)


def words_of(text: str) -> frozenset[str]:
    """Return the distinct lower-case words of `text`, with spelling variants normalized."""
    return frozenset(_SAME.get(word, word) for word in _WORD.findall(text.lower()))


def categories_named(word: str) -> frozenset[str]:
    """Return the words of all categories that `word` may denote."""
    return frozenset(part for name in categories_called(word) for part in name.split())
