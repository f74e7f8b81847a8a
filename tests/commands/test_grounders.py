"""Grounders are chosen by name, and refused by name before anything is loaded."""

import pytest

from vg_mc.commands.grounders import Answerer, answerers, short_name
from vg_mc.errors import BadInputError


def test_clip_answers_once_for_each_model_and_others_once():
    assert answerers(("random", "clip"), ("a", "b")) == [
        Answerer("random", "", "random"),
        Answerer("clip", "a", "a"),
        Answerer("clip", "b", "b"),
    ]


def test_a_model_that_reads_only_texts_is_told_from_one_that_sees_pictures():
    names = [one.name for one in answerers(("clip", "pseudo-query-model"), ("tiny-vit",))]

    assert names == ["tiny-vit", "pseudo-query-model, tiny-vit"]


def test_a_sentence_encoder_is_named_without_its_kind(tmp_path):
    (tmp_path / "minilm").mkdir()
    models = (f"sentence:{tmp_path / 'minilm'}", "sentence:owner/model")
    names = [one.name for one in answerers(("subject-match-model",), models)]

    assert names == ["subject-match-model, minilm", "subject-match-model, owner/model"]


@pytest.mark.parametrize(
    ("grounders", "models", "problem"),
    [
        (
            ("subject-match-model", "clip"),
            ("tiny-vit", "sentence:owner/model"),
            "'sentence:owner/model' reads texts alone: expected a model that sees pictures",
        ),
        (("clap",), (), "--grounder: no grounder is called 'clap'; there are clip, biggest-box"),
        (("random", "random"), (), "--grounder: the grounder 'random' is named twice"),
        (("clip",), (), "--grounder: the grounder clip needs --model"),
        (
            ("random",),
            ("tiny-vit",),
            "--model: it is for the grounder clip or .*, which is not asked",
        ),
    ],
)
def test_a_choice_without_sense_is_refused(grounders, models, problem):
    with pytest.raises(BadInputError, match=problem):
        answerers(grounders, models)


def test_the_best_model_of_a_run_has_the_name_of_the_run(tmp_path, monkeypatch):
    (tmp_path / "large-run" / "best").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "large-run" / "best")

    assert short_name(".") == "large-run"


def test_any_other_model_keeps_its_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "my-clip").mkdir()

    assert short_name("my-clip/") == "my-clip"
    assert short_name("openai/clip-vit-base-patch32") == "openai/clip-vit-base-patch32"


def test_what_a_captioner_described_is_told_apart():
    chosen = answerers(("random", "pseudo-query", "pseudo-query-model"), ("tiny-vit",), "a/blip")

    assert [one.name for one in chosen] == [
        "random",
        "pseudo-query, a/blip",
        "pseudo-query-model, tiny-vit, a/blip",
    ]


def test_a_captioner_that_nobody_listens_to_is_refused():
    problem = "--captioner: it is for the grounder pseudo-query or pseudo-query-model, which is not"
    with pytest.raises(BadInputError, match=problem):
        answerers(("random",), (), "a/blip")
