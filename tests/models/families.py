"""Tiny models of each family of dual encoders, with random weights, in local folders."""

import json
import warnings
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import open_clip
import pytest
import torch
import transformers
from peft import LoraConfig, get_peft_model
from safetensors.torch import save_file
from transformers import (
    AltCLIPConfig,
    AltCLIPModel,
    AutoModel,
    BertConfig,
    BertTokenizer,
    ChineseCLIPConfig,
    ChineseCLIPImageProcessor,
    ChineseCLIPModel,
    CLIPImageProcessor,
    Dinov2Config,
    GemmaTokenizer,
    SiglipConfig,
    SiglipImageProcessor,
    SiglipModel,
    VisionTextDualEncoderConfig,
    VisionTextDualEncoderModel,
    ViTConfig,
    ViTImageProcessor,
)

from vg_mc.models.loading import load_encoder
from vg_mc.models.tiny import CONTEXT_LENGTH, VOCABULARY_SIZE, tiny_resnet, tiny_tokenizer, tiny_vit

SIZE = 32
TEXTS = ["red circle", "the small blue square left of the green triangle", "!"]
SMALL = {
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
}
SQUARE = {"height": SIZE, "width": SIZE}
VISION = {**SMALL, "image_size": SIZE, "patch_size": 8}
OPEN_CLIP_TEXT = {"width": 32, "heads": 2, "layers": 2, "vocab_size": 49408}


def write_clip(folder: Path) -> None:
    tiny_vit(SIZE).save(folder)


def write_peft(folder: Path) -> None:
    """Write an adapter without the tokenizer and the weights of its base model."""
    write_clip(folder / "base")
    adapter = LoraConfig(r=2, target_modules=["q_proj", "v_proj"], init_lora_weights=False)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # of peft, about its use of transformers
        adapted = get_peft_model(AutoModel.from_pretrained(folder / "base"), adapter)
    adapted.save_pretrained(folder)


def write_siglip(folder: Path) -> None:
    _write_siglip_model(folder, VOCABULARY_SIZE)
    tokenizer = tiny_tokenizer()
    tokenizer.model_max_length = 16
    tokenizer.save_pretrained(folder)


def write_siglip2(folder: Path) -> None:
    """Write a fixed-resolution SigLIP 2 as it is published, with the tokenizer class of Gemma."""
    letters = sorted({letter for text in TEXTS for letter in text.lower() + text.upper()} - {" "})
    words = ["<pad>", "<eos>", "<bos>", "<unk>", "<mask>", "\N{LOWER ONE EIGHTH BLOCK}", *letters]
    vocabulary = {word: index for index, word in enumerate(words)}
    _write_siglip_model(folder, len(vocabulary))
    GemmaTokenizer(
        vocab=vocabulary,
        merges=[],
        add_bos_token=False,
        add_eos_token=True,
        padding_side="right",
        model_input_names=["input_ids"],
    ).save_pretrained(folder)


def _write_siglip_model(folder: Path, vocabulary: int) -> None:
    text = {"vocab_size": vocabulary, "max_position_embeddings": 16, "projection_size": 32}
    tokens = {"bos_token_id": 2, "eos_token_id": 1, "pad_token_id": 0}
    model = SiglipModel(SiglipConfig(text_config={**SMALL, **text, **tokens}, vision_config=VISION))
    with torch.no_grad():  # it starts at 0, which would hide a forgotten scale or bias
        model.logit_scale.fill_(4.8)
        model.logit_bias.fill_(-12.9)
    model.save_pretrained(folder)
    SiglipImageProcessor(size=SQUARE).save_pretrained(folder)


def write_chinese_clip(folder: Path) -> None:
    text = {**SMALL, "vocab_size": _write_bert_tokenizer(folder), "max_position_embeddings": 16}
    config = ChineseCLIPConfig(text_config=text, vision_config=VISION, projection_dim=16)
    ChineseCLIPModel(config).save_pretrained(folder)
    ChineseCLIPImageProcessor(size=SQUARE, crop_size=SQUARE).save_pretrained(folder)


def write_alt_clip(folder: Path) -> None:
    tokenizer = tiny_tokenizer()
    tokenizer.save_pretrained(folder)
    text = {
        "vocab_size": VOCABULARY_SIZE,
        "max_position_embeddings": CONTEXT_LENGTH + VOCABULARY_SIZE,
        "project_dim": 24,
        "bos_token_id": tokenizer.bos_token_id,
        "eos_token_id": tokenizer.eos_token_id,
        "pad_token_id": tokenizer.pad_token_id,
    }
    config = AltCLIPConfig(text_config={**SMALL, **text}, vision_config=VISION, projection_dim=16)
    AltCLIPModel(config).save_pretrained(folder)
    CLIPImageProcessor(size=SQUARE, crop_size=SQUARE).save_pretrained(folder)


def write_vision_text(folder: Path) -> None:
    _write_vision_text(folder, ViTConfig(**VISION))


def write_dinov2_text(folder: Path) -> None:
    sizes = {name: value for name, value in VISION.items() if name != "intermediate_size"}
    _write_vision_text(folder, Dinov2Config(**sizes, mlp_ratio=2))


def _write_vision_text(folder: Path, vision: Any) -> None:
    words = _write_bert_tokenizer(folder)
    config = VisionTextDualEncoderConfig.from_vision_text_configs(
        vision,
        BertConfig(**SMALL, vocab_size=words, max_position_embeddings=16),
        projection_dim=16,
    )
    VisionTextDualEncoderModel(config).save_pretrained(folder)
    ViTImageProcessor(size=SQUARE).save_pretrained(folder)


def _write_bert_tokenizer(folder: Path) -> int:
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *" ".join(TEXTS).split()]
    vocabulary = {word: index for index, word in enumerate(dict.fromkeys(words))}
    BertTokenizer(vocab=vocabulary, model_max_length=16).save_pretrained(folder)
    return len(vocabulary)


def write_open_clip(folder: Path, architecture: str, trunk: str, **settings: object) -> None:
    """Write a published architecture with a tiny trunk of timm."""
    config = open_clip.get_model_config(architecture)
    config["vision_cfg"] |= {"timm_model_name": trunk}
    config["text_cfg"] |= OPEN_CLIP_TEXT
    if "hf_tokenizer_name" in config["text_cfg"]:  # in a folder, open_clip takes the one beside it
        tiny_tokenizer().save_pretrained(folder)
    image_size = settings.pop("image_size")
    config["vision_cfg"] |= {"image_size": image_size}
    _write_open_clip(folder, {**config, **settings})


def _write_open_clip(folder: Path, config: dict[str, Any]) -> None:
    colours = {"mean": [0.5] * 3, "std": [0.5] * 3}
    described = {"model_cfg": config, "preprocess_cfg": colours}
    (folder / "open_clip_config.json").write_text(json.dumps(described))
    weights = open_clip.create_model(f"local-dir:{folder}", pretrained_text=False).state_dict()
    save_file(
        {name: value.contiguous() for name, value in weights.items()},
        folder / "open_clip_model.safetensors",
    )


def write_open_clip_bert(folder: Path) -> None:
    """Write a model of open_clip with a text tower of transformers."""
    words = _write_bert_tokenizer(folder)
    BertConfig(**SMALL, vocab_size=words, max_position_embeddings=20).save_pretrained(folder)
    text = {
        "hf_model_name": str(folder),
        "hf_tokenizer_name": str(folder),
        "hf_proj_type": "mlp",
        "hf_pooler_type": "mean_pooler",
        "context_length": 16,
    }
    vision = {"image_size": SIZE, "layers": 2, "width": 32, "head_width": 16, "patch_size": 8}
    _write_open_clip(folder, {"embed_dim": 24, "vision_cfg": vision, "text_cfg": text})


def write_relative_of_clip(folder: Path, family: str, **vision: object) -> None:
    """Write a model of a family with CLIP's text tower, tokenizer and preprocessing."""
    tokens = {"bos_token_id": VOCABULARY_SIZE - 2, "eos_token_id": VOCABULARY_SIZE - 1}
    text = {"vocab_size": VOCABULARY_SIZE, "max_position_embeddings": CONTEXT_LENGTH, **tokens}
    config = getattr(transformers, f"{family}Config")(
        text_config={**SMALL, **text, "pad_token_id": VOCABULARY_SIZE - 1},
        vision_config={**VISION, **vision},
        projection_dim=16,
    )
    getattr(transformers, f"{family}Model")(config).save_pretrained(folder)
    tiny_tokenizer().save_pretrained(folder)
    CLIPImageProcessor(size=SQUARE, crop_size=SQUARE).save_pretrained(folder)


def write_group_vit(folder: Path) -> None:
    stages = {"depths": [1, 1], "num_group_tokens": [4, 0], "num_output_groups": [4, 8]}
    write_relative_of_clip(folder, "GroupViT", **stages)


HUGGING_FACE: dict[str, Callable[[Path], None]] = {
    "clip": write_clip,
    "siglip": write_siglip,
    "siglip2": write_siglip2,
    "chinese-clip": write_chinese_clip,
    "alt-clip": write_alt_clip,
    "vision-text": write_vision_text,
    "dinov2-text": write_dinov2_text,
    "clipseg": lambda folder: write_relative_of_clip(folder, "CLIPSeg"),
    "metaclip-2": lambda folder: write_relative_of_clip(folder, "MetaClip2"),
}
# Models for other purposes that contain a dual encoder; they are evaluated, seldom trained.
INCIDENTAL: dict[str, Callable[[Path], None]] = {
    "blip": lambda folder: write_relative_of_clip(folder, "Blip"),
    "groupvit": write_group_vit,
    "owlvit": lambda folder: write_relative_of_clip(folder, "OwlViT"),
    "owlv2": lambda folder: write_relative_of_clip(folder, "Owlv2"),
}
ADAPTERS: dict[str, Callable[[Path], None]] = {"peft": write_peft}
OPEN_CLIP: dict[str, Callable[[Path], None]] = {
    "open_clip-resnet": lambda folder: tiny_resnet(SIZE).save(folder),
    "open_clip-siglip": lambda folder: write_open_clip(
        folder, "ViT-B-16-SigLIP2", "test_vit", embed_dim=64, image_size=160
    ),
    "open_clip-convnext": lambda folder: write_open_clip(
        folder, "convnext_base", "test_convnext", embed_dim=32, image_size=160
    ),
    "open_clip-bert": write_open_clip_bert,
    "open_clip-eva": lambda folder: write_open_clip(
        folder, "EVA02-B-16", "eva02_tiny_patch14_224", embed_dim=32, image_size=224
    ),
}
FAMILIES = {**HUGGING_FACE, **ADAPTERS, **OPEN_CLIP}
REPRESENTATIVE = ("clip", "siglip", "open_clip-resnet")


def parameters(families: Iterable[str]) -> list[Any]:
    """Return pytest parameters, of which all but the representative ones are left to the marker."""
    return [
        family if family in REPRESENTATIVE else pytest.param(family, marks=pytest.mark.exhaustive)
        for family in families
    ]


def build(family: str, folder: Path):
    """Write a tiny, deterministic model of `family` to `folder`, and load it."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        {**FAMILIES, **INCIDENTAL}[family](folder)
    return load_encoder(str(folder))
