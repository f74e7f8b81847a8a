"""The layout of sentence-transformers is read as its releases write it, or refused."""

import json
from pathlib import Path

import pytest

from vg_mc.errors import BadInputError
from vg_mc.models.sentences import SentenceLayout, read_layout


@pytest.fixture
def write(tmp_path):
    """Write a folder in the layout: the kinds of its modules, and settings by file."""

    def written(*kinds: str, **settings: dict[str, object]) -> Path:
        homes = {"Transformer": "", "Pooling": "1_Pooling"}
        modules = [
            {
                "idx": place,
                "name": str(place),
                "path": homes.get(kind, f"{place}_{kind}"),
                "type": f"sentence_transformers.models.{kind}",
            }
            for place, kind in enumerate(kinds or ("Transformer", "Pooling", "Normalize"))
        ]
        (tmp_path / "modules.json").write_text(json.dumps(modules))
        (tmp_path / "1_Pooling").mkdir(exist_ok=True)
        settings.setdefault("pooling", {"pooling_mode_mean_tokens": True})
        names = {
            "pooling": "1_Pooling/config.json",
            "reading": "sentence_bert_config.json",
            "prompts": "config_sentence_transformers.json",
        }
        for name, values in settings.items():
            (tmp_path / names[name]).write_text(json.dumps(values))
        return tmp_path

    return written


def test_a_folder_without_a_list_of_modules_is_a_transformer_whose_tokens_are_averaged(tmp_path):
    assert read_layout(tmp_path) == SentenceLayout(tmp_path, "mean", None, lowercase=False)


def test_all_that_decides_on_a_vector_is_read(write):
    folder = write(
        pooling={"pooling_mode_cls_token": True, "pooling_mode_mean_tokens": False},
        reading={"max_seq_length": 128, "do_lower_case": True},
        prompts={"prompts": {"query": "find: "}, "default_prompt_name": "query"},
    )

    assert read_layout(folder) == SentenceLayout(
        folder, "cls", 128, lowercase=True, prompt="find: "
    )


@pytest.mark.parametrize(
    ("settings", "pooling"),
    [
        ({"pooling_mode_mean_tokens": True, "pooling_mode_cls_token": False}, "mean"),
        ({"pooling_mode_mean_sqrt_len_tokens": True}, "mean"),
        ({"pooling_mode_max_tokens": True}, "max"),
        ({"pooling_mode_lasttoken": True, "pooling_mode_mean_tokens": False}, "lasttoken"),
        ({"embedding_dimension": 8, "pooling_mode": "lasttoken"}, "lasttoken"),
    ],
)
def test_a_pooling_is_named_by_a_flag_or_by_its_name(write, settings, pooling):
    assert read_layout(write(pooling=settings)).pooling == pooling


def test_modules_are_known_by_their_class_wherever_a_release_keeps_it(write):
    folder = write()
    modules = json.loads((folder / "modules.json").read_text())
    modules[0] |= {
        "type": "sentence_transformers.base.modules.transformer.Transformer",
        "path": "0_Transformer",
    }
    (folder / "modules.json").write_text(json.dumps(modules))
    (folder / "0_Transformer").mkdir()
    limit = {"max_seq_length": 64, "do_lower_case": False}
    (folder / "0_Transformer" / "sentence_roberta_config.json").write_text(json.dumps(limit))

    assert read_layout(folder) == SentenceLayout(folder / "0_Transformer", "mean", 64)


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"reading": {"max_seq_length": None}},
        {"prompts": {"prompts": {"query": "find: "}, "default_prompt_name": None}},
        {"prompts": {"__version__": {"transformers": "4.6.1"}}},
    ],
)
def test_what_is_not_said_changes_nothing(write, settings):
    folder = write(**settings)

    assert read_layout(folder) == SentenceLayout(folder)


@pytest.mark.parametrize(
    ("kinds", "told"),
    [
        (("Transformer", "Pooling", "Dense", "Normalize"), "Transformer, Pooling, Dense, Normal"),
        (("StaticEmbedding",), "not StaticEmbedding"),
        (("CLIPModel",), "not CLIPModel"),
        (("Pooling", "Transformer"), "not Pooling, Transformer"),
    ],
)
def test_a_step_that_is_not_taken_here_is_refused(write, kinds, told):
    with pytest.raises(BadInputError, match=rf"modules.json: expected the modules .*{told}"):
        read_layout(write(*kinds))


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"pooling_mode_cls_token": True, "pooling_mode_max_tokens": True}, "not cls, max"),
        ({"pooling_mode_weightedmean_tokens": True}, "not weightedmean"),
        ({"pooling_mode": "weightedmean"}, "not weightedmean"),
        ({"pooling_mode": ["cls", "mean"]}, r"not \['cls', 'mean'\]"),
        ({"pooling_mode_mean_tokens": False}, "not none"),
    ],
)
def test_any_other_pooling_is_refused(write, settings, told):
    with pytest.raises(
        BadInputError, match=rf"config.json: expected one pooling of mean, .*{told}"
    ):
        read_layout(write(pooling=settings))


def test_a_prompt_whose_tokens_are_left_out_is_refused(write):
    pooling = {"pooling_mode_mean_tokens": True, "include_prompt": False}
    prompts = {"prompts": {"query": "find: "}, "default_prompt_name": "query"}

    assert read_layout(write(pooling=pooling)).prompt == ""
    with pytest.raises(BadInputError, match="tokens of the prompt"):
        read_layout(write(pooling=pooling, prompts=prompts))


@pytest.mark.parametrize("text", ["{}", "[3]", "[{}]", "nonsense"])
def test_a_list_of_modules_that_is_none_is_refused_with_its_folder(write, text):
    folder = write()
    (folder / "modules.json").write_text(text)

    with pytest.raises(BadInputError, match="expected") as refused:
        read_layout(folder)

    assert str(folder) in str(refused.value)


@pytest.mark.parametrize("limit", [0, "many", 2.5])
def test_a_limit_that_is_none_is_refused(write, limit):
    with pytest.raises(BadInputError, match=r"expected .*max_seq_length"):
        read_layout(write(reading={"max_seq_length": limit}))
