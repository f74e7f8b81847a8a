"""Box predictors are trained by the same loop: exactly resumable, on any number of processes."""

import importlib.util
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from tests.refusals import refused
from tests.training.tiny_boxes import BOX, SIDE, TRAINING, box_task, box_trainer, rectangles
from tests.training.tiny_run import changed, fit_until_killed
from vg_mc.models.box_predictors.building import load_box_predictor
from vg_mc.models.box_predictors.registry import PREDICTORS
from vg_mc.models.loading import load_encoder
from vg_mc.training.tasks.box_losses import BoxLossOptions
from vg_mc.training.tasks.box_regression import mean_target

PROGRAM = Path(__file__).with_name("two_box_processes.py")
specification = importlib.util.spec_from_file_location("two_box_processes", PROGRAM)
two_box_processes = importlib.util.module_from_spec(specification)
specification.loader.exec_module(two_box_processes)


def losses(history) -> list[float]:
    return [entry["loss"] for entry in history.entries if "split" not in entry]


@pytest.mark.parametrize(
    "predictor",
    [
        pytest.param(name, marks=pytest.mark.exhaustive)
        if name in ("hrnet", "clip-vg-published")
        else name
        for name in PREDICTORS
    ],
)
def test_the_loss_falls_and_the_best_model_loads(tmp_path, predictor):
    loss = BoxLossOptions("mse", iou_loss="none") if "mlp" in predictor else BoxLossOptions()
    trainer = box_trainer(
        tmp_path, predictor, epochs=6, box=replace(BOX, loss=loss), batch_norm="trained"
    )

    history = trainer.fit()

    assert np.mean(losses(history)[-3:]) < np.mean(losses(history)[:3])
    loaded = load_box_predictor(tmp_path / "best")
    assert loaded.definition.predictor == predictor
    assert loaded.definition.whole_images == 48
    card = (tmp_path / "best" / "README.md").read_text()
    assert f"| val | {trainer.progress.best_score:.4f} |" in card
    assert f'"predictor": "{predictor}"' in card


@pytest.mark.parametrize("predictor", ["mlp", "hrnet"])
def test_training_starts_from_the_mean_target(predictor):
    task = box_task(predictor)
    batch = task.examples().assemble(np.arange(18), 0)

    with torch.no_grad():
        boxes = task.model.eval()(batch.inputs).boxes

    assert torch.allclose(boxes, batch.targets.mean(dim=0).expand(18, 4), atol=1e-5)


def test_the_mean_target_counts_expressions():
    dataset = rectangles()
    expressions = dataset.expressions("train")

    found = mean_target(dataset, expressions, SIDE, BOX)

    batch = box_task().examples().assemble(np.arange(18), 0)
    assert found == pytest.approx(batch.targets.mean(dim=0).tolist(), abs=1e-6)


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory):
    trainer = box_trainer(tmp_path_factory.mktemp("whole"), ema=0.9, flip=0.5)
    trainer.fit()
    return trainer


@pytest.mark.parametrize("step", [0, 3, 4])
def test_a_resumed_run_is_the_uninterrupted_one(tmp_path, uninterrupted, step):
    killed = box_trainer(tmp_path, ema=0.9, flip=0.5)
    fit_until_killed(killed, step)
    resumed = box_trainer(tmp_path, ema=0.9, flip=0.5)
    resumed.resume()
    resumed.fit()

    ours, theirs = resumed.task.model.state_dict(), uninterrupted.task.model.state_dict()
    assert [name for name, value in ours.items() if not torch.equal(value, theirs[name])] == []
    averages = resumed.stepper.average.averages
    expected = uninterrupted.stepper.average.averages
    assert all(torch.equal(value, expected[name]) for name, value in averages.items())


def same_weights(run: Path, other: Path) -> bool:
    one, two = (load_file(each / "best" / "head.safetensors") for each in (run, other))
    # A bias of attention's keys cancels in the softmax: its gradient is rounding alone, which Adam
    # makes as long as any other.
    compared = {name for name in one if not name.endswith("in_proj_bias")}
    return all(torch.allclose(one[name], two[name], atol=2e-4) for name in compared)


def test_two_processes_and_parts_train_as_one_does(tmp_path, launch):
    two_box_processes.train(tmp_path / "one")
    two_box_processes.train(tmp_path / "parts", gradient_accumulation=3)
    (tmp_path / "two").mkdir()

    finished = launch(2, [PROGRAM, tmp_path / "two"], tmp_path)

    assert [each.code for each in finished] == [0, 0], finished
    assert same_weights(tmp_path / "one", tmp_path / "parts")
    assert same_weights(tmp_path / "one", tmp_path / "two")


def test_the_encoder_has_its_share_of_the_learning_rate():
    task = box_task("hrnet", box=replace(BOX, encoder_lr=0.25))

    scales = task.lr_scales()

    assert scales.keys() == dict(task.model.named_parameters()).keys()
    for name, scale in scales.items():
        of_towers = name.startswith(("encoder.", "head.backbone."))
        assert scale == (0.25 if of_towers else 1.0)


@pytest.mark.parametrize(("train", "encoder", "backbone"), [("none", 0, 0), ("text", 1, 0)])
def test_towers_can_be_frozen(train, encoder, backbone):
    task = box_task("hrnet", training=changed(TRAINING, train=train))

    trained = [name for name, weight in task.model.named_parameters() if weight.requires_grad]

    assert any(name.startswith("encoder.") for name in trained) == bool(encoder)
    assert any(name.startswith("head.backbone.") for name in trained) == bool(backbone)
    assert any(name.startswith("head.box.") for name in trained)


def test_statistics_of_a_head_are_learned_while_those_of_towers_stay(tmp_path):
    trainer = box_trainer(tmp_path, "hrnet", epochs=1, ema=0.5)
    before = {name: value.clone() for name, value in trainer.task.model.named_buffers()}

    trainer.fit()

    moved = {
        name
        for name, value in trainer.task.model.named_buffers()
        if not torch.equal(value, before[name])
    }
    assert "head.joint.2.running_mean" in moved
    assert not any(name.startswith(("encoder.", "head.backbone.")) for name in moved)
    assert "head.joint.2.running_mean" in trainer.stepper.average.averages


def test_batch_norm_over_one_expression_is_refused(tmp_path):
    with refused("hrnet", "2", record="--batch-size"):
        box_trainer(tmp_path, "hrnet", batch_size=1)


def test_a_dataset_without_whole_images_is_refused(coloured):
    with refused("--whole-images", file=coloured.folder.name):
        box_task(dataset=coloured)


def test_the_first_expressions_can_be_learned_and_validated():
    every = rectangles().expressions("train")

    few = rectangles().first_expressions("train", 3, named=("train", "val"))

    found = few.expressions("val")
    assert box_task(dataset=few).units == 2
    assert found.texts == every.texts[:3]
    assert np.array_equal(found.targets, every.targets[:3])


def test_the_size_of_a_run_is_forecast():
    lines = box_task().forecast().splitlines()

    assert lines[0].startswith("model: ")
    assert "3 x 2 epochs" in lines[1]
    assert "3.0 on average" in lines[2]
    assert "6 expressions" in lines[3]


def test_the_encoder_in_best_is_a_plain_one(uninterrupted):
    best = uninterrupted.run / "best"

    encoder = load_encoder(str(best))

    assert encoder.image_size == SIDE
    assert json.loads((best / "box_predictor.json").read_text())["predictor"] == "clip-vg"
