"""Grounders are chosen by name, and refused by name before anything is loaded."""

import pytest

from tests.refusals import refused
from vg_mc.errors import BadInputError
from vg_mc.grounders.clip import ClipOptions
from vg_mc.grounders.pseudo_query import PseudoQueryOptions
from vg_mc.grounders.registry import GROUNDERS, GrounderOptions, select, short_name


def test_clip_answers_once_for_each_model_and_others_once():
    selected = select(("random", "clip"), ("a", "b"))

    assert [(one.grounder.name, one.model, one.name) for one in selected] == [
        ("random", "", "random"),
        ("clip", "a", "a"),
        ("clip", "b", "b"),
    ]


def test_each_grounder_gets_the_options_of_its_class():
    options = GrounderOptions(clip=ClipOptions(combine="max"))

    assert all(isinstance(options.of(one), one.options) for one in GROUNDERS.values())
    assert options.of(GROUNDERS["clip"]).combine == "max"


def test_mirrored_images_are_told_in_any_name():
    options = GrounderOptions(clip=ClipOptions(flip=True))

    selected = select(("clip", "random"), ("a",), options)
    named = select(("clip", "random"), ("a",), options, ("first", "second"))

    assert [one.name for one in selected] == ["a, mirrored", "random"]
    assert [one.name for one in named] == ["first, mirrored", "second"]


def test_each_view_is_a_row_of_its_own():
    options = GrounderOptions(clip=ClipOptions(views=("seed", "crop"), each_view=True, flip=True))

    selected = select(("clip",), ("a",), options)

    assert [one.name for one in selected] == ["a, clip-refcoco, mirrored", "a, crop, mirrored"]
    assert [one.options.views for one in selected] == [("clip-refcoco",), ("crop",)]
    with pytest.raises(BadInputError) as caught:
        select(("clip",), ("a",), GrounderOptions(clip=ClipOptions(each_view=True)))
    assert caught.value.record == "--each-view"


def test_a_model_that_reads_only_texts_is_told_from_one_that_sees_pictures():
    names = [one.name for one in select(("clip", "pseudo-query-model"), ("tiny-vit",))]

    assert names == ["tiny-vit", "pseudo-query-model, tiny-vit"]


def test_a_sentence_encoder_is_named_without_its_kind(tmp_path):
    (tmp_path / "minilm").mkdir()
    models = (f"sentence:{tmp_path / 'minilm'}", "sentence:owner/model")
    names = [one.name for one in select(("subject-match-model",), models)]

    assert names == ["subject-match-model, minilm", "subject-match-model, owner/model"]


@pytest.mark.parametrize(
    ("grounders", "models", "problem"),
    [
        (
            ("subject-match-model", "clip"),
            ("tiny-vit", "sentence:owner/model"),
            "sentence:owner/model",
        ),
        (("clap",), (), "--grounder clap"),
        (("random", "random"), (), "--grounder"),
        (("clip",), (), "--grounder --model"),
        (("random",), ("tiny-vit",), "--model"),
    ],
)
def test_a_choice_without_sense_is_refused(grounders, models, problem):
    with refused(*problem.split()):
        select(grounders, models)


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
    options = GrounderOptions(pseudo_query=PseudoQueryOptions(captioner="a/blip"))
    chosen = select(("random", "pseudo-query", "pseudo-query-model"), ("tiny-vit",), options)

    assert [one.name for one in chosen] == [
        "random",
        "pseudo-query, a/blip",
        "pseudo-query-model, tiny-vit, a/blip",
    ]


def test_a_captioner_that_nobody_listens_to_is_refused():
    options = GrounderOptions(pseudo_query=PseudoQueryOptions(captioner="a/blip"))
    with pytest.raises(BadInputError) as caught:
        select(("random",), (), options)

    assert caught.value.record == "--captioner"
