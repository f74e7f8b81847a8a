"""Prompt templates have one placeholder; subjects are found only where a template needs them."""

import pytest

from tests.refusals import refused
from vg_mc.text.prompts import check_prompts, subjects_for


@pytest.mark.parametrize(
    ("prompts", "problem"),
    [
        ([], "least"),
        (["{}", "{}"], "distinct"),
        (["{}", "a photo"], "photo"),
        (["{}: {subject}"], "placeholder"),
    ],
)
def test_wordings_without_sense_are_refused(prompts, problem):
    with refused(*problem.split()):
        check_prompts(prompts)


def test_the_subject_is_found_or_all_is_taken(spacy_model):
    subject_of = subjects_for(["{}", "a {subject}"], spacy_model)

    assert [subject_of(text) for text in ("the left cats", "left of it")] == ["cat", "left of it"]


def test_nothing_is_loaded_where_no_wording_asks_for_subjects():
    assert subjects_for(["a photo of {}"], "no such model")("the cat") == "the cat"
