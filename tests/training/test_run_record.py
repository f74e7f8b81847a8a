"""A folder is taken for one run only, and each difference from it is named."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from accelerate import Accelerator

from tests.refusals import refused
from tests.training.tiny_run import changed
from vg_mc.commands.finetune import FinetuneConfig, decisive
from vg_mc.prepared.dataset import PreparedDataset
from vg_mc.training.run_record import claim, describe


def config_of(coloured, output: Path) -> FinetuneConfig:
    return FinetuneConfig(dataset=coloured.folder, model="tiny-vit", output=output)


def claimed(config, dataset, resume="auto", **changes) -> None:
    config = replace(config, training=changed(config.training, **changes))
    described = describe(decisive(config), dataset, Accelerator(cpu=True))
    claim(config.output, described, resume)


def test_each_setting_that_differs_is_named(coloured, tmp_path):
    config = config_of(coloured, tmp_path / "run")
    claimed(config, coloured)

    with refused("batch_size was 64", "learning_rate was 8e-06", "0.5", file="run"):
        claimed(config, coloured, batch_size=3, learning_rate=0.5)


@pytest.mark.parametrize("name", ["epochs", "warmup_ratio"])
def test_a_run_does_not_go_on_with_another_length(coloured, tmp_path, name):
    """Its learning rate would have been another one from the first step on."""
    config = config_of(coloured, tmp_path / "run")
    claimed(config, coloured)

    with refused(*name.split(), "9"):
        claimed(config, coloured, **{name: 9})


def test_other_data_is_another_run(coloured, make_coloured, make_photos, tmp_path):
    config = config_of(coloured, tmp_path / "run")
    claimed(config, coloured)
    splits = {"train": make_photos(2, 1, 5), "val": make_photos(1, 1, 6)}
    other = make_coloured(tmp_path / "data", splits)

    with refused("data_hash", file="run"):
        claimed(config, other)


def test_a_setting_that_an_older_run_did_not_know_is_a_difference(coloured, tmp_path):
    config = config_of(coloured, tmp_path / "run")
    claimed(config, coloured)
    path = config.output / "config.json"
    described = json.loads(path.read_text())
    del described["settings"]["seed"]
    path.write_text(json.dumps(described))

    with refused("0", file="run"):
        claimed(config, coloured)


@pytest.mark.parametrize("content", ["{", "[]", "{}"])
def test_a_damaged_description_is_told(coloured, tmp_path, content):
    config = config_of(coloured, tmp_path)
    (tmp_path / "config.json").write_text(content)

    with refused("expected"):
        claimed(config, coloured)


def test_a_used_output_is_refused_where_resuming_is_not_wanted(coloured, tmp_path):
    config = config_of(coloured, tmp_path / "run")
    claimed(config, coloured)

    with refused("--resume", file="run"):
        claimed(config, coloured, resume="never")


def test_checkpoints_of_nobody_are_not_continued(coloured, tmp_path):
    (tmp_path / "checkpoints").mkdir()

    with refused("config.json"):
        claimed(config_of(coloured, tmp_path), coloured)


def test_a_model_is_not_trained_on_what_is_no_marker(coloured, tmp_path):
    settings = coloured.manifest["settings"] | {"views": {"crop": {"context": 1.0}}}
    del settings["marker"]
    crops = PreparedDataset(coloured.folder, coloured.manifest | {"settings": settings})

    with refused(file="coloured0"):
        claimed(config_of(coloured, tmp_path / "run"), crops)
    assert not (tmp_path / "run").exists()
