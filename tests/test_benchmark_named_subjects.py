"""A model of texts and the table of names are held against each other."""

import numpy as np
import pytest

from benchmarks.named_subjects import AGREED, OTHERWISE, UNKNOWN, main, verdict_on
from vg_mc.grounders.subject_match import cosine_by
from vg_mc.text.subjects import Subject

SPACE = {"dog": [1, 0], "person": [0, 1], "guy": [0.1, 0.9], "puppy": [0.4, 0.6], "hand": [1, 1]}


def vectors(texts):
    return np.array([SPACE[text] for text in texts], np.float32)


@pytest.mark.parametrize(
    ("word", "verdict"),
    [
        ("guy", (AGREED, "person")),
        ("puppy", (OTHERWISE, "person")),
        ("hand", (UNKNOWN, "dog")),
    ],
)
def test_the_category_most_like_a_subject_is_looked_up_in_the_table(word, verdict):
    assert verdict_on(Subject(word, (word,)), ["dog", "person"], cosine_by(vectors)) == verdict


def test_all_sentences_with_a_subject_are_counted(coloured, spacy_model, monkeypatch, capsys):
    subject = Subject("circle", ("circle",))
    monkeypatch.setattr(
        "benchmarks.named_subjects.SubjectFinder.subjects",
        lambda _, texts: [subject for _ in texts],
    )
    asked = [coloured.expressions(split) for split in coloured.splits]
    sentences = sum(len(ids) > 0 for one in asked for ids in one.candidate_ids)

    main([str(coloured.folder), "--model", "tiny-vit", "--spacy-model", spacy_model])

    first, *counts = capsys.readouterr().out.splitlines()
    assert first == f"{sentences} expressions with a subject"
    assert sum(int(line.split()[0]) for line in counts[:3]) == sentences
