"""Prompt templates have one placeholder; subjects are found only where a template needs them."""

import pytest

from vg_mc.errors import BadInputError
from vg_mc.text.prompts import check_prompts, subjects_for


@pytest.mark.parametrize(
    ("prompts", "problem"),
    [
        ([], "at least one"),
        (["{}", "{}"], "distinct"),
        (["{}", "a photo"], "one placeholder, .* not 'a photo'"),
        (["{}: {subject}"], "one placeholder"),
    ],
)
def test_wordings_without_sense_are_refused(prompts, problem):
    with pytest.raises(BadInputError, match=problem):
        check_prompts(prompts)


def test_the_subject_is_found_or_all_is_taken(spacy_model):
    subject_of = subjects_for(["{}", "a {subject}"], spacy_model)

    assert [subject_of(text) for text in ("the left cats", "left of it")] == ["cat", "left of it"]


def test_nothing_is_loaded_where_no_wording_asks_for_subjects():
    assert subjects_for(["a photo of {}"], "no such model")("the cat") == "the cat"
