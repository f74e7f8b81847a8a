from pathlib import Path

import huggingface_hub
import pytest

from tests.refusals import refused
from vg_mc.system.hub import (
    LANGUAGE_MODEL,
    MODEL,
    OLD_WEIGHTS,
    TABLES,
    fetched_model,
    local_or_fetched,
)


@pytest.fixture
def asked(monkeypatch, tmp_path):
    calls = []

    def fetch(name, **settings):
        calls.append((name, settings))
        return str(tmp_path)

    monkeypatch.setattr(huggingface_hub, "snapshot_download", fetch)
    return calls


def test_a_local_folder_is_taken_and_nobody_is_asked(asked, tmp_path):
    assert local_or_fetched(tmp_path, "dataset", TABLES) == tmp_path
    assert not asked


@pytest.mark.parametrize(
    ("name", "revision"), [("jxu124/refcoco", None), ("jxu124/refcoco@9fba820", "9fba820")]
)
def test_only_tables_are_fetched_and_no_code(name, revision, asked, tmp_path):
    assert local_or_fetched(Path(name), "dataset", TABLES) == tmp_path
    assert asked == [
        (
            "jxu124/refcoco",
            {"repo_type": "dataset", "revision": revision, "allow_patterns": ["*.parquet"]},
        )
    ]


@pytest.mark.parametrize("name", ["refcoco", "data/mirrors/refcoco", "../refcoco", "/a/b", "a/b c"])
def test_what_can_be_no_dataset_is_refused_without_asking(name, asked, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with refused("owner/name"):
        local_or_fetched(Path(name), "dataset", TABLES)
    assert not asked


def test_the_hub_s_refusal_is_passed_on(monkeypatch):
    def fail(*_, **__):
        raise ConnectionError("no network\nand a long story")

    monkeypatch.setattr(huggingface_hub, "snapshot_download", fail)

    with refused("jxu124/refcoco", "ConnectionError", file="refcoco"):
        local_or_fetched(Path("jxu124/refcoco"), "dataset", TABLES)


def test_no_pickle_of_a_model_is_fetched(asked, tmp_path):
    assert local_or_fetched(Path("owner/detector"), "model", MODEL) == tmp_path
    ((_, settings),) = asked
    assert settings["repo_type"] == "model"
    assert not any(
        Path(name).match(pattern)
        for name in ("pytorch_model.bin", "model.pt", "model.pkl", "modeling.py")
        for pattern in settings["allow_patterns"]
    )


def test_older_weights_are_fetched_only_where_there_are_no_others(asked, tmp_path):
    assert fetched_model(Path("owner/old")) == tmp_path
    (tmp_path / "model-00001-of-00002.safetensors").touch()
    assert fetched_model(Path("owner/new")) == tmp_path

    wanted = [(name, settings["allow_patterns"]) for name, settings in asked]
    assert wanted == [
        ("owner/old", [*LANGUAGE_MODEL]),
        ("owner/old", [*LANGUAGE_MODEL, *OLD_WEIGHTS]),
        ("owner/new", [*LANGUAGE_MODEL]),
    ]
    assert not any(Path("modeling.py").match(pattern) for pattern in wanted[1][1])


def test_nobody_is_asked_for_more_of_a_local_model(asked, tmp_path):
    assert fetched_model(tmp_path) == tmp_path
    assert not asked
