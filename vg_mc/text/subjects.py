"""Subjects of expressions: the noun that names the target, found with spaCy.

Expressions such as "guy in blue shirt second from left" are not sentences, so parsers often fail on
them while taggers rarely do. The subject is therefore the first run of nouns, and its last noun is
the head. Nouns for a place or an order ("left", "side", "second") are skipped.
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

_NOT_OBJECTS = frozenset({WordKind.PLACE, WordKind.ORDINAL})
_NOUNS = frozenset({"NOUN", "PROPN"})
LONGEST_NAME = 3  # words


class Subject(NamedTuple):
    """The subject of an expression.

    Attributes:
        phrase: The run of nouns, with the head in the singular: "pizza slice".
        names: Possible names, longest first. Each ends with the head and does not cross
            punctuation: "large hot dog", "hot dog", "dog".
    """

    phrase: str
    names: tuple[str, ...]


class SubjectFinder:
    """Finds subjects with a spaCy model that tags parts of speech."""

    def __init__(self, model: str) -> None:
        """Load a model by package name or from a folder.

        Raises:
            BadInputError: If spaCy or the model is missing, or it does not tag parts of speech.
        """
        self._language = _loaded(model)
        self.model = f"{self._language.meta['name']} {self._language.meta['version']}"
        if not self._language("a cat").has_annotation("POS"):
            problem = f"expected a spaCy model that tags parts of speech, not {model!r}"
            raise BadInputError(problem, record="--spacy-model")

    @property
    def has_vectors(self) -> bool:
        """Whether the model has word vectors; small models have none."""
        return bool(self._language.vocab.vectors.size)

    def subjects(self, texts: Sequence[str]) -> list[Subject | None]:
        """Return the subject of each text, None without a noun."""
        return [_subject(doc) for doc in self._language.pipe(texts)]

    def vectors(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return a unit vector per text, the mean over its words, shape (N, D).

        Without word vectors these are the features of the tagger, which represent grammar more than
        meaning. A text of unknown words gets zeros.

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
        problem = "finding subjects requires spaCy: pip install spacy"
        raise BadInputError(problem, record="--grounder") from fault
    try:
        return spacy.load(model, exclude=["parser", "ner"])
    except OSError as fault:
        problem = (
            f"no spaCy model {model!r}; install one with "
            "python -m spacy download en_core_web_sm, or give the folder of a model"
        )
        raise BadInputError(problem, record="--spacy-model") from fault


def _subject(doc: "Doc") -> Subject | None:
    objects = [token.i for token in doc if _is_object(token)]
    if not objects:
        return None
    first = head = objects[0]
    while head + 1 in objects:
        head += 1
    start = head
    while start > max(0, head + 1 - LONGEST_NAME) and doc[start - 1].is_alpha:
        start -= 1
    words = [token.lower_ for token in doc[:head]] + [doc[head].lemma_.lower() or doc[head].lower_]
    names = tuple(" ".join(words[place:]) for place in range(start, head + 1))
    return Subject(" ".join(words[first:]), names)


def _is_object(token: "Token") -> bool:
    return token.pos_ in _NOUNS and not word_kinds(token.text) & _NOT_OBJECTS
