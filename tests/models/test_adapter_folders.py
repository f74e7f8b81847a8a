"""Folders of PEFT that hold only an adapter: its features are those of PEFT, its weights plain."""

import json
import shutil
from pathlib import Path

import pytest
import torch
from peft import IA3Config, LoHaConfig, LoraConfig, PeftModel, get_peft_model
from safetensors.torch import load_file, save_file
from transformers import AutoModel, CLIPModel

from tests.models.families import SIZE, TEXTS, write_clip
from tests.refusals import refused
from vg_mc.models.loading import load_encoder
from vg_mc.models.origin import origin_of
from vg_mc.models.trainable.parts import parts_of

# Of peft, about its own use of transformers; `load_encoder` does not pass it on.
pytestmark = pytest.mark.filterwarnings("ignore:.*is_gradient_checkpointing:FutureWarning")

LAYERS = ["q_proj", "v_proj"]
ADAPTERS = {
    "lora": LoraConfig(r=4, target_modules=LAYERS, init_lora_weights=False),
    "dora": LoraConfig(r=4, target_modules=LAYERS, init_lora_weights=False, use_dora=True),
    "lora-conv": LoraConfig(r=4, target_modules=["patch_embedding"], init_lora_weights=False),
    "lora-whole-layer": LoraConfig(
        r=4, target_modules=LAYERS, init_lora_weights=False, modules_to_save=["text_projection"]
    ),
    "loha": LoHaConfig(r=4, target_modules=LAYERS, init_weights=False),
    "ia3": IA3Config(
        target_modules=["q_proj", "fc2"], feedforward_modules=["fc2"], init_ia3_weights=False
    ),
}


@pytest.fixture(scope="module")
def base(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("base")
    write_clip(folder)
    return folder


def write_adapter(folder: Path, base: Path, kind: str = "lora", **options: object) -> Path:
    torch.manual_seed(0)
    adapted = get_peft_model(CLIPModel.from_pretrained(base), ADAPTERS[kind])
    if kind == "lora-whole-layer":
        torch.nn.init.normal_(
            adapted.base_model.model.text_projection.modules_to_save.default.weight
        )
    adapted.save_pretrained(folder, **options)
    return folder


@pytest.fixture(scope="module")
def pictures() -> torch.Tensor:
    generator = torch.Generator().manual_seed(0)
    return torch.randint(0, 256, (5, 3, SIZE, SIZE), dtype=torch.uint8, generator=generator)


@pytest.mark.parametrize("kind", ADAPTERS)
@torch.no_grad()
def test_an_adapter_has_the_logits_of_peft(tmp_path, base, pictures, kind):
    folder = write_adapter(tmp_path / "adapter", base, kind)
    plain = load_encoder(str(base))
    tokens = plain.tokenize(TEXTS)
    theirs = PeftModel.from_pretrained(AutoModel.from_pretrained(base), folder).eval()(
        input_ids=tokens.token_ids, pixel_values=plain.normalize(pictures)
    )

    ours = load_encoder(str(folder))(pictures, tokens)

    assert torch.allclose(ours, theirs.logits_per_text, atol=2e-4, rtol=0)
    assert not torch.allclose(ours, plain(pictures, tokens), atol=1e-2)


@torch.no_grad()
def test_a_merged_adapter_has_plain_weights_and_is_saved_as_a_whole_model(tmp_path, base, pictures):
    encoder = load_encoder(str(write_adapter(tmp_path / "adapter", base)))

    encoder.save(tmp_path / "saved")

    assert encoder.state_dict().keys() == load_encoder(str(base)).state_dict().keys()
    assert parts_of(encoder)
    assert all(weight.requires_grad for weight in encoder.parameters())
    assert not (tmp_path / "saved" / "adapter_config.json").exists()
    again = load_encoder(str(tmp_path / "saved"))
    tokens = encoder.tokenize(TEXTS)
    assert torch.equal(again(pictures, tokens), encoder(pictures, tokens))


def test_the_tokenizer_of_the_adapter_comes_first(tmp_path, base):
    folder = write_adapter(tmp_path / "adapter", base)
    for name in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copy(base / name, folder)
    file = folder / "tokenizer_config.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"padding_side": "left"}))

    encoder = load_encoder(str(folder))

    assert encoder.tokenizer.padding_side == "right"
    assert encoder.name == str(folder)


@torch.no_grad()
def test_an_adapter_in_pytorchs_format_is_read(tmp_path, base, pictures):
    folder = write_adapter(tmp_path / "adapter", base)
    expected = load_encoder(str(folder))
    write_adapter(tmp_path / "older", base, safe_serialization=False)
    assert (tmp_path / "older" / "adapter_model.bin").is_file()

    encoder = load_encoder(str(tmp_path / "older"))

    tokens = encoder.tokenize(TEXTS)
    assert torch.allclose(encoder(pictures, tokens), expected(pictures, tokens), atol=1e-5)


class Evil:
    """A pickle that creates a file when it is loaded."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def __reduce__(self):
        return Path.touch, (self.file,)


def test_no_code_of_an_adapter_is_run(tmp_path, base):
    folder = write_adapter(tmp_path / "adapter", base)
    (folder / "adapter_model.safetensors").unlink()
    torch.save({"evil": Evil(tmp_path / "ran")}, folder / "adapter_model.bin")

    with refused(file="adapter"):
        load_encoder(str(folder))
    assert not (tmp_path / "ran").exists()


def _changed_config(folder: Path, **changes: object) -> None:
    file = folder / "adapter_config.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | changes))


@pytest.mark.parametrize("name", [None, "", "/no/such/folder", "runs/of/another/machine"])
def test_a_missing_base_model_is_named(tmp_path, base, name):
    folder = write_adapter(tmp_path / "adapter", base)
    _changed_config(folder, base_model_name_or_path=name)

    with refused(name or "text", file="adapter_config.json", record="base_model_name_or_path"):
        load_encoder(str(folder))


def test_an_incomplete_adapter_is_refused(tmp_path, base):
    folder = write_adapter(tmp_path / "adapter", base)
    file = folder / "adapter_model.safetensors"
    weights = load_file(file)
    weights.pop(min(weights))
    save_file(weights, file)

    with refused("lacks 1 weights", file="adapter"):
        load_encoder(str(folder))


def test_an_adapter_without_weights_is_refused(tmp_path, base):
    folder = write_adapter(tmp_path / "adapter", base)
    (folder / "adapter_model.safetensors").unlink()

    with refused("adapter_model.safetensors", file="adapter"):
        load_encoder(str(folder))


def test_an_adapter_of_other_layers_is_refused(tmp_path, base):
    folder = write_adapter(tmp_path / "adapter", base)
    _changed_config(folder, target_modules=["query"])

    with refused("query", "CLIPModel", file="adapter"):
        load_encoder(str(folder))


def test_an_adapter_of_other_shapes_is_refused(tmp_path, base):
    folder = write_adapter(tmp_path / "adapter", base)
    _changed_config(folder, r=8)

    with refused("CLIPModel", file="adapter"):
        load_encoder(str(folder))


def test_a_model_and_an_adapter_in_one_folder_are_refused(tmp_path, base):
    folder = write_adapter(tmp_path / "adapter", base)
    shutil.copy(base / "config.json", folder)

    with refused("config.json", "adapter_config.json", file="adapter"):
        load_encoder(str(folder))


def test_the_origin_names_the_base_model(tmp_path, base):
    folder = write_adapter(tmp_path / "run" / "lora", base)
    (folder / "README.md").unlink(missing_ok=True)
    _changed_config(folder, base_model_name_or_path="owner/model")

    assert origin_of(str(folder)).hub_id == "owner/model"
    assert origin_of(str(folder)).name == "run/lora"
