"""Training from cached features equals training from images, and encodes each input once."""

import importlib.util
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from tests.refusals import refused
from tests.training.tiny_boxes import BOX, TRAINING, box_task, box_trainer, rectangles
from tests.training.tiny_run import changed, fit_until_killed, loop_options
from vg_mc.training.loop import Trainer
from vg_mc.training.options import TrainingOptions
from vg_mc.training.tasks.box_options import check_kind

PROGRAM = Path(__file__).with_name("two_box_processes.py")
specification = importlib.util.spec_from_file_location("two_box_processes", PROGRAM)
two_box_processes = importlib.util.module_from_spec(specification)
specification.loader.exec_module(two_box_processes)

FROZEN = changed(TRAINING, train="none")


def cached(folder: Path, **changes):
    return replace(BOX, features=folder, **changes)


def losses(history) -> list[float]:
    return [entry["loss"] for entry in history.entries if "split" not in entry]


def scores(history) -> list[float]:
    return [entry["mean_iou"] for entry in history.entries if "split" in entry]


def count_encoded(task) -> dict[str, int]:
    """Count the images and texts that the towers of a task encode from now on."""
    encoder, counts = task.predictor.encoder, {"images": 0, "texts": 0}
    encode_images, encode_texts = encoder.encode_images, encoder.encode_texts

    def images(pixels):
        counts["images"] += len(pixels)
        return encode_images(pixels)

    def texts(tokens):
        counts["texts"] += len(tokens.token_ids)
        return encode_texts(tokens)

    encoder.encode_images, encoder.encode_texts = images, texts
    return counts


@pytest.mark.parametrize(
    "model", ["tiny-vit", pytest.param("tiny-resnet", marks=pytest.mark.exhaustive)]
)
@pytest.mark.parametrize("predictor", ["mlp", "mlp-published", "hrnet", "clip-vg"])
def test_losses_equal_those_of_training_from_images(tmp_path, predictor, model):
    histories = []
    for name, box in (("images", BOX), ("features", cached(tmp_path / "cache"))):
        task = box_task(predictor, training=FROZEN, box=box, model=model)
        trainer = Trainer(
            task.accelerator, task, *loop_options(FROZEN), tmp_path / name, num_workers=0
        )
        histories.append(trainer.fit())

    images, features = histories
    assert losses(features) == pytest.approx(losses(images), rel=1e-4)
    assert scores(features) == pytest.approx(scores(images), abs=1e-4)


def test_each_image_and_text_is_encoded_once(tmp_path):
    trainer = box_trainer(tmp_path / "run", "mlp", training=FROZEN, box=cached(tmp_path / "cache"))
    counts = count_encoded(trainer.task)

    trainer.fit()

    sample = 1  # from which the shapes of features are read
    assert counts == {"images": 13 + sample, "texts": 4 + sample}


def test_a_second_run_with_another_head_encodes_nothing(tmp_path):
    def counts_of(run: str, **changes) -> dict[str, int]:
        heads = replace(BOX.heads, clip_vg=replace(BOX.heads.clip_vg, **changes))
        box = cached(tmp_path / "cache", heads=heads)
        trainer = box_trainer(tmp_path / run, training=FROZEN, box=box)
        counts = count_encoded(trainer.task)
        trainer.fit()
        return counts

    first = counts_of("first")
    second = counts_of("second", fusion_layers=1, fusion_dropout=0.0)

    assert first["images"] == 14
    assert second["images"] == 1


def features_of(folder: Path, *, dataset=None, weight: float = 0.0, **changes):
    """Return the pooled features of the first image, from a cache, of a modified model."""
    task = box_task("mlp", dataset=dataset, training=FROZEN, box=cached(folder, **changes))
    with torch.no_grad():
        generator = torch.Generator().manual_seed(0)
        for each in task.predictor.encoder.parameters():
            each.add_(weight * torch.randn(each.shape, generator=generator))
    assert task.features is not None
    batch = task.examples().assemble(np.arange(1), 0)
    return batch.inputs.features[0][0]


def test_features_belong_to_the_weights_the_dataset_and_the_fit(tmp_path):
    first = features_of(tmp_path)
    others = rectangles()
    others.manifest["data_hash"] = "1"
    others = others.first_expressions("train", 4, named=("train", "val"))

    assert torch.equal(first, features_of(tmp_path))
    assert not torch.allclose(first, features_of(tmp_path, weight=0.1), atol=1e-3)
    assert not torch.allclose(first, features_of(tmp_path, fit="squash"), atol=1e-3)
    folders = {path.parent for path in tmp_path.rglob("*.npy")}
    features_of(tmp_path, dataset=others)
    assert len({path.parent for path in tmp_path.rglob("*.npy")} - folders) == 1


def test_the_definition_names_what_a_head_reads(tmp_path):
    for predictor in ("mlp", "mlp-published", "clip-vg"):
        task = box_task(predictor, training=FROZEN, box=cached(tmp_path))
        assert task.features is not None

    assert len(list(tmp_path.iterdir())) == 3


def test_a_damaged_file_is_computed_again(tmp_path, capsys):
    first = features_of(tmp_path)
    for file in tmp_path.rglob("*.npy"):
        content = bytearray(file.read_bytes())
        content[-1] ^= 1
        file.write_bytes(content)

    again = features_of(tmp_path)

    assert torch.equal(first, again)
    assert "damaged" in capsys.readouterr().err


@pytest.mark.parametrize("step", [0, 4])
def test_a_resumed_run_is_the_uninterrupted_one(tmp_path, step):
    def trainer(run: str) -> Trainer:
        return box_trainer(tmp_path / run, training=FROZEN, box=cached(tmp_path / "cache"))

    whole = trainer("whole")
    whole.fit()
    killed = trainer("killed")
    fit_until_killed(killed, step)
    resumed = trainer("killed")
    resumed.resume()
    resumed.fit()

    ours, theirs = resumed.task.model.state_dict(), whole.task.model.state_dict()
    assert [name for name, value in ours.items() if not torch.equal(value, theirs[name])] == []


def test_two_processes_train_as_one_does(tmp_path, launch):
    two_box_processes.train(tmp_path / "one", tmp_path / "cache of one", train="none")
    (tmp_path / "two").mkdir()

    finished = launch(2, [PROGRAM, tmp_path / "two", tmp_path / "cache of two"], tmp_path)

    assert [each.code for each in finished] == [0, 0], finished
    one, two = (load_file(tmp_path / run / "best" / "head.safetensors") for run in ("one", "two"))
    compared = {name for name in one if not name.endswith("in_proj_bias")}
    assert all(torch.allclose(one[name], two[name], atol=2e-4) for name in compared)


@pytest.mark.parametrize("train", ["all", "text", "last:1"])
def test_features_require_frozen_towers(tmp_path, train):
    with refused("--train none", train, record="--features"):
        check_kind("mlp", changed(TrainingOptions(), train=train), cached(tmp_path))


@pytest.mark.parametrize(
    ("group", "option"),
    [
        ("augmentation", {"flip": 0.5}),
        ("augmentation", {"color_jitter": 0.1}),
        ("geometry", {"crop": 0.5}),
        ("geometry", {"smallest_scale": 0.5}),
        ("geometry", {"translate": True}),
    ],
)
def test_features_exclude_augmentation(tmp_path, group, option):
    training, box = changed(TrainingOptions(), train="none"), cached(tmp_path)
    if group == "augmentation":
        training = changed(training, **option)
    else:
        box = replace(box, geometry=replace(box.geometry, **option))

    with refused("--features", record=f"--{next(iter(option)).replace('_', '-')}"):
        check_kind("mlp", training, box)


def test_a_predictor_that_trains_positions_of_the_tower_is_refused(tmp_path):
    with refused("clip-vg-published", "position", record="--features"):
        box_task("clip-vg-published", training=FROZEN, box=cached(tmp_path))
