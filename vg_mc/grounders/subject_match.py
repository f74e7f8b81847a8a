"""The grounders ``subject-match`` and ``subject-match-model``: compare subject and category names.

The subject of an expression is compared with the detector's category of each candidate. Ties are
broken by place words, if enabled, then by the detector's confidence. Images are not used.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from vg_mc.grounders.protocol import Logits, logits_in_order
from vg_mc.grounders.registration import Context, Registration
from vg_mc.text.names import words_named
from vg_mc.text.places import place_values
from vg_mc.text.subjects import Subject, SubjectFinder

if TYPE_CHECKING:
    from vg_mc.prepared.dataset import Expressions, PreparedDataset

Similarities = NDArray[np.float64]  # (S, K) of S subjects and K categories
NameSimilarity = Callable[[Sequence[Subject], Sequence[str]], Similarities]
TextVectors = Callable[[Sequence[str]], NDArray[np.float32]]  # N texts to unit vectors (N, D)


@dataclass(frozen=True)
class SubjectMatchOptions:
    """Options of the grounders subject-match and subject-match-model."""

    text_similarity: Literal["exact", "vectors"] = "exact"
    """How subject-match compares the subject with category names: exact accepts the same name or a
    synonym, vectors takes the cosine similarity of spaCy's vectors, which requires a model with
    vectors such as en_core_web_md."""

    place_words: bool = False
    """Use words such as "left" and "second from right" to break ties of subject-match."""


def same_name(subjects: Sequence[Subject], categories: Sequence[str]) -> Similarities:
    """Count the words of each subject that name each category, shape (S, K)."""
    return np.array(
        [[words_named(one.names, category) for category in categories] for one in subjects],
        np.float64,
    ).reshape(len(subjects), len(categories))


def cosine_by(vectors: TextVectors) -> NameSimilarity:
    """Return a function that compares subjects and categories by the cosine of their vectors."""

    def similarity(subjects: Sequence[Subject], categories: Sequence[str]) -> Similarities:
        phrases = [subject.phrase for subject in subjects]
        if not (phrases and categories):
            return np.zeros((len(phrases), len(categories)))
        return (vectors(phrases) @ vectors(categories).T).astype(np.float64)

    return similarity


@dataclass(frozen=True, kw_only=True)
class SubjectMatch:
    """Chooses the candidate whose category is most similar to the subject of the expression.

    The logits are negated ranks.

    Attributes:
        finder: Finds the subjects.
        similarity: Computes the similarity of subjects and categories.
        place_words: Break ties of the similarity by place words.
        name: Name in result tables.
        facts: Description for reports.
    """

    finder: SubjectFinder
    similarity: NameSimilarity = same_name
    place_words: bool = False
    name: str = "subject-match"
    facts: Mapping[str, str] = field(default_factory=dict)

    def logits(self, dataset: "PreparedDataset", expressions: "Expressions") -> list[Logits]:
        """Return the negated ranks of each expression's candidates, shape (C,).

        If an expression has no subject, or one that matches no category, only place words and
        confidence are used.
        """
        photos = dataset.photos()
        alike = self._similarities(dataset, expressions)
        rows = zip(
            expressions.texts,
            expressions.image_ids.tolist(),
            expressions.candidate_ids,
            alike,
            strict=True,
        )
        answers = []
        for text, image_id, ids, similar in rows:
            places = np.zeros(len(ids))
            if self.place_words:
                size = (photos[image_id].width, photos[image_id].height)
                for level in np.unique(similar):
                    equals = similar == level
                    places[equals] = place_values(text, dataset.boxes(ids[equals]), size)
            answers.append(logits_in_order(similar, places, dataset.scores(ids)))
        return answers

    def _similarities(
        self, dataset: "PreparedDataset", expressions: "Expressions"
    ) -> list[NDArray[np.float64]]:
        found = self.finder.subjects(expressions.texts)
        names = [dataset.candidate_categories(ids) for ids in expressions.candidate_ids]
        subjects = list(dict.fromkeys(one for one in found if one is not None))
        categories = sorted({name for row in names for name in row if name})
        table = self.similarity(subjects, categories)
        row_of = {subject: row for row, subject in enumerate(subjects)}
        column_of = {category: column for column, category in enumerate(categories)}
        lowest = float(table.min(initial=0)) - 1  # for candidates of unknown category

        def similar(subject: Subject | None, category: str) -> float:
            if subject is None:
                return 0.0
            if not category:
                return lowest
            return float(table[row_of[subject], column_of[category]])

        return [
            np.array([similar(subject, name) for name in row], np.float64)
            for subject, row in zip(found, names, strict=True)
        ]


def _build(options: SubjectMatchOptions, context: Context) -> SubjectMatch:
    """Build the grounder with the similarity of names, spaCy's vectors or a model's features."""
    finder = SubjectFinder(context.spacy_model)
    similarity, compared = _similarity(finder, options, context)
    return SubjectMatch(
        finder=finder,
        similarity=similarity,
        place_words=options.place_words,
        facts={
            "grounder": "subject-match",
            "subjects": f"spaCy, {finder.model}",
            "subject and category": compared,
            "place words": "decide between equals" if options.place_words else "not read",
        },
    )


def _similarity(
    finder: SubjectFinder, options: SubjectMatchOptions, context: Context
) -> tuple[NameSimilarity, str]:
    """Return the similarity of subjects and categories, and its description for reports."""
    if context.model:
        by_model = f"cosine of the text features of {context.model}"
        return cosine_by(context.text_features().vectors), by_model
    if options.text_similarity == "exact":
        return same_name, "same name or synonym"
    finder.vectors(["a cat"])  # fails early if the model has no vectors
    kind = "word vectors" if finder.has_vectors else "the tagger's features, for want of vectors"
    return cosine_by(finder.vectors), f"cosine of {kind}"


SUBJECT_MATCH = (
    Registration(name="subject-match", options=SubjectMatchOptions, build=_build),
    Registration(
        name="subject-match-model", options=SubjectMatchOptions, build=_build, model="texts"
    ),
)
