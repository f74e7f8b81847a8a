"""Grounders of words are built as the flags say, and tables tell how."""

from dataclasses import replace

import pytest

from vg_mc.commands.evaluate import EvaluateConfig, run
from vg_mc.faults import BadInputError


def test_subjects_are_matched_by_the_model_that_is_named(coloured, tmp_path, spacy_model):
    config = EvaluateConfig(
        coloured.folder,
        tmp_path,
        grounder=("subject-match",),
        spacy_model=spacy_model,
        place_words=True,
    )

    (answered,) = run(config)

    assert answered.name == "subject-match"
    assert answered.facts["subject and category"] == "same name or synonym"
    assert answered.facts["place words"] == "decide between equals"


def test_captions_and_subjects_are_compared_by_words_or_by_a_model(coloured, tmp_path, spacy_model):
    config = EvaluateConfig(
        coloured.folder,
        tmp_path,
        grounder=("pseudo-query", "pseudo-query-clip", "subject-match-clip"),
        model=("tiny-vit",),
        spacy_model=spacy_model,
    )

    words, captions, subjects = run(config)

    assert words.facts["captions"] == "category and place"
    assert "rare" in words.facts["expression and caption"]
    assert captions.name == "pseudo-query-clip, tiny-vit"
    assert "tiny-vit" in captions.facts["expression and caption"]
    assert "tiny-vit" in subjects.facts["subject and category"]


def test_vectors_that_the_model_lacks_are_told(coloured, tmp_path, spacy_model):
    config = EvaluateConfig(
        coloured.folder, tmp_path, grounder=("subject-match",), spacy_model=spacy_model
    )

    with pytest.raises(BadInputError, match="a spaCy model with vectors"):
        run(replace(config, text_similarity="vectors"))
