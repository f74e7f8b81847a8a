"""A run learns, can be killed anywhere, and does not depend on how its batches are cut."""

import contextlib
import json

import pytest
import torch
from torch.nn import functional as F

from tests.predictions.made import scores_of
from tests.refusals import refused
from tests.training.tiny_run import OPTIONS, KilledError, changed, trainer_with
from vg_mc.models.loading import load_encoder
from vg_mc.predictions.run import predict
from vg_mc.training import loop
from vg_mc.training.checkpoints import find_checkpoints
from vg_mc.training.journal import Journal
from vg_mc.training.loop import Trainer
from vg_mc.training.stepper import Stepper
from vg_mc.training.tasks.multiple_choice import MultipleChoiceTask
from vg_mc.training.tasks.protocol import Validation

STEPS = 8  # of OPTIONS on the fixture `coloured`


def trainer_of(dataset, run, *, model="tiny-vit", dropout=0.0, num_workers=0, **changes) -> Trainer:
    encoder = load_encoder(model, image_size=32)
    for module in encoder.modules():
        if hasattr(module, "dropout"):
            module.dropout = dropout
    settings = changed(OPTIONS, **changes)
    return trainer_with(dataset, run, encoder, settings, num_workers=num_workers)


def trained(dataset, run, **changes) -> Trainer:
    trainer = trainer_of(dataset, run, **changes)
    trainer.resume()
    trainer.fit()
    return trainer


def killed(name, call, *arguments, **changes) -> None:
    """Train, and let the process end at the given call of something that the loop uses."""
    owner = next(
        each
        for each in (Trainer, Stepper, Journal, MultipleChoiceTask, loop)
        if hasattr(each, name)
    )
    original, calls = getattr(owner, name), iter(range(call))

    def dying(*arguments, **keywords):
        if next(calls, None) is None:
            raise KilledError
        return original(*arguments, **keywords)

    with pytest.MonkeyPatch.context() as patch, contextlib.suppress(KilledError):
        patch.setattr(owner, name, dying)
        trained(*arguments, **changes)
        pytest.fail("nobody killed it")


def weights(trainer) -> dict[str, torch.Tensor]:
    return {name: value.clone() for name, value in trainer.task.encoder.state_dict().items()}


def differing(one: Trainer, other: Trainer) -> list[str]:
    mine, theirs = weights(one), weights(other)
    return [name for name, value in mine.items() if not torch.equal(value, theirs[name])]


def entries(run):
    return [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]


@pytest.fixture(scope="module")
def uninterrupted(coloured, tmp_path_factory) -> Trainer:
    return trained(coloured, tmp_path_factory.mktemp("uninterrupted"))


def test_it_learns(make_coloured, make_photos, tmp_path):
    splits = {"train": make_photos(40, 3, 0), "val": make_photos(10, 2, 1)}
    dataset = make_coloured(tmp_path / "data", splits)

    trainer = trained(dataset, tmp_path / "run", batching="image", epochs=8)

    assert trainer.progress.best_score > 0.9
    scores = [entry for entry in entries(tmp_path / "run") if "split" in entry]
    assert scores[0]["chance"] < 0.4


def test_the_history_has_a_line_per_step_and_per_validation(uninterrupted):
    logged = entries(uninterrupted.run)

    steps = [entry["step"] for entry in logged if "split" not in entry]
    validations = [(entry["step"], entry["epoch"]) for entry in logged if "split" in entry]
    assert steps == list(range(1, STEPS + 1))
    assert validations == [(4, 0), (8, 1)]
    rates = [entry["learning_rate"] for entry in logged if "loss" in entry]
    assert max(rates) == pytest.approx(OPTIONS.optimization.learning_rate)
    assert rates[-1] < rates[-2] < max(rates) > rates[0] > 0


def test_the_first_loss_and_accuracy_are_those_of_the_first_batch(coloured, tmp_path):
    trainer = trainer_of(coloured, tmp_path)
    ((batch, _), *_) = trainer.stream.load(trainer.progress, num_workers=0)
    with torch.no_grad():
        logits = trainer.stepper.model(batch)
    trainer.fit()

    first = entries(tmp_path)[0]
    assert first["loss"] == pytest.approx(
        F.cross_entropy(logits, batch.targets.argmax(1)).item(), rel=1e-5
    )
    assert first["accuracy"] == pytest.approx((logits.argmax(1) == 0).float().mean().item())


@pytest.mark.parametrize("step", [0, 2, 3, 4, 7])
def test_a_run_killed_in_any_step_ends_as_if_it_were_not(coloured, uninterrupted, tmp_path, step):
    killed("_forward_backward", step, coloured, tmp_path)

    resumed = trained(coloured, tmp_path)

    assert differing(resumed, uninterrupted) == []
    assert resumed.progress == uninterrupted.progress
    assert entries(tmp_path) == entries(uninterrupted.run)


@pytest.mark.parametrize(
    ("name", "call"),
    [
        ("validate", 0),
        ("save", 0),
        ("save_checkpoint", 1),
        ("save_checkpoint", 2),
        ("write", 1),
    ],
)
def test_it_can_be_killed_elsewhere_too(coloured, uninterrupted, tmp_path, name, call):
    killed(name, call, coloured, tmp_path)

    resumed = trained(coloured, tmp_path)

    assert differing(resumed, uninterrupted) == []
    assert entries(tmp_path) == entries(uninterrupted.run)
    assert (tmp_path / "best" / "model.safetensors").read_bytes() == (
        uninterrupted.run / "best" / "model.safetensors"
    ).read_bytes()


EXHAUSTIVE = pytest.mark.exhaustive


@pytest.mark.parametrize(
    "changes",
    [
        {"num_workers": 2},  # which had fetched batches that were never used
        pytest.param({"dropout": 0.3}, marks=EXHAUSTIVE),
        pytest.param({"model": "tiny-resnet", "batch_norm": "trained"}, marks=EXHAUSTIVE),
        pytest.param({"train": "last:1", "layer_decay": 0.5}, marks=EXHAUSTIVE),
        {"model": "tiny-resnet", "batch_norm": "trained", "ema": 0.9},
        pytest.param(
            {"lora_rank": 2, "ema": 0.9, "gradient_checkpointing": True, "dropout": 0.3},
            marks=EXHAUSTIVE,
        ),
        {"batching": "image", "gradient_accumulation": 2, "batch_size": 4},
    ],
    ids=["workers", "dropout", "batch-norm", "last", "average", "adapters", "by-image"],
)
def test_other_runs_can_be_killed_as_well(coloured, tmp_path, changes):
    whole = trained(coloured, tmp_path / "whole", **changes)
    killed("_step", 5, coloured, tmp_path / "killed", **changes)

    resumed = trained(coloured, tmp_path / "killed", **changes)

    assert differing(resumed, whole) == []
    assert entries(tmp_path / "killed") == entries(tmp_path / "whole")
    kept = [next((tmp_path / run / "best").glob("*.safetensors")) for run in ("killed", "whole")]
    assert kept[0].read_bytes() == kept[1].read_bytes()


def test_dropout_is_at_work(coloured, uninterrupted, tmp_path):
    assert differing(trained(coloured, tmp_path, dropout=0.3), uninterrupted)


def test_a_finished_run_has_nothing_left_to_do(coloured, tmp_path, monkeypatch):
    before = trained(coloured, tmp_path)
    monkeypatch.delattr(Trainer, "_step")

    assert differing(trained(coloured, tmp_path), before) == []


def test_batches_computed_in_parts_give_the_same_steps(coloured, uninterrupted, tmp_path):
    in_parts = trained(coloured, tmp_path, gradient_accumulation=3)

    assert_alike(in_parts, uninterrupted)


@pytest.mark.parametrize(
    "changes",
    [{}, {"label_smoothing": 0.1, "targets": "iou", "flip": 0.5, "color_jitter": 0.2}],
    ids=["plain", "everything"],
)
def test_by_image_is_by_expression_where_images_have_one_sentence(
    make_coloured, make_photos, tmp_path, changes
):
    splits = {"train": make_photos(16, 1, 0), "val": make_photos(4, 1, 1)}
    dataset = make_coloured(tmp_path / "data", splits)

    runs = [
        trained(dataset, tmp_path / batching, batching=batching, candidates=99, **changes)
        for batching in ("image", "expression")
    ]

    assert differing(*runs) == []


def test_frozen_statistics_stay_and_trained_ones_move(coloured, tmp_path):
    start = weights(trainer_of(coloured, tmp_path, model="tiny-resnet"))

    moved = {}
    for frozen in (True, False):
        end = weights(
            trained(
                coloured,
                tmp_path / str(frozen),
                model="tiny-resnet",
                batch_norm="frozen" if frozen else "trained",
                epochs=1,
            )
        )
        moved[frozen] = {name for name in end if not torch.equal(end[name], start[name])}

    assert not any("running" in name for name in moved[True])
    assert any("running_mean" in name for name in moved[False])
    assert any("bn1.weight" in name for name in moved[True])


def test_the_best_model_is_that_of_the_best_epoch(coloured, tmp_path):
    trainer = trained(coloured, tmp_path, epochs=4)

    scores = [entry["accuracy"] for entry in entries(tmp_path) if "split" in entry]
    best = load_encoder(str(tmp_path / "best"))
    predictions = predict(trainer.accelerator, best, coloured, "val", batch_size=8, num_workers=0)
    accuracy = scores_of(predictions).accuracy
    assert accuracy == max(scores) == trainer.progress.best_score
    assert [path.name for path in find_checkpoints(tmp_path / "checkpoints")] == [
        "step-00000015",
        "step-00000016",
    ]


@pytest.mark.parametrize(
    "model", ["tiny-vit", pytest.param("tiny-resnet", marks=pytest.mark.exhaustive)]
)
def test_the_average_is_validated_and_kept_and_the_last_weights_go_on(coloured, tmp_path, model):
    changes = {"model": model, "epochs": 1, "batch_norm": "trained"}
    plain = trained(coloured, tmp_path / "plain", **changes)

    averaged = trained(coloured, tmp_path / "averaged", **changes, ema=0.99)

    assert differing(averaged, plain) == []
    kept = load_encoder(str(tmp_path / "averaged" / "best"))
    best, averages = kept.state_dict(), averaged.stepper.average.averages
    averages = {name.removeprefix("encoder."): value for name, value in averages.items()}
    assert all(torch.equal(best[name], value) for name, value in averages.items())
    assert {n for n, v in best.items() if not torch.equal(v, weights(plain)[n])} == set(averages)
    predictions = predict(averaged.accelerator, kept, coloured, "val", batch_size=8, num_workers=0)
    accuracy = scores_of(predictions).accuracy
    assert accuracy == averaged.progress.best_score


def test_adapters_are_kept_in_the_weights_and_nothing_else_changes(coloured, tmp_path):
    trainer = trained(coloured, tmp_path, epochs=1, lora_rank=2)

    start = load_encoder("tiny-vit", image_size=32).state_dict()
    kept = load_encoder(str(tmp_path / "best")).state_dict()
    assert list(kept) == list(start)
    moved = {name for name, value in kept.items() if not torch.equal(value, start[name])}
    layers = {name.split(".lora_")[0] for name in weights(trainer) if ".lora_" in name}
    assert moved == {f"{name}.weight" for name in layers} | {"model.logit_scale"}
    for name, value in weights(trainer).items():
        if ".lora_" not in name and name != "model.logit_scale":
            assert torch.equal(value, start[name.replace(".base_layer", "")])


def test_blocks_that_are_computed_twice_train_alike(coloured, uninterrupted, tmp_path):
    assert differing(trained(coloured, tmp_path, gradient_checkpointing=True), uninterrupted) == []


def test_only_a_better_model_replaces_the_best(coloured, tmp_path, monkeypatch):
    scores, kept = iter([0.5, 0.9, 0.3, 0.6, 0.9]), []
    trainer = trainer_of(coloured, tmp_path, epochs=5)
    monkeypatch.setattr(trainer.task, "validate", lambda **_: Validation(next(scores), {}))
    monkeypatch.setattr(trainer.task, "save", lambda *_, epoch, **__: kept.append(epoch))

    trainer.fit()

    assert kept == [1, 2]
    assert trainer.progress.best_score == 0.9


def test_a_missing_validation_split_is_told_before_a_step(make_coloured, make_photos, tmp_path):
    dataset = make_coloured(tmp_path / "data", {"train": make_photos(8, 1, 0)})

    with refused("val", file="data"):
        trainer_of(dataset, tmp_path / "run")


def comparable(entry):
    # A picture that questions of two parts need is encoded twice.
    return {key: value for key, value in entry.items() if key not in ("split", "pictures")}


def assert_alike(one: Trainer, other: Trainer) -> None:
    """Equal up to the order of sums, which Adam may enlarge where a gradient is next to zero."""
    mine, theirs = entries(one.run), entries(other.run)
    assert [entry["step"] for entry in mine] == [entry["step"] for entry in theirs]
    for entry, expected in zip(mine, theirs, strict=True):
        assert comparable(entry) == pytest.approx(comparable(expected), rel=1e-3)
    ends = weights(other)
    far = {name: float((value - ends[name]).abs().max()) for name, value in weights(one).items()}
    assert max(far.values()) < 1e-3, far
