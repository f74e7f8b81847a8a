"""Checkpoints of open_clip and openai/CLIP, named ARCHITECTURE/FILE or ARCHITECTURE/TAG/FILE."""

import json
import zipfile
from pathlib import Path

import open_clip
import pytest
import torch
from open_clip.factory import _MODEL_CONFIG_PATHS, _rescan_model_configs
from safetensors.torch import save_file

from tests.refusals import refused
from vg_mc.models.loading import load_encoder
from vg_mc.models.openclip_loading import BuiltIn, parse_builtin
from vg_mc.models.origin import origin_of

TEXTS = ["red circle", "the small blue square left of the green triangle", "!"]
VISION = {"image_size": 32, "layers": 2, "width": 32, "head_width": 16, "patch_size": 8}
TEXT = {"context_length": 77, "vocab_size": 49408, "width": 32, "heads": 2, "layers": 2}
CONFIG = {"embed_dim": 24, "vision_cfg": VISION, "text_cfg": TEXT}
ARCHITECTURES = {
    "small": CONFIG,
    "small-quickgelu": CONFIG | {"quick_gelu": True},
    "small-custom": CONFIG | {"custom_text": True},
    "small-bias": CONFIG | {"custom_text": True, "init_logit_bias": -10},
    "small-wide": CONFIG | {"embed_dim": 48},
    "small-resnet": CONFIG | {"vision_cfg": VISION | {"layers": [1, 1, 1, 1], "width": 16}},
}


@pytest.fixture(scope="module", autouse=True)
def _architectures(tmp_path_factory):
    folder = tmp_path_factory.mktemp("architectures")
    for name, config in ARCHITECTURES.items():
        (folder / f"{name}.json").write_text(json.dumps(config))
    open_clip.add_model_config(folder)
    yield
    _MODEL_CONFIG_PATHS.remove(folder)
    for name in ARCHITECTURES:
        open_clip.factory._MODEL_CONFIGS.pop(name)
    _rescan_model_configs()


def model_of(architecture: str):
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = open_clip.create_model(architecture)
        for weight in model.parameters():  # so large that activations differ
            if weight.ndim > 1:
                torch.nn.init.normal_(weight, std=weight.shape[-1] ** -0.5)
    return model.eval()


@pytest.fixture(scope="module")
def pictures() -> torch.Tensor:
    generator = torch.Generator().manual_seed(0)
    return torch.randint(0, 256, (5, 3, 32, 32), dtype=torch.uint8, generator=generator)


@torch.no_grad()
def logits_of(model, architecture: str, pictures, colours=None):
    mean = (colours or {}).get("mean", open_clip.OPENAI_DATASET_MEAN)
    std = (colours or {}).get("std", open_clip.OPENAI_DATASET_STD)
    pixels = (pictures / 255 - torch.tensor(mean)[:, None, None]) / torch.tensor(std)[:, None, None]
    return model.get_logits(pixels, open_clip.get_tokenizer(architecture)(TEXTS))[1]


def plain(weights):
    return weights


def of_training(weights):
    """As open_clip's training writes it, on several processes and compiled."""
    named = {f"_orig_mod.module.{name}": value for name, value in weights.items()}
    optimizer = {"state": {0: {"step": 3, "exp_avg": torch.ones(2)}}, "param_groups": [{"lr": 1.0}]}
    return {"epoch": 1, "name": "run", "state_dict": named, "optimizer": optimizer}


def lightning(weights):
    return {"model": {f"clip.{name}": value for name, value in weights.items()}, "step": 7}


@pytest.mark.parametrize("architecture", ["small", "small-quickgelu", "small-custom", "small-bias"])
@pytest.mark.parametrize("written", [plain, of_training, lightning])
@torch.no_grad()
def test_a_checkpoint_has_the_logits_of_its_model(tmp_path, pictures, architecture, written):
    model, file = model_of(architecture), tmp_path / "epoch_1.pt"
    torch.save(written(model.state_dict()), file)

    encoder = load_encoder(f"open_clip:{architecture}/{file}")

    theirs = logits_of(model, architecture, pictures)
    assert torch.allclose(encoder(pictures, encoder.tokenize(TEXTS)), theirs, atol=1e-4, rtol=0)


@torch.no_grad()
def test_a_relative_path_and_safetensors_are_read(tmp_path, pictures, monkeypatch):
    model = model_of("small")
    (tmp_path / "run.1").mkdir()
    save_file(model.state_dict(), tmp_path / "run.1" / "weights.safetensors")
    monkeypatch.chdir(tmp_path)

    encoder = load_encoder("open_clip:small/run.1/weights.safetensors")

    theirs = logits_of(model, "small", pictures)
    assert torch.allclose(encoder(pictures, encoder.tokenize(TEXTS)), theirs, atol=1e-4, rtol=0)


@torch.no_grad()
def test_weights_of_one_text_class_are_read_into_the_other(tmp_path, pictures):
    model, file = model_of("small"), tmp_path / "plain.pt"
    torch.save(model.state_dict(), file)

    encoder = load_encoder(f"open_clip:small-custom/{file}")

    theirs = logits_of(model, "small", pictures)
    assert torch.allclose(encoder(pictures, encoder.tokenize(TEXTS)), theirs, atol=1e-4, rtol=0)


def _archive(model, file: Path) -> None:
    example = torch.zeros(1, 3, 32, 32), torch.zeros(1, 77, dtype=torch.long)
    model.register_buffer("input_resolution", torch.tensor(32))  # as openai/CLIP stores it
    torch.jit.save(torch.jit.trace(model, example, check_trace=False), file)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("architecture", ["small", "small-quickgelu", "small-resnet"])
@torch.no_grad()
def test_an_archive_of_openai_has_the_logits_of_its_model(tmp_path, pictures, architecture):
    """Named without its activation, which is read from the archive."""
    model, file = model_of(architecture), tmp_path / "ViT-B-32.pt"
    theirs = logits_of(model, architecture, pictures)
    _archive(model, file)

    encoder = load_encoder(f"open_clip:{architecture.removesuffix('-quickgelu')}/{file}")

    assert torch.allclose(encoder(pictures, encoder.tokenize(TEXTS)), theirs, atol=1e-4, rtol=0)


@pytest.mark.filterwarnings("ignore")
@torch.no_grad()
def test_weights_in_half_precision_are_read_in_float32(tmp_path, pictures):
    model, file = model_of("small"), tmp_path / "half.pt"
    torch.save(model.half().state_dict(), file)

    encoder = load_encoder(f"open_clip:small/{file}")

    assert {value.dtype for value in encoder.parameters()} == {torch.float32}
    theirs = logits_of(model.float(), "small", pictures)
    assert torch.allclose(encoder(pictures, encoder.tokenize(TEXTS)), theirs, atol=1e-4, rtol=0)


@pytest.mark.filterwarnings("ignore")
def test_no_code_of_an_archive_is_run(tmp_path):
    archive, evil = tmp_path / "archive.pt", tmp_path / "evil.pt"
    _archive(model_of("small"), archive)
    ran = tmp_path / "ran"
    with zipfile.ZipFile(archive) as source, zipfile.ZipFile(evil, "w") as target:
        for name in source.namelist():
            content = source.read(name)
            if name.endswith("/data.pkl"):
                content = b"cos\nsystem\n(S'touch " + str(ran).encode() + b"'\ntR."
            target.writestr(name, content)

    with refused("os.system", file="evil.pt"):
        load_encoder(f"open_clip:small/{evil}")
    assert not ran.exists()


class Whole:
    """An object that a pickle would import."""


def test_a_pickled_model_is_refused_with_the_way_to_write_weights(tmp_path):
    file = tmp_path / "whole.pt"
    torch.save({"logit_scale": torch.ones(()), "model": Whole()}, file)

    with refused("Whole", "torch.save(model.state_dict(), FILE)", file="whole.pt"):
        load_encoder(f"open_clip:small/{file}")


def test_weights_of_another_architecture_are_named_with_both_shapes(tmp_path):
    file = tmp_path / "plain.pt"
    torch.save(model_of("small").state_dict(), file)

    with refused("visual.proj", (32, 24), (32, 48), file="plain.pt"):
        load_encoder(f"open_clip:small-wide/{file}")
    with refused("logit_bias", file="plain.pt"):
        load_encoder(f"open_clip:small-bias/{file}")
    with refused("visual.attnpool.c_proj.bias", "visual.conv1.weight", file="plain.pt"):
        load_encoder(f"open_clip:small-resnet/{file}")


def test_two_state_dicts_in_a_file_are_refused(tmp_path):
    weights, file = model_of("small").state_dict(), tmp_path / "both.pt"
    torch.save({"state_dict": weights, "state_dict_ema": weights}, file)

    with refused("state_dict, state_dict_ema", file="both.pt"):
        load_encoder(f"open_clip:small/{file}")


@pytest.mark.parametrize("content", [{"epoch": 1}, torch.ones(3), [1, 2], {"a": torch.ones(1)}])
def test_a_file_without_a_dual_encoder_is_refused(tmp_path, content):
    file = tmp_path / "other.pt"
    torch.save(content, file)

    with refused("dual encoder", file="other.pt"):
        load_encoder(f"open_clip:small/{file}")


@pytest.mark.parametrize("kept", [0, 7, 1000, 30_000])
def test_a_damaged_checkpoint_is_named(tmp_path, kept):
    file = tmp_path / "epoch_1.pt"
    torch.save(model_of("small").state_dict(), file)
    file.write_bytes(file.read_bytes()[:kept])

    with refused(file="epoch_1.pt"):
        load_encoder(f"open_clip:small/{file}")


def test_the_name_of_a_model_has_a_tag_a_file_or_both(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("openai").touch()
    Path("weights").touch()

    assert parse_builtin("ViT-B-32") == BuiltIn("ViT-B-32")
    assert parse_builtin("ViT-B-32/openai") == BuiltIn("ViT-B-32", "openai")
    assert parse_builtin("ViT-B-32/weights") == BuiltIn("ViT-B-32", "", Path("weights"))
    file = tmp_path / "weights"
    assert parse_builtin(f"ViT-B-32/{file}") == BuiltIn("ViT-B-32", "", file)
    assert parse_builtin(f"ViT-B-32/openai/{file}") == BuiltIn("ViT-B-32", "openai", file)


@pytest.mark.parametrize("file", ["no/such.pt", "such.pt", "openai/no/such.pt"])
def test_a_missing_checkpoint_is_named(file):
    with refused("such.pt"):
        load_encoder(f"open_clip:ViT-B-32/{file}")


@pytest.fixture
def published(monkeypatch):
    """Publish weights of the small model that were trained with other settings."""
    tags = {"grey": {"mean": (0.5,) * 3, "std": (0.5,) * 3}, "quick": {"quick_gelu": True}}
    for module in ("vg_mc.models.openclip_loading", "vg_mc.models.origin"):
        monkeypatch.setattr(
            f"{module}.get_pretrained_cfg",
            lambda architecture, tag: tags.get(tag, {}) if architecture == "small" else {},
        )
    monkeypatch.setattr(open_clip, "list_pretrained_tags_by_model", lambda _: list(tags))
    return tags


@torch.no_grad()
def test_the_tag_tells_activation_and_colours(tmp_path, pictures, published):
    file = tmp_path / "epoch_1.pt"
    grey, quick = model_of("small"), model_of("small-quickgelu")
    torch.save(grey.state_dict(), file)

    for tag, model in (("grey", grey), ("quick", quick)):
        encoder = load_encoder(f"open_clip:small/{tag}/{file}")
        theirs = logits_of(model, "small", pictures, published[tag])
        ours = encoder(pictures, encoder.tokenize(TEXTS))
        assert torch.allclose(ours, theirs, atol=1e-4, rtol=0)


def test_unknown_colours_are_refused_with_the_tags_that_tell_them(tmp_path, published):
    file = tmp_path / "epoch_1.pt"
    torch.save(model_of("small").state_dict(), file)

    with refused(*(f"open_clip:small/{tag}/{file}" for tag in published), file="epoch_1.pt"):
        load_encoder(f"open_clip:small/{file}")


@torch.no_grad()
def test_a_checkpoint_is_saved_as_a_folder_that_open_clip_loads(tmp_path, pictures):
    model, file = model_of("small-quickgelu"), tmp_path / "epoch_1.pt"
    torch.save(of_training(model.state_dict()), file)
    load_encoder(f"open_clip:small-quickgelu/{file}").save(tmp_path / "best")

    again = open_clip.create_model(f"local-dir:{tmp_path / 'best'}").eval()
    encoder = load_encoder(str(tmp_path / "best"))

    theirs = logits_of(model, "small", pictures)
    assert torch.allclose(logits_of(again, "small", pictures), theirs, atol=1e-5, rtol=0)
    assert torch.allclose(encoder(pictures, encoder.tokenize(TEXTS)), theirs, atol=1e-4, rtol=0)


@torch.no_grad()
def test_a_folder_with_weights_in_pytorchs_format_is_read(tmp_path, pictures):
    model = model_of("small")
    (tmp_path / "open_clip_config.json").write_text(json.dumps({"model_cfg": CONFIG}))
    torch.save(model.state_dict(), tmp_path / "open_clip_pytorch_model.bin")

    encoder = load_encoder(str(tmp_path))

    theirs = logits_of(model, "small", pictures)
    assert torch.allclose(encoder(pictures, encoder.tokenize(TEXTS)), theirs, atol=1e-4, rtol=0)


def test_the_origin_of_a_checkpoint_is_its_file(tmp_path):
    file = tmp_path / "run" / "epoch_1.pt"
    file.parent.mkdir()
    file.touch()

    origin = origin_of(f"open_clip:ViT-B-32/{file}")

    assert origin.name == "open_clip:ViT-B-32/run/epoch_1.pt"
    assert not origin.is_random
    assert origin.hub_id == ""
