"""The subject's category wins, then the place if asked for, then the detector's confidence."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from vg_mc.boxes.arithmetic import as_boxes
from vg_mc.grounders.subject_match import SubjectMatch, cosine_by, same_name
from vg_mc.text.subjects import Subject, SubjectFinder

CATEGORIES = ["dog", "person", "person", "hot dog", ""]
BOXES = as_boxes([(0, 0, 9, 9), (10, 0, 19, 9), (50, 0, 59, 9), (80, 0, 89, 9), (90, 0, 99, 9)])
SCORES = np.array([0.9, 0.3, 0.6, 0.5, 0.95])
DATASET = SimpleNamespace(
    boxes=lambda ids: BOXES[ids],
    scores=lambda ids: SCORES[ids],
    candidate_categories=lambda ids: [CATEGORIES[one] for one in ids],
    photos=lambda: {1: SimpleNamespace(width=100, height=10)},
)


@pytest.fixture
def ask(coloured, spacy_model):
    """Ask one expression about all candidates; return the one that is chosen."""
    expressions = coloured.expressions("testA")

    def chosen(text: str, **settings) -> int:
        asked = replace(
            expressions, texts=[text], image_ids=np.array([1]), candidate_ids=[np.arange(5)]
        )
        scorer = SubjectMatch(finder=SubjectFinder(spacy_model), **settings)
        (logits,) = scorer.logits(DATASET, asked)
        return int(logits.argmax())

    return chosen


def test_the_surest_box_of_the_category_is_chosen(ask):
    assert ask("the guy on the left") == 2
    assert ask("hot dog") == 3
    assert ask("dog") == 0


def test_places_decide_between_equals_when_asked_for(ask):
    assert ask("the guy on the left", place_words=True) == 1
    assert ask("the guy on the right", place_words=True) == 2
    assert ask("guy second from right", place_words=True) == 1


def test_places_choose_among_all_without_a_subject_and_confidence_without_either(ask):
    assert ask("left side", place_words=True) == 0
    assert ask("left side") == 4
    assert ask("the horse") == 0, "a box without a name is never preferred"


def test_the_nearest_category_in_a_space_of_vectors_is_chosen(ask):
    space = {"horse": [1, 0], "person": [0.6, 0.8], "dog": [0.8, 0.6], "hot dog": [0, 1]}

    def vectors(texts):
        return np.array([space[text] for text in texts], np.float32)

    assert ask("the horse", similarity=cosine_by(vectors)) == 0


def test_expressions_without_candidates_get_no_logits(coloured, spacy_model):
    expressions = coloured.expressions("testA")
    nothing = replace(
        expressions,
        image_ids=np.ones(len(expressions), np.int64),
        candidate_ids=[np.empty(0, np.int64)] * len(expressions),
    )

    logits = SubjectMatch(finder=SubjectFinder(spacy_model)).logits(DATASET, nothing)

    assert [row.shape for row in logits] == [(0,)] * len(expressions)


def test_no_subjects_or_no_categories_make_an_empty_table():
    one = [Subject("dog", ("dog",))]

    assert same_name([], ["dog"]).shape == (0, 1)
    assert same_name(one, []).shape == (1, 0)
    assert cosine_by(lambda _: np.empty((0, 2), np.float32))(one, []).shape == (1, 0)
