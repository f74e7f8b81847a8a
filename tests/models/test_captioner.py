"""Captions agree with those of the library for single images, in batches of any size."""

import json
import pickle
from pathlib import Path

import huggingface_hub
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file, save_file
from transformers.generation import utils

from tests.models.tiny_captioners import KINDS, built, save_captioner
from tests.refusals import refused
from vg_mc.models import captioner
from vg_mc.models.captioner import REQUEST, load_captioner
from vg_mc.models.features.identity import model_hash
from vg_mc.models.loading import load_encoder

each_kind = pytest.mark.parametrize("kind", KINDS)
TOKENS = 8


@pytest.fixture(autouse=True)
def few_words(monkeypatch):
    monkeypatch.setattr(captioner, "MOST_TOKENS", TOKENS)


@pytest.fixture(scope="module")
def folders(tmp_path_factory) -> dict[str, str]:
    return {kind: save_captioner(kind, tmp_path_factory.mktemp(kind)) for kind in KINDS}


@pytest.fixture
def pictures() -> torch.Tensor:
    """Images of two colours each, larger than the input of the models."""
    colours = torch.randint(0, 256, (4, 3, 2, 1), generator=torch.Generator().manual_seed(0))
    return colours.repeat_interleave(24, 2).expand(4, 3, 48, 48).to(torch.uint8).contiguous()


@torch.no_grad()
def own_captions(kind: str, pictures: torch.Tensor) -> list[str]:
    """Return the captions of single images by the model before it was saved."""
    model, parts = built(kind)
    words = getattr(parts[0], "tokenizer", parts[-1])
    said = []
    for picture in pictures:
        image = Image.fromarray(picture.permute(1, 2, 0).numpy())
        asked = {"text": f"user <image>{REQUEST}"} if kind == "llava" else {}
        inputs = parts[0](images=image, return_tensors="pt", **asked)
        tokens = model.eval().generate(**inputs, do_sample=False, max_new_tokens=TOKENS)[0]
        new = tokens[inputs["input_ids"].shape[1] :] if asked else tokens
        said.append(words.decode(new, skip_special_tokens=True))
    return said


@each_kind
def test_captions_are_those_of_the_library_picture_by_picture(kind, folders, pictures):
    model = load_captioner(folders[kind])

    with torch.no_grad():
        said = model.captions(pictures)

    assert said == own_captions(kind, pictures)
    assert len(set(said)) > 1
    assert max(len(text.split()) for text in said) > 1


@pytest.mark.parametrize("kind", ["blip", "vit-gpt2"])
def test_copies_of_a_captioner_share_a_hash_and_others_differ(kind, folders, tmp_path):
    names = {
        model_hash(load_captioner(folder), "no")
        for folder in (folders[kind], save_captioner(kind, tmp_path / "copy"))
    }

    assert len(names) == 1
    assert (
        model_hash(load_captioner(save_captioner(kind, tmp_path / "b", seed=1)), "no") not in names
    )


@pytest.mark.parametrize("kind", ["blip", "vit-gpt2"])
def test_generation_settings_of_the_model_are_ignored(
    kind, folders, pictures, tmp_path, monkeypatch
):
    folder = Path(save_captioner(kind, tmp_path))
    habits = {"max_length": 3, "num_beams": 4, "do_sample": True, "temperature": 5.0}
    for name in ("config.json", "generation_config.json"):
        settings = json.loads((folder / name).read_text())
        decoder = settings.get("text_config", settings)
        decoder |= habits if name != "config.json" else {"max_length": 3}
        (folder / name).write_text(json.dumps(settings))
    model = load_captioner(str(folder))
    monkeypatch.setattr(utils.logger, "warning", pytest.fail)

    with torch.no_grad():
        assert model.captions(pictures) == load_captioner(folders[kind]).captions(pictures)


def test_loading_leaves_the_generator_as_it_was(folders):
    before = torch.get_rng_state()

    load_captioner(folders["git"])

    assert torch.equal(torch.get_rng_state(), before)


def without(folder: str, part: str) -> str:
    """Remove the weights of a module from a folder."""
    path = Path(folder) / "model.safetensors"
    weights = load_file(path)
    left = {name: weight for name, weight in weights.items() if part not in name}
    assert len(left) < len(weights)
    save_file(left, path, {"format": "pt"})
    return folder


def test_missing_weights_are_refused(tmp_path):
    folder = without(save_captioner("git", tmp_path), "output.weight")

    with refused("1", "output.weight"):
        load_captioner(folder)


def test_unused_weights_may_be_missing(folders, tmp_path, pictures):
    folder = without(save_captioner("vit-gpt2", tmp_path), ".pooler.")

    first, second = load_captioner(folder), load_captioner(folder)

    assert model_hash(first, "no") == model_hash(second, "no")
    with torch.no_grad():
        assert first.captions(pictures) == load_captioner(folders["vit-gpt2"]).captions(pictures)


OLD_PROCESSORS = {
    "blip": {"image_processor_type": "BlipImageProcessor", "size": {"height": 32, "width": 32}},
    "vit-gpt2": {"feature_extractor_type": "ViTFeatureExtractor", "size": 32},
}


@pytest.mark.parametrize("kind", OLD_PROCESSORS)
def test_folders_of_older_releases_are_loaded(kind, folders, pictures, tmp_path):
    folder = Path(save_captioner(kind, tmp_path))
    loaded = load_captioner(folders[kind])
    for name in ("processor_config.json", "preprocessor_config.json", "tokenizer.json"):
        (folder / name).unlink(missing_ok=True)
    words = loaded.tokenizer.get_vocab()
    (folder / "vocab.txt").write_text("\n".join(sorted(words, key=words.__getitem__)))
    own = getattr(loaded.processor, "image_processor", loaded.processor).to_dict()
    kept = ("image_mean", "image_std", "resample", "do_resize", "do_normalize")
    settings = OLD_PROCESSORS[kind] | {name: own[name] for name in kept}
    (folder / "preprocessor_config.json").write_text(json.dumps(settings))

    with torch.no_grad():
        assert load_captioner(str(folder)).captions(pictures) == loaded.captions(pictures)


def in_old_weights(folder: Path, content: object) -> str:
    save_captioner("git", folder)
    (folder / "model.safetensors").unlink()
    torch.save(content, folder / "pytorch_model.bin")
    return str(folder)


def test_older_checkpoints_are_loaded_as_tensors_only(folders, tmp_path, pictures):
    old = load_captioner(in_old_weights(tmp_path, built("git")[0].state_dict()))

    with torch.no_grad():
        assert old.captions(pictures) == load_captioner(folders["git"]).captions(pictures)


class Touch:
    """Creates a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


def test_code_in_a_folder_is_not_run(tmp_path):
    trap = tmp_path / "sprung"
    folder = in_old_weights(tmp_path / "model", {"output.weight": Touch(trap)})

    with refused(file="model"):
        load_captioner(folder)

    assert not trap.exists()
    pickle.loads(pickle.dumps(Touch(trap)))
    assert trap.exists()


def test_a_model_that_needs_more_than_an_image_is_refused(tmp_path):
    folder = Path(save_captioner("llava", tmp_path))
    (folder / "chat_template.jinja").unlink()

    with refused("LlavaForConditional"):
        load_captioner(str(folder))


def test_a_folder_that_is_not_a_captioner_is_refused(tmp_path):
    load_encoder("tiny-vit", image_size=32).save(tmp_path / "clip")
    (tmp_path / "empty").mkdir()

    for name in ("clip", "empty"):
        with refused(name):
            load_captioner(str(tmp_path / name))
    with refused(file="blip"):
        load_captioner("blip")


def test_a_model_is_downloaded_by_its_hub_id(folders, monkeypatch):
    asked = []

    def fetch(name, **settings):
        asked.append((name, settings["revision"]))
        return folders["git"]

    monkeypatch.setattr(huggingface_hub, "snapshot_download", fetch)

    load_captioner("owner/captioner@5a3")

    assert asked == [("owner/captioner", "5a3")]
