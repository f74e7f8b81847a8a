"""Detectors of the real classes with random weights, as folders in the hub's layout."""

from pathlib import Path

import torch
from transformers import (
    BertTokenizer,
    DetrConfig,
    DetrForObjectDetection,
    DetrImageProcessor,
    GroundingDinoConfig,
    GroundingDinoForObjectDetection,
    GroundingDinoImageProcessor,
    GroundingDinoProcessor,
    MMGroundingDinoConfig,
    MMGroundingDinoForObjectDetection,
    Owlv2Config,
    Owlv2ForObjectDetection,
    Owlv2ImageProcessor,
    Owlv2Processor,
    OwlViTConfig,
    OwlViTForObjectDetection,
    OwlViTImageProcessor,
    OwlViTProcessor,
    ResNetConfig,
    RTDetrConfig,
    RTDetrForObjectDetection,
    RTDetrImageProcessor,
    RTDetrResNetConfig,
    SwinConfig,
)

from vg_mc.models.tiny import tiny_tokenizer

LETTERS = "abcdefghijklmnopqrstuvwxyz"
RESNET = {"embedding_size": 8, "hidden_sizes": [8, 8, 16, 16], "depths": [1] * 4,
          "layer_type": "basic"}  # fmt: skip
HEADS = {"encoder_attention_heads": 2, "decoder_attention_heads": 2, "d_model": 32,
         "encoder_ffn_dim": 32, "decoder_ffn_dim": 32, "encoder_layers": 1,
         "num_queries": 12}  # fmt: skip
NAMES = {"id2label": {0: "cat", 1: "N/A", 2: "dog"}, "label2id": {"cat": 0, "N/A": 1, "dog": 2}}
SQUARE, SHORTEST = {"height": 64, "width": 64}, {"shortest_edge": 64, "longest_edge": 96}


def _detr():
    backbone = ResNetConfig(**RESNET, out_features=["stage4"])
    config = DetrConfig(backbone_config=backbone, decoder_layers=1, **HEADS, **NAMES)
    return DetrForObjectDetection(config), DetrImageProcessor(size=SHORTEST)


def _rt_detr():
    backbone = RTDetrResNetConfig(**RESNET, out_features=["stage2", "stage3", "stage4"])
    config = RTDetrConfig(
        backbone_config=backbone,
        encoder_hidden_dim=32,
        encoder_in_channels=[8, 16, 16],
        decoder_in_channels=[32, 32, 32],
        decoder_layers=1,
        num_denoising=0,
        **HEADS,
        **NAMES,
    )
    return RTDetrForObjectDetection(config), RTDetrImageProcessor(size=SQUARE)


def _owlvit():
    return _owl(OwlViTConfig, OwlViTForObjectDetection, OwlViTProcessor, OwlViTImageProcessor)


def _owlv2():
    return _owl(Owlv2Config, Owlv2ForObjectDetection, Owlv2Processor, Owlv2ImageProcessor)


def _owl(configuration, model, processor, image_processor):
    sides = {"hidden_size": 32, "intermediate_size": 32, "num_hidden_layers": 1,
             "num_attention_heads": 2}  # fmt: skip
    tokenizer = tiny_tokenizer()
    tokenizer.model_max_length = 16
    ends = {"bos_token_id": tokenizer.bos_token_id, "eos_token_id": tokenizer.eos_token_id}
    config = configuration(
        text_config={**sides, **ends, "vocab_size": len(tokenizer), "max_position_embeddings": 16},
        vision_config={**sides, "image_size": 64, "patch_size": 16},
        projection_dim=32,  # the width of the text tower, as in the released ones
    )
    return model(config), processor(image_processor(size=SQUARE), tokenizer)


def _grounding_dino():
    return _dino(GroundingDinoConfig, GroundingDinoForObjectDetection)


def _mm_grounding_dino():
    return _dino(MMGroundingDinoConfig, MMGroundingDinoForObjectDetection)


def _dino(configuration, model):
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", ".", "?", *LETTERS,
             *(f"##{letter}" for letter in LETTERS)]  # fmt: skip
    tokenizer = BertTokenizer(vocab={word: number for number, word in enumerate(words)})
    text = {"vocab_size": len(words), "hidden_size": 16, "num_hidden_layers": 1,
            "num_attention_heads": 2, "intermediate_size": 16}  # fmt: skip
    config = configuration(
        backbone_config=SwinConfig(
            embed_dim=8, depths=[1, 1, 1], num_heads=[1, 2, 2], window_size=4, image_size=64,
            out_features=["stage2", "stage3"],
        ),
        text_config={"model_type": "bert", **text},
        decoder_layers=2,
        num_feature_levels=3,
        max_text_len=64,
        **HEADS,
    )  # fmt: skip
    processor = GroundingDinoProcessor(GroundingDinoImageProcessor(size=SHORTEST), tokenizer)
    return model(config), processor


BUILDERS = {
    "detr": _detr,
    "rt_detr": _rt_detr,
    "owlv2": _owlv2,
    "owlvit": _owlvit,
    "grounding_dino": _grounding_dino,
    "mm_grounding_dino": _mm_grounding_dino,
}


def write_detector(kind: str, folder: Path) -> Path:
    """Write a detector of random weights; the same ones each time."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model, processor = BUILDERS[kind]()
        for weights in model.parameters():
            if weights.dim() == 2:  # as they start, all queries would find about the same box
                torch.nn.init.normal_(weights, std=0.2)
    model.save_pretrained(folder)
    processor.save_pretrained(folder)
    return folder
