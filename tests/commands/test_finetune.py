"""The command trains a model that other libraries load, and takes a folder for one run only."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import open_clip
import pytest
import torch
from accelerate import Accelerator
from PIL import Image
from transformers import AutoImageProcessor, AutoModel, AutoTokenizer

from tests.models.families import write_peft
from tests.refusals import refused
from tests.training.tiny_run import changed
from vg_mc.commands.finetune import FinetuneConfig, main, run
from vg_mc.errors import BadInputError
from vg_mc.models.loading import load_encoder
from vg_mc.predictions.run import predict
from vg_mc.training.options import TrainingOptions


@pytest.fixture(scope="module")
def runs(coloured, tmp_path_factory) -> Path:
    """Fine-tune both tiny models by the command; return the folder of the runs."""
    folder = tmp_path_factory.mktemp("runs")
    for model in ("tiny-vit", "tiny-resnet"):
        main(
            [
                *("--dataset", str(coloured.folder), "--model", model),
                *("--output", str(folder / model), "--batching", "image"),
                *("--epochs", "2", "--batch-size", "4", "--learning-rate", "1e-3"),
                *("--num-workers", "0"),
            ]
        )
    return folder


def config_of(coloured, output: Path) -> FinetuneConfig:
    return FinetuneConfig(
        dataset=coloured.folder,
        model="tiny-vit",
        output=output,
        training=changed(TrainingOptions(), epochs=1),
        num_workers=0,
    )


def varied(config: FinetuneConfig, **changes) -> FinetuneConfig:
    own = {name: changes.pop(name) for name in list(changes) if hasattr(config, name)}
    return replace(config, training=changed(config.training, **changes), **own)


def test_a_run_holds_what_it_promises(runs, coloured):
    run = runs / "tiny-vit"

    assert {path.name for path in run.iterdir()} == {
        "best",
        "checkpoints",
        "config.json",
        "learning-curves.png",
        "metrics.jsonl",
    }
    described = json.loads((run / "config.json").read_text())
    assert described["settings"]["data_hash"] == coloured.data_hash
    assert described["settings"]["learning_rate"] == 1e-3
    assert described["settings"]["processes"] == 1
    assert described["versions"]["torch"]


def first_question(coloured, folder: Path):
    """Return pictures and text of an expression, and the logits that we give it."""
    predictions = predict(
        Accelerator(cpu=True),
        load_encoder(str(folder)),
        coloured,
        "val",
        batch_size=64,
        num_workers=0,
    )
    pixels = coloured.pictures(predictions.answers.candidate_ids[0])
    return (
        list(map(Image.fromarray, pixels)),
        predictions.examples.texts[0],
        predictions.answers.logits[0],
    )


def test_plain_transformers_loads_the_best_model_and_gives_its_logits(runs, coloured):
    folder = runs / "tiny-vit" / "best"
    pictures, text, expected = first_question(coloured, folder)

    model = AutoModel.from_pretrained(folder)
    tokens = AutoTokenizer.from_pretrained(folder)([text], return_tensors="pt")
    pixels = AutoImageProcessor.from_pretrained(folder)(pictures, return_tensors="pt")
    with torch.no_grad():
        logits = model(**tokens, **pixels).logits_per_text[0]

    assert np.allclose(logits, expected, atol=1e-4)


def test_plain_open_clip_loads_the_best_model_and_gives_its_logits(runs, coloured):
    folder = runs / "tiny-resnet" / "best"
    pictures, text, expected = first_question(coloured, folder)

    source = f"local-dir:{folder}"
    model, _, preprocess = open_clip.create_model_and_transforms(source)
    tokens = open_clip.get_tokenizer(source)([text])
    with torch.no_grad():
        image_features, text_features, scale = model.eval()(
            torch.stack([preprocess(picture) for picture in pictures]), tokens
        )
        logits = (scale * text_features @ image_features.T)[0]

    assert np.allclose(logits, expected, atol=1e-4)


def test_what_is_asked_follows_the_flags_and_is_told(coloured, tmp_path, capsys):
    flags = {
        "batching": "image",
        "max-candidates": "3",
        "targets": "iou",
        "train-proposals": "annotations",
        "flip": "0.5",
        "color-jitter": "0.2",
        "symmetric": "0.5",
        "label-smoothing": "0.1",
    }

    main(
        [
            *("--dataset", str(coloured.folder), "--model", "tiny-vit", "--epochs", "1"),
            *("--output", str(tmp_path / "run"), "--num-workers", "0"),
            *(word for name, value in flags.items() for word in (f"--{name}", value)),
        ]
    )

    assert "training on 32 of 32 expressions; skipped 0" in capsys.readouterr().out
    described = json.loads((tmp_path / "run" / "config.json").read_text())["settings"]
    for name, value in flags.items():
        assert str(described[name.replace("-", "_")]) == value


def test_a_run_goes_on_with_the_same_settings(coloured, tmp_path):
    config = config_of(coloured, tmp_path / "run")
    run(config)
    before = (config.output / "metrics.jsonl").read_bytes()

    run(varied(config, num_workers=1, checkpoint_steps=7))

    assert (config.output / "metrics.jsonl").read_bytes() == before


@pytest.mark.parametrize(
    "change",
    [{"epochs": 0}, {"model": "tiny-vti"}, {"gradient_accumulation": 99}],
    ids=["setting", "model", "batch"],
)
def test_a_start_that_fails_claims_no_folder(coloured, tmp_path, change):
    with pytest.raises(BadInputError):
        run(varied(config_of(coloured, tmp_path / "run"), **change))

    assert not (tmp_path / "run").exists()


def test_tensorboard_gets_the_numbers_of_metrics_jsonl(coloured, tmp_path):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    output = tmp_path / "run"

    run(varied(config_of(coloured, output), log_with="tensorboard", batch_size=8))

    events = EventAccumulator(str(output / "trackers" / "vg_mc")).Reload()
    seen = {(event.step, round(event.value, 4)) for event in events.Scalars("train/loss")}
    logged = [json.loads(line) for line in (output / "metrics.jsonl").read_text().splitlines()]
    steps = [entry for entry in logged if "loss" in entry]
    assert seen == {(entry["step"], round(entry["loss"], 4)) for entry in steps}
    [accuracy] = events.Scalars("val/accuracy")
    assert accuracy.value == pytest.approx(logged[-1]["accuracy"])


def test_a_tracker_that_is_not_installed_is_told(coloured, tmp_path, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)

    with refused(record="--log-with trackio"):
        run(varied(config_of(coloured, tmp_path / "run"), log_with="trackio"))

    assert not (tmp_path / "run").exists()


def test_a_dry_run_says_what_it_would_take_and_writes_nothing(coloured, tmp_path, capsys):
    run(varied(config_of(coloured, tmp_path / "run"), dry_run=True))

    told = capsys.readouterr().out
    names = ["image tower", "text tower", "steps", "images per step", "memory", "disk"]
    assert all(f"\n{name}" in f"\n{told}" for name in names)
    assert not (tmp_path / "run").exists()


def test_a_run_from_an_adapter_keeps_a_whole_model(coloured, tmp_path):
    write_peft(tmp_path / "adapter")
    config = varied(config_of(coloured, tmp_path / "run"), model=str(tmp_path / "adapter"))

    run(varied(config, lora_rank=2))

    best = tmp_path / "run" / "best"
    assert not (best / "adapter_config.json").exists()
    started, trained = (load_encoder(str(one)) for one in (tmp_path / "adapter", best))
    assert trained.state_dict().keys() == started.state_dict().keys()
    pictures = torch.zeros(1, 3, 32, 32, dtype=torch.uint8)
    with torch.no_grad():
        theirs = AutoModel.from_pretrained(best).get_image_features(trained.normalize(pictures))
        ours = trained.encode_images(pictures)
    assert torch.allclose(ours, torch.nn.functional.normalize(theirs.pooler_output), atol=1e-6)
    assert not torch.equal(ours, started.encode_images(pictures))


def test_truncated_expressions_are_counted(make_coloured, make_photos, tmp_path, capsys):
    photos = make_photos(4, 1, 0)
    long = photos[0]._replace(questions=[("red " * 31, photos[0].questions[0][1])])
    dataset = make_coloured(tmp_path / "data", {"train": [long, *photos[1:]], "val": photos})

    run(config_of(dataset, tmp_path / "run"))

    assert "1 of 4 expressions are longer than the 32 tokens" in capsys.readouterr().out
