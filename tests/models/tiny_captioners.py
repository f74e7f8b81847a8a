"""Tiny captioners of transformers with random weights, in local folders."""

from pathlib import Path

import torch
from transformers import (
    BertTokenizer,
    Blip2Config,
    Blip2ForConditionalGeneration,
    Blip2Processor,
    BlipConfig,
    BlipForConditionalGeneration,
    BlipImageProcessor,
    BlipProcessor,
    CLIPImageProcessor,
    GitConfig,
    GitForCausalLM,
    GitProcessor,
    GPT2Config,
    LlavaConfig,
    LlavaForConditionalGeneration,
    LlavaProcessor,
    VisionEncoderDecoderConfig,
    VisionEncoderDecoderModel,
    ViTConfig,
    ViTImageProcessor,
)

SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
WORDS = "a the red green blue cat dog man woman car left right describe user picture .".split()
TEXT_IDS = {"pad_token_id": 0, "bos_token_id": 2, "eos_token_id": 3}
WIDTH = {
    "hidden_size": 16,
    "intermediate_size": 16,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "initializer_range": 1.0,  # large, so that images get different captions
}
VISION = WIDTH | {"image_size": 32, "patch_size": 16}
SQUARE = {"height": 32, "width": 32}
TEXT = WIDTH | TEXT_IDS | {"max_position_embeddings": 64}


def tokenizer() -> BertTokenizer:
    places = {word: place for place, word in enumerate([*SPECIAL, *WORDS])}
    return BertTokenizer(vocab=places, model_input_names=["input_ids", "attention_mask"])


def blip():
    words = tokenizer()
    text = TEXT | {"vocab_size": len(words), "encoder_hidden_size": 16, "sep_token_id": 3}
    config = BlipConfig(text_config=text, vision_config=VISION, projection_dim=16)
    processor = BlipProcessor(BlipImageProcessor(size=SQUARE), words)
    return BlipForConditionalGeneration(config), [processor]


def blip2():
    processor = Blip2Processor(BlipImageProcessor(size=SQUARE), tokenizer(), num_query_tokens=4)
    words = processor.tokenizer  # whose vocabulary now has the image token
    opt = {
        "model_type": "opt",
        "vocab_size": len(words),
        "hidden_size": 16,
        "word_embed_proj_dim": 16,
        "ffn_dim": 16,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
        "max_position_embeddings": 64,
        "init_std": 1.0,
    }
    config = Blip2Config(
        vision_config=VISION,
        qformer_config=WIDTH | {"encoder_hidden_size": 16, "vocab_size": 30},
        text_config=opt | TEXT_IDS,
        num_query_tokens=4,
        initializer_range=1.0,
        image_token_index=words.convert_tokens_to_ids("<image>"),
    )
    return Blip2ForConditionalGeneration(config), [processor]


def git():
    words = tokenizer()
    config = GitConfig(vision_config=VISION, vocab_size=len(words), **TEXT)
    pictures = CLIPImageProcessor(size={"shortest_edge": 32}, crop_size=SQUARE)
    return GitForCausalLM(config), [GitProcessor(pictures, words)]


def vit_gpt2():
    words = tokenizer()
    gpt2 = GPT2Config(
        vocab_size=len(words),
        n_positions=64,
        n_embd=16,
        n_layer=1,
        n_head=2,
        initializer_range=1.0,
        **TEXT_IDS,
    )
    config = VisionEncoderDecoderConfig.from_encoder_decoder_configs(
        ViTConfig(**VISION), gpt2, decoder_start_token_id=2, pad_token_id=0, eos_token_id=3
    )
    return VisionEncoderDecoderModel(config), [ViTImageProcessor(size=SQUARE), words]


def llava():
    words = tokenizer()
    words.add_tokens(["<image>"], special_tokens=True)
    clip = VISION | {"model_type": "clip_vision_model", "projection_dim": 16}
    llama = TEXT | {"model_type": "llama", "vocab_size": len(words)}
    config = LlavaConfig(
        vision_config=clip,
        text_config=llama,
        image_token_index=words.convert_tokens_to_ids("<image>"),
        vision_feature_layer=-1,
    )
    template = (
        "{% for message in messages %}user {% for part in message.content %}"
        "{% if part.type == 'image' %}<image>{% else %}{{ part.text }}{% endif %}"
        "{% endfor %}{% endfor %}"
    )
    processor = LlavaProcessor(
        CLIPImageProcessor(size={"shortest_edge": 32}, crop_size=SQUARE),
        words,
        patch_size=16,
        vision_feature_select_strategy="default",
        num_additional_image_tokens=1,
        chat_template=template,
    )
    return LlavaForConditionalGeneration(config), [processor]


KINDS = {"blip": blip, "blip2": blip2, "git": git, "vit-gpt2": vit_gpt2, "llava": llava}


def built(kind: str, seed: int = 0):
    """Return a model initialised from `seed`, and its processors."""
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        return KINDS[kind]()


def save_captioner(kind: str, folder: Path, seed: int = 0) -> str:
    """Save a model and its processors; return the folder."""
    model, parts = built(kind, seed)
    for part in (model, *parts):
        part.save_pretrained(folder)
    return str(folder)
