"""Every family of dual encoders is compared with its own library, tiny and with random weights."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from transformers import (
    AutoImageProcessor,
    AutoModel,
    AutoProcessor,
    AutoTokenizer,
    BertConfig,
    BertModel,
    BertTokenizer,
    CLIPImageProcessor,
    Siglip2Config,
    Siglip2Model,
    SiglipConfig,
    SiglipImageProcessor,
    SiglipModel,
    VisionTextDualEncoderConfig,
    VisionTextDualEncoderModel,
    ViTConfig,
    ViTImageProcessor,
)

from vg_mc.encoders import load_encoder
from vg_mc.encoders.tiny import CONTEXT_LENGTH, VOCABULARY_SIZE, tiny_tokenizer, tiny_vit
from vg_mc.faults import BadInputError

SIZE = 32
TEXTS = ["red circle", "the small blue square left of the green triangle", "!"]
SMALL = {
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
}


def write_clip(folder: Path) -> None:
    tiny_vit(SIZE).save(folder)


def write_siglip(folder: Path) -> None:
    config = SiglipConfig(
        text_config={
            **SMALL,
            "vocab_size": VOCABULARY_SIZE,
            "max_position_embeddings": 16,
            "projection_size": 32,
        },
        vision_config={**SMALL, "image_size": SIZE, "patch_size": 8},
    )
    model = SiglipModel(config)
    with torch.no_grad():  # it starts at 0, which would hide a forgotten scale or bias
        model.logit_scale.fill_(4.8)
        model.logit_bias.fill_(-12.9)
    model.save_pretrained(folder)
    tokenizer = tiny_tokenizer()
    tokenizer.model_max_length = 16
    tokenizer.save_pretrained(folder)
    SiglipImageProcessor(size={"height": SIZE, "width": SIZE}).save_pretrained(folder)


def write_vision_text(folder: Path) -> None:
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *" ".join(TEXTS).split()]
    vocabulary = {word: index for index, word in enumerate(dict.fromkeys(words))}
    BertTokenizer(vocab=vocabulary, model_max_length=16).save_pretrained(folder)
    config = VisionTextDualEncoderConfig.from_vision_text_configs(
        ViTConfig(**SMALL, image_size=SIZE, patch_size=8),
        BertConfig(**SMALL, vocab_size=len(vocabulary), max_position_embeddings=16),
        projection_dim=16,
    )
    VisionTextDualEncoderModel(config).save_pretrained(folder)
    ViTImageProcessor(size={"height": SIZE, "width": SIZE}).save_pretrained(folder)


WRITERS = {"clip": write_clip, "siglip": write_siglip, "vision-text": write_vision_text}


@pytest.fixture(scope="module", params=WRITERS)
def folder(request, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp(request.param)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        WRITERS[request.param](folder)
    return folder


@pytest.fixture(scope="module")
def encoder(folder):
    return load_encoder(str(folder))


@pytest.fixture(scope="module")
def pictures() -> torch.Tensor:
    generator = torch.Generator().manual_seed(0)
    return torch.randint(0, 256, (5, 3, SIZE, SIZE), dtype=torch.uint8, generator=generator)


def as_photo(picture: torch.Tensor) -> Image.Image:
    return Image.fromarray(picture.permute(1, 2, 0).numpy())


@torch.no_grad()
def test_logits_are_those_of_the_library_with_its_own_preprocessing(folder, encoder, pictures):
    tokenizer = AutoTokenizer.from_pretrained(folder)
    texts = tokenizer(TEXTS, padding="max_length", max_length=encoder.maximal_tokens)
    if encoder.reads_padding:  # published SigLIP tokenizers return no mask
        del texts["attention_mask"]
    pixels = AutoImageProcessor.from_pretrained(folder, backend="pil")(
        [as_photo(picture) for picture in pictures], return_tensors="pt"
    )
    theirs = AutoModel.from_pretrained(folder)(**texts.convert_to_tensors("pt"), **pixels)

    ours = encoder(pictures, encoder.tokenize(TEXTS))

    assert ours.shape == (3, 5)
    assert torch.allclose(ours, theirs.logits_per_text, atol=5e-6, rtol=0)


@torch.no_grad()
def test_pixels_are_those_of_the_library(folder, encoder, pictures):
    theirs = AutoImageProcessor.from_pretrained(folder, backend="pil")(
        [as_photo(picture) for picture in pictures], return_tensors="pt"
    )

    assert torch.equal(encoder.normalize(pictures), theirs["pixel_values"])


@torch.no_grad()
def test_a_text_does_not_depend_on_the_texts_beside_it(encoder):
    together = encoder.encode_texts(encoder.tokenize(TEXTS))
    alone = torch.cat([encoder.encode_texts(encoder.tokenize([text])) for text in TEXTS])

    assert torch.allclose(together, alone, atol=1e-6)


@torch.no_grad()
def test_a_picture_does_not_depend_on_the_pictures_beside_it(encoder, pictures):
    alone = torch.cat([encoder.encode_images(picture[None]) for picture in pictures])

    assert torch.allclose(encoder.encode_images(pictures), alone, atol=1e-6)


@torch.no_grad()
def test_features_are_unit_vectors(encoder, pictures):
    features = encoder.encode_images(pictures), encoder.encode_texts(encoder.tokenize(TEXTS))

    assert all(torch.allclose(rows.norm(dim=1), torch.ones(len(rows))) for rows in features)


@torch.no_grad()
def test_a_saved_folder_gives_identical_features_in_a_fresh_object(encoder, pictures, tmp_path):
    encoder.save(tmp_path)

    again = load_encoder(str(tmp_path))

    tokens = encoder.tokenize(TEXTS)
    assert torch.equal(again.tokenize(TEXTS).token_ids, tokens.token_ids)
    assert torch.equal(again.encode_images(pictures), encoder.encode_images(pictures))
    assert torch.equal(again.encode_texts(tokens), encoder.encode_texts(tokens))


@torch.no_grad()
def test_the_library_alone_sees_a_whole_photo_as_we_do(encoder, tmp_path):
    encoder.save(tmp_path)
    values = np.random.default_rng(0).integers(0, 256, (48, 80, 3), dtype=np.uint8)
    photo = Image.fromarray(values)
    squashed = np.asarray(photo.resize((SIZE, SIZE), Image.Resampling.BICUBIC))
    processor = AutoProcessor.from_pretrained(tmp_path, backend="pil")

    theirs = processor(images=photo, text=TEXTS[:1], return_tensors="pt")

    ours = encoder.normalize(torch.tensor(squashed).permute(2, 0, 1)[None])
    assert torch.equal(theirs["pixel_values"], ours)


def test_gradients_reach_both_towers_and_the_scale(encoder, pictures):
    encoder.zero_grad()

    loss = encoder(pictures, encoder.tokenize(TEXTS)).logsumexp(dim=1).sum()
    loss.backward()

    def reached(*words: str) -> bool:
        return any(
            weight.grad is not None and bool(weight.grad.any())
            for name, weight in encoder.named_parameters()
            if all(word in name for word in words)
        )

    assert reached("vision_model", "embedding")
    assert reached("text_model", "embedding")
    assert reached("logit_scale")


def test_a_long_text_is_cut_and_keeps_its_end_token():
    encoder = tiny_vit(SIZE)

    long, short = encoder.tokenize(["square " * 100, "square"]).token_ids

    assert len(long) == CONTEXT_LENGTH
    assert long[-1] == encoder.tokenizer.eos_token_id
    assert short[:3].tolist() == [VOCABULARY_SIZE - 2, int(long[1]), VOCABULARY_SIZE - 1]


def test_texts_are_padded_to_the_longest_only():
    token_ids, mask = tiny_vit(SIZE).tokenize(["a square", "a red square"])

    assert token_ids.shape == (2, 5)
    assert mask.sum(dim=1).tolist() == [4, 5]


def test_siglip_reads_padding_at_full_length(tmp_path):
    write_siglip(tmp_path)

    token_ids, mask = load_encoder(str(tmp_path)).tokenize(["square"])

    assert token_ids.shape == (1, 16)
    assert mask.all()


def test_half_precision_weights_are_trained_in_full_precision(tmp_path):
    encoder = tiny_vit(SIZE)
    encoder.half().save(tmp_path)

    assert {weight.dtype for weight in load_encoder(str(tmp_path)).parameters()} == {torch.float32}


def test_autocast_changes_features_a_little_only(pictures):
    encoder = tiny_vit(SIZE).eval()

    with torch.inference_mode():
        exact = encoder.encode_images(pictures)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            rough = encoder.encode_images(pictures)

    assert rough.dtype == torch.float32
    assert torch.allclose(rough, exact, atol=0.03)


def test_a_missing_model_is_named_with_what_was_looked_for(tmp_path):
    with pytest.raises(BadInputError, match=r"under 'owner/no-such-model' \(no such local folder"):
        load_encoder("owner/no-such-model")

    with pytest.raises(BadInputError, match="in that local folder"):
        load_encoder(str(tmp_path))


def test_a_model_of_one_tower_is_refused(tmp_path):
    write_vision_text(tmp_path)
    BertModel(BertConfig(**SMALL, vocab_size=50)).save_pretrained(tmp_path)

    with pytest.raises(BadInputError, match="is a BertModel, which has no get_image_features"):
        load_encoder(str(tmp_path))


def test_a_model_of_patches_instead_of_squares_is_refused(tmp_path):
    config = Siglip2Config(
        text_config={**SMALL, "vocab_size": VOCABULARY_SIZE, "projection_size": 32},
        vision_config={**SMALL, "num_patches": 16, "patch_size": 8},
    )
    Siglip2Model(config).save_pretrained(tmp_path)
    tiny_tokenizer().save_pretrained(tmp_path)
    SiglipImageProcessor().save_pretrained(tmp_path)

    with pytest.raises(BadInputError, match="takes pictures of any shape as patches"):
        load_encoder(str(tmp_path))


def test_a_checkpoint_with_holes_is_refused(tmp_path):
    encoder = tiny_vit(SIZE)
    weights = encoder.model.state_dict()
    del weights["visual_projection.weight"]
    encoder.model.save_pretrained(tmp_path, state_dict=weights)
    encoder.tokenizer.save_pretrained(tmp_path)
    CLIPImageProcessor().save_pretrained(tmp_path)

    with pytest.raises(BadInputError, match=r"lacks 1 weights, .* visual_projection.weight"):
        load_encoder(str(tmp_path))
