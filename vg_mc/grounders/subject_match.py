"""The subject of an expression is looked for among what the detector says it has found.

No picture is looked at: "the man on the left" is one of the boxes called person. Among equals the
words about places decide if they are asked for, then the detector's confidence.
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
    """How the grounders subject-match and subject-match-model compare."""

    text_similarity: Literal["exact", "vectors"] = "exact"
    """How subject-match compares the subject with category names: the same name or a synonym, or
    the cosine of spaCy's vectors, which need a model that has some, like en_core_web_md."""

    place_words: bool = False
    """Words like "left" and "second from right" decide between candidates that subject-match finds
    equal."""


def same_name(subjects: Sequence[Subject], categories: Sequence[str]) -> Similarities:
    """Count the words by which a subject names a category, 0 if it does not."""
    return np.array(
        [[words_named(one.names, category) for category in categories] for one in subjects],
        np.float64,
    ).reshape(len(subjects), len(categories))


def cosine_by(vectors: TextVectors) -> NameSimilarity:
    """Compare the phrase of a subject with categories in the space of `vectors`."""

    def similarity(subjects: Sequence[Subject], categories: Sequence[str]) -> Similarities:
        phrases = [subject.phrase for subject in subjects]
        if not (phrases and categories):
            return np.zeros((len(phrases), len(categories)))
        return (vectors(phrases) @ vectors(categories).T).astype(np.float64)

    return similarity


@dataclass(frozen=True, kw_only=True)
class SubjectMatch:
    """Chooses the candidate whose category is most like the subject; logits are minus ranks.

    Attributes:
        finder: Finds the subjects.
        similarity: How alike subjects and categories are.
        place_words: Let words about places decide between candidates of equal similarity.
        name: How result tables call it.
        facts: What a reader of the numbers should know of it.
    """

    finder: SubjectFinder
    similarity: NameSimilarity = same_name
    place_words: bool = False
    name: str = "subject-match"
    facts: Mapping[str, str] = field(default_factory=dict)

    def logits(self, dataset: "PreparedDataset", expressions: "Expressions") -> list[Logits]:
        """Return minus the ranks of each expression's candidates.

        Without a subject, or where it is like none, places and confidence decide alone.
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
        lowest = float(table.min(initial=0)) - 1  # of what the detector has no name for

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
    """Match subjects with categories by names, spaCy's vectors or the texts of a model."""
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
    """Return how subjects and categories are compared, and its description."""
    if context.model:
        by_model = f"cosine of the text features of {context.model}"
        return cosine_by(context.text_features().vectors), by_model
    if options.text_similarity == "exact":
        return same_name, "same name or synonym"
    finder.vectors(["a cat"])  # refuses a model without any before anything is answered
    kind = "word vectors" if finder.has_vectors else "the tagger's features, for want of vectors"
    return cosine_by(finder.vectors), f"cosine of {kind}"


SUBJECT_MATCH = (
    Registration(name="subject-match", options=SubjectMatchOptions, build=_build),
    Registration(
        name="subject-match-model", options=SubjectMatchOptions, build=_build, model="texts"
    ),
)
