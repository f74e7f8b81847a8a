"""Parameter positions of each family of encoders, with models on the meta device."""

import open_clip
import pytest
import torch
import transformers
from open_clip.model import CLIP, CustomTextCLIP
from torch import nn

from tests.refusals import refused
from vg_mc.models.loading import load_encoder
from vg_mc.models.trainable.parts import blocks_of, parts_of

LAYERS = {"num_hidden_layers": 3}


class Named(nn.Module):
    """A model as an attribute, as `parts_of` expects it."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model
        self.name = type(model).__name__


def huggingface(family: str) -> Named:
    config_class = getattr(transformers, f"{family}Config")
    towers = {"text_config": LAYERS, "vision_config": LAYERS}
    if family.startswith("Siglip"):  # its defaults name tokens beyond its own vocabulary
        towers["text_config"] = {**LAYERS, "bos_token_id": 1, "eos_token_id": 2}
    with torch.device("meta"):
        return Named(getattr(transformers, f"{family}Model")(config_class(**towers)))


def vision_text() -> Named:
    config = transformers.VisionTextDualEncoderConfig.from_vision_text_configs(
        transformers.ViTConfig(**LAYERS), transformers.BertConfig(**LAYERS)
    )
    with torch.device("meta"):
        return Named(transformers.VisionTextDualEncoderModel(config))


def openclip(architecture: str) -> Named:
    config = open_clip.get_model_config(architecture)
    model_class = CustomTextCLIP if config.pop("custom_text", False) else CLIP
    with torch.device("meta"):
        return Named(model_class(**config))


FAMILIES = {
    "CLIP": (lambda: huggingface("CLIP"), 3, 3),
    "SigLIP": (lambda: huggingface("Siglip"), 3, 3),
    "SigLIP 2": (lambda: huggingface("Siglip2"), 3, 3),
    "ChineseCLIP": (lambda: huggingface("ChineseCLIP"), 3, 3),
    "AltCLIP": (lambda: huggingface("AltCLIP"), 3, 3),
    "vision-text": (vision_text, 3, 3),
    "RN50": (lambda: openclip("RN50"), 4, 12),
    "ViT-B-32": (lambda: openclip("ViT-B-32"), 12, 12),
    "ViT-B-16-SigLIP": (lambda: openclip("ViT-B-16-SigLIP"), 12, 12),
    "convnext_base": (lambda: openclip("convnext_base"), 4, 12),
    "EVA02-B-16": (lambda: openclip("EVA02-B-16"), 12, 12),
}


@pytest.fixture(scope="module", params=FAMILIES)
def family(request):
    build, image_blocks, text_blocks = FAMILIES[request.param]
    return build(), image_blocks, text_blocks


def test_every_parameter_of_every_family_has_a_part(family):
    encoder, image_blocks, text_blocks = family

    parts = parts_of(encoder)

    assert list(parts) == [name for name, _ in encoder.named_parameters()]
    for tower, count in {"image": image_blocks, "text": text_blocks}.items():
        mine = [part for part in parts.values() if part.tower == tower]
        assert {part.depth for part in mine if part.place == "block"} == set(range(1, count + 1))
        assert {part.depth for part in mine if part.place == "start"} == {count + 1}
        assert {part.depth for part in mine if part.place in ("end", "projection")} == {0}
    assert len(blocks_of(encoder)) == image_blocks + text_blocks


def test_each_tower_of_every_family_has_its_start_and_its_end(family):
    encoder, *_ = family

    parts = parts_of(encoder).values()

    for tower in ("image", "text"):
        assert {part.place for part in parts if part.tower == tower} >= {"start", "block"}
        assert {"end", "projection"} & {part.place for part in parts if part.tower == tower}
    assert [part.tower for part in parts if part.place == "scale"] in (["both"], ["both"] * 2)


@pytest.mark.parametrize(
    ("model", "name", "part"),
    [
        ("tiny-vit", "model.vision_model.embeddings.class_embedding", ("image", "start", 4)),
        ("tiny-vit", "model.vision_model.pre_layrnorm.weight", ("image", "start", 4)),
        ("tiny-vit", "model.vision_model.encoder.layers.0.mlp.fc1.bias", ("image", "block", 3)),
        ("tiny-vit", "model.text_model.encoder.layers.1.mlp.fc1.bias", ("text", "block", 1)),
        ("tiny-vit", "model.vision_model.post_layernorm.weight", ("image", "end", 0)),
        ("tiny-vit", "model.text_projection.weight", ("text", "projection", 0)),
        ("tiny-vit", "model.logit_scale", ("both", "scale", 0)),
        ("tiny-resnet", "model.visual.bn2.weight", ("image", "start", 5)),
        ("tiny-resnet", "model.visual.layer4.0.conv1.weight", ("image", "block", 1)),
        ("tiny-resnet", "model.visual.attnpool.c_proj.weight", ("image", "projection", 0)),
        ("tiny-resnet", "model.token_embedding.weight", ("text", "start", 3)),
        ("tiny-resnet", "model.positional_embedding", ("text", "start", 3)),
        ("tiny-resnet", "model.transformer.resblocks.1.ln_1.bias", ("text", "block", 1)),
        ("tiny-resnet", "model.ln_final.weight", ("text", "end", 0)),
        ("tiny-resnet", "model.text_projection", ("text", "projection", 0)),
    ],
)
def test_a_parameter_is_where_its_model_has_it(model, name, part):
    assert parts_of(load_encoder(model, image_size=32))[name][:3] == part


def test_the_error_names_an_unknown_parameter():
    encoder = load_encoder("tiny-vit", image_size=32)
    encoder.model.vision_model.gadget = nn.Linear(2, 2)

    with refused("vision_model.gadget.weight"):
        parts_of(encoder)


def test_the_error_names_a_tower_without_blocks():
    encoder = load_encoder("tiny-vit", image_size=32)
    encoder.model.vision_model.encoder = nn.Identity()

    with refused("tiny-vit"):
        parts_of(encoder)
