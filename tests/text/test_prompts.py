"""Wordings have one place for the expression, and subjects are found only where they are asked."""

import pytest

from vg_mc.errors import BadInputError
from vg_mc.text.prompts import check_prompts, subjects_for


@pytest.mark.parametrize(
    ("prompts", "problem"),
    [
        ([], "expected one or several"),
        (["{}", "{}"], "expected each once"),
        (["{}", "a photo"], "expected {} once, .* not 'a photo'"),
        (["{}: {subject}"], "expected {} once"),
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
