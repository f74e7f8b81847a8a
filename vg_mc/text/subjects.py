"""The subject of an expression: the noun that says what is meant, found by spaCy.

People type "guy in blue shirt second from left", which is no sentence: parsers stumble, taggers
rarely do. So the subject is the first run of nouns, and its last noun is the head; nouns that only
say a place or an order ("left", "side", "second") are none.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from vg_mc.errors import BadInputError
from vg_mc.text.word_kinds import WordKind, word_kinds

if TYPE_CHECKING:
    from spacy.language import Language
    from spacy.tokens import Doc, Token

_NO_THING = frozenset({WordKind.PLACE, WordKind.ORDINAL})
_NOUNS = frozenset({"NOUN", "PROPN"})
LONGEST_NAME = 3  # words


class Subject(NamedTuple):
    """What an expression is about.

    Attributes:
        phrase: The run of nouns, the head in the singular: "pizza slice".
        names: What it may be called, the longest first, each ending with the head and not crossing
            a stop: "large hot dog", "hot dog", "dog".
    """

    phrase: str
    names: tuple[str, ...]


class SubjectFinder:
    """A spaCy model that tells nouns from other words."""

    def __init__(self, model: str) -> None:
        """Load a model by the name of its package, or from its folder.

        Raises:
            BadInputError: If spaCy or the model is missing, or it tells no nouns.
        """
        self._language = _loaded(model)
        self.model = f"{self._language.meta['name']} {self._language.meta['version']}"
        if not self._language("a cat").has_annotation("POS"):
            problem = f"expected a spaCy model that tags parts of speech, not {model!r}"
            raise BadInputError(problem, record="--spacy-model")

    @property
    def has_vectors(self) -> bool:
        """Whether words have vectors of their own; small models do not."""
        return bool(self._language.vocab.vectors.size)

    def subjects(self, texts: Sequence[str]) -> list[Subject | None]:
        """Return the subject of each text, None where no noun is."""
        return [_subject(doc) for doc in self._language.pipe(texts)]

    def vectors(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return a unit vector (N, D) for each text: the mean over its words.

        Without vectors they are the features that the tagger works with, which say more about
        grammar than about meaning. A text of unknown words gets zeros.

        Raises:
            BadInputError: If the model has neither.
        """
        found = [np.asarray(doc[:].vector, np.float32) for doc in self._language.pipe(texts)]
        if not all(len(vector) for vector in found):
            problem = "expected a spaCy model with vectors, such as en_core_web_md"
            raise BadInputError(problem, record="--spacy-model")
        lengths = [max(float(np.linalg.norm(vector)), 1e-12) for vector in found]
        return np.array([v / length for v, length in zip(found, lengths, strict=True)])


def _loaded(model: str) -> "Language":
    try:
        import spacy
    except ImportError as fault:
        problem = "to find subjects takes spaCy: pip install spacy"
        raise BadInputError(problem, record="--grounder") from fault
    try:
        return spacy.load(model, exclude=["parser", "ner"])
    except OSError as fault:
        problem = (
            f"there is no spaCy model {model!r}; python -m spacy download en_core_web_sm "
            "fetches one, and the folder of one will do"
        )
        raise BadInputError(problem, record="--spacy-model") from fault


def _subject(doc: "Doc") -> Subject | None:
    things = [token.i for token in doc if _is_thing(token)]
    if not things:
        return None
    first = head = things[0]
    while head + 1 in things:
        head += 1
    start = head
    while start > max(0, head + 1 - LONGEST_NAME) and doc[start - 1].is_alpha:
        start -= 1
    words = [token.lower_ for token in doc[:head]] + [doc[head].lemma_.lower() or doc[head].lower_]
    names = tuple(" ".join(words[place:]) for place in range(start, head + 1))
    return Subject(" ".join(words[first:]), names)


def _is_thing(token: "Token") -> bool:
    return token.pos_ in _NOUNS and not word_kinds(token.text) & _NO_THING
