"""The subject is the first run of nouns; a missing model is told in words that help."""

import sys

import numpy as np
import pytest

from tests.refusals import refused
from vg_mc.text.subjects import Subject, SubjectFinder

REAL_MODELS = ("en_core_web_sm", "en_core_web_md", "en_core_web_lg")


@pytest.fixture
def finder(spacy_model):
    return SubjectFinder(spacy_model)


@pytest.mark.parametrize(
    ("text", "phrase", "names"),
    [
        ("the guy in a shirt", "guy", ("the guy", "guy")),
        ("Cats", "cat", ("cat",)),
        ("left cat", "cat", ("left cat", "cat")),
        ("big hot dog", "dog", ("big hot dog", "hot dog", "dog")),
        ("very big hot dog", "dog", ("big hot dog", "hot dog", "dog")),
        ("pizza slice", "pizza slice", ("pizza slice", "slice")),
        ("no, cat", "cat", ("cat",)),
        ("on left side: a shirt", "shirt", ("a shirt", "shirt")),
    ],
)
def test_the_first_thing_is_the_subject(finder, text, phrase, names):
    assert finder.subjects([text]) == [Subject(phrase, names)]


def test_a_text_about_places_alone_has_no_subject(finder):
    assert finder.subjects(["left side", "second from left", ""]) == [None, None, None]


def test_vectors_are_means_of_the_words_and_have_length_one(spacy_model, tmp_path):
    spacy = pytest.importorskip("spacy")
    language = spacy.load(spacy_model)
    for word, vector in {"cat": [3, 4], "teddy": [0, 1], "bear": [0, 3]}.items():
        language.vocab.set_vector(word, np.array(vector, np.float32))
    language.to_disk(tmp_path / "vectors")

    finder = SubjectFinder(str(tmp_path / "vectors"))

    assert finder.has_vectors
    assert np.allclose(finder.vectors(["cat", "teddy bear", "zzz"]), [[0.6, 0.8], [0, 1], [0, 0]])


def test_a_model_without_vectors_is_refused_when_they_are_asked_for(finder):
    assert not finder.has_vectors
    with refused("spaCy", record="--spacy-model"):
        finder.vectors(["cat"])


def test_a_model_without_tags_is_refused(tmp_path):
    pytest.importorskip("spacy").blank("en").to_disk(tmp_path / "blank")

    with refused(record="--spacy-model"):
        SubjectFinder(str(tmp_path / "blank"))


def test_a_missing_model_is_told_with_the_way_to_fetch_it():
    pytest.importorskip("spacy")

    with refused("spaCy", "en_none", record="--spacy-model"):
        SubjectFinder("en_none")


def test_missing_spacy_is_told_with_the_way_to_install_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "spacy", None)

    with refused("spaCy", record="--grounder"):
        SubjectFinder("en_core_web_sm")


def test_a_real_model_finds_subjects_as_people_type_them():
    util = pytest.importorskip("spacy.util")
    known = [name for name in util.get_installed_models() if name.startswith(REAL_MODELS)]
    if not known:
        pytest.skip(f"none of {', '.join(REAL_MODELS)} is installed")

    finder = SubjectFinder(known[0])

    texts = ["the men in red", "left zebra", "white horse facing away", "second from left"]
    subjects = finder.subjects(texts)
    assert [one and one.phrase for one in subjects] == ["man", "zebra", "horse", None]
