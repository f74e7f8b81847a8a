"""Unusable model folders: the error names the file, and what helps."""

import json
import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from tests.models.families import FAMILIES
from tests.refusals import refused
from vg_mc.models.loading import load_encoder

POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n"
REPRESENTATIVE = ("clip", "open_clip-resnet")


@pytest.fixture(scope="module")
def models(tmp_path_factory) -> dict[str, Path]:
    folders = {name: tmp_path_factory.mktemp(name) for name in (*REPRESENTATIVE, "chinese-clip")}
    with torch.random.fork_rng():
        torch.manual_seed(0)
        for name, folder in folders.items():
            FAMILIES[name](folder)
    return folders


@pytest.fixture
def copy_of(models, tmp_path):
    return lambda family: shutil.copytree(models[family], tmp_path / "model")


@pytest.mark.parametrize("family", REPRESENTATIVE)
def test_a_pointer_of_git_lfs_is_named(copy_of, family):
    folder = copy_of(family)
    files = [file.name for file in folder.iterdir()]
    for name in files:
        content = (folder / name).read_bytes()
        (folder / name).write_bytes(POINTER)

        with refused("Git LFS", "git lfs pull", file=name):
            load_encoder(str(folder))

        (folder / name).write_bytes(content)
    assert len(files) > 3


@pytest.mark.parametrize("family", REPRESENTATIVE)
@pytest.mark.parametrize("kept", [0.0, 0.5])
def test_a_truncated_file_is_named(copy_of, family, kept):
    folder = copy_of(family)
    for file in list(folder.iterdir()):
        content = file.read_bytes()
        file.write_bytes(content[: int(kept * len(content))])

        with refused(file=file.name):
            load_encoder(str(folder))

        file.write_bytes(content)


@pytest.mark.parametrize("family", REPRESENTATIVE)
@pytest.mark.parametrize("content", ["{}", "[1]"])
def test_another_json_file_is_refused(copy_of, family, content):
    folder = copy_of(family)
    for name in ("tokenizer.json", "config.json", "open_clip_config.json"):
        if (folder / name).is_file():
            kept = (folder / name).read_bytes()
            (folder / name).write_text(content)

            with refused(file="model"):
                load_encoder(str(folder))

            (folder / name).write_bytes(kept)


@pytest.mark.parametrize("family", [*REPRESENTATIVE, "chinese-clip"])
def test_a_missing_vocabulary_is_named(copy_of, family):
    folder = copy_of(family)
    (folder / "tokenizer.json").unlink()

    with refused("tokenizer.json", "vocab.txt", file="model"):
        load_encoder(str(folder))


def test_an_empty_folder_is_refused(tmp_path):
    with refused("config.json", "open_clip_config.json", "adapter_config.json", "empty"):
        load_encoder(str(tmp_path))


def test_the_folder_of_a_run_names_its_best_model(tmp_path):
    (tmp_path / "best").mkdir()
    (tmp_path / "metrics.jsonl").touch()

    with refused(tmp_path / "best", "metrics.jsonl"):
        load_encoder(str(tmp_path))


def test_a_folder_of_checkpoints_says_how_to_name_one(tmp_path):
    file = tmp_path / "epoch_1.pt"
    torch.save({"a": torch.ones(1)}, file)

    for path in (tmp_path, file):
        with refused(f"open_clip:ARCHITECTURE/{file}"):
            load_encoder(str(path))


def test_hidden_files_are_ignored(copy_of):
    folder = copy_of("clip")
    (folder / "._model.safetensors").write_bytes(b"\0\5\26\7")
    (folder / "._config.json").write_bytes(b"\0\5\26\7")

    assert load_encoder(str(folder)).image_size == 32


def _changed(folder: Path, change) -> None:
    file = folder / "model.safetensors"
    weights = load_file(file)
    change(weights)
    save_file(weights, file, {"format": "pt"})


def test_a_weight_of_another_shape_is_named_with_both_shapes(copy_of):
    folder = copy_of("clip")
    name = "text_projection.weight"
    _changed(folder, lambda weights: weights.update({name: torch.zeros(64, 63)}))

    with refused(name, (64, 63), (64, 64), file="model"):
        load_encoder(str(folder))


def test_a_missing_weight_is_named(copy_of):
    folder = copy_of("clip")
    _changed(folder, lambda weights: weights.pop("visual_projection.weight"))

    with refused("visual_projection.weight", file="model"):
        load_encoder(str(folder))


def test_layers_that_the_config_does_not_describe_are_refused(copy_of):
    folder = copy_of("clip")
    file = folder / "config.json"
    config = json.loads(file.read_text())
    config["vision_config"]["num_hidden_layers"] -= 1
    file.write_text(json.dumps(config))

    with refused("vision_model.encoder.layers.2", "config.json", file="model"):
        load_encoder(str(folder))


@torch.no_grad()
def test_weights_in_pytorchs_older_format_are_read(copy_of):
    folder = copy_of("clip")
    expected = load_encoder(str(folder))
    torch.save(load_file(folder / "model.safetensors"), folder / "pytorch_model.bin")
    (folder / "model.safetensors").unlink()

    encoder = load_encoder(str(folder))

    values = encoder.state_dict()
    assert values.keys() == expected.state_dict().keys()
    assert all(torch.equal(value, values[key]) for key, value in expected.state_dict().items())


class Evil:
    """A pickle that creates a file when it is loaded."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def __reduce__(self):
        return Path.touch, (self.file,)


@pytest.mark.parametrize(
    ("family", "name"),
    [("clip", "pytorch_model.bin"), ("open_clip-resnet", "open_clip_pytorch_model.bin")],
)
def test_no_code_of_a_pickle_is_run(copy_of, tmp_path, family, name):
    folder = copy_of(family)
    next(folder.glob("*.safetensors")).unlink()
    torch.save({"logit_scale": torch.ones(()), "evil": Evil(tmp_path / "ran")}, folder / name)

    with refused(file="model" if family == "clip" else name):
        load_encoder(str(folder))
    assert not (tmp_path / "ran").exists()


def test_a_tokenizer_with_more_tokens_than_the_text_tower_is_refused(copy_of):
    folder = copy_of("clip")
    encoder = load_encoder(str(folder))
    encoder.tokenizer.add_tokens(["[REF]"])

    with refused(encoder.tokenizer.vocab_size):
        encoder.tokenize(["the [REF] dog"])


def test_a_text_tower_with_another_end_token_is_refused(copy_of):
    """It would pool every text at its first token."""
    folder = copy_of("clip")
    file = folder / "config.json"
    config = json.loads(file.read_text())
    config["text_config"]["eos_token_id"] = 7
    file.write_text(json.dumps(config))

    with refused("end token", file="model"):
        load_encoder(str(folder))


@torch.no_grad()
def test_the_end_token_2_of_older_configs_stands_for_the_largest(copy_of):
    folder = copy_of("clip")
    expected = load_encoder(str(folder))
    file = folder / "config.json"
    config = json.loads(file.read_text())
    config["text_config"]["eos_token_id"] = 2
    file.write_text(json.dumps(config))

    encoder = load_encoder(str(folder))

    tokens = encoder.tokenize(["a dog", "the man in the red shirt"])
    assert torch.equal(encoder.encode_texts(tokens), expected.encode_texts(tokens))
