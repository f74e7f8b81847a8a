"""Each family of dual encoders agrees with its library; tiny models with random weights."""

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
    CLIPImageProcessor,
    GemmaTokenizer,
    Siglip2Config,
    Siglip2Model,
    Siglip2Tokenizer,
    SiglipImageProcessor,
)

from tests.models.families import (
    HUGGING_FACE,
    INCIDENTAL,
    SIZE,
    SMALL,
    TEXTS,
    build,
    parameters,
    write_siglip,
    write_siglip2,
    write_vision_text,
)
from tests.refusals import refused
from vg_mc.models.loading import load_encoder
from vg_mc.models.tiny import CONTEXT_LENGTH, VOCABULARY_SIZE, tiny_tokenizer, tiny_vit


@pytest.fixture(scope="module", params=parameters([*HUGGING_FACE, *INCIDENTAL]))
def encoder(request, tmp_path_factory):
    return build(request.param, tmp_path_factory.mktemp(request.param))


@pytest.fixture(scope="module")
def folder(encoder) -> Path:
    return Path(encoder.name)


@pytest.fixture(scope="module")
def pictures() -> torch.Tensor:
    generator = torch.Generator().manual_seed(0)
    return torch.randint(0, 256, (5, 3, SIZE, SIZE), dtype=torch.uint8, generator=generator)


def as_photo(picture: torch.Tensor) -> Image.Image:
    return Image.fromarray(picture.permute(1, 2, 0).numpy())


@torch.no_grad()
def test_logits_are_those_of_the_library_with_its_own_preprocessing(folder, encoder, pictures):
    tokenizer = AutoTokenizer.from_pretrained(folder)
    texts = tokenizer(
        TEXTS, padding="max_length", truncation=True, max_length=encoder.maximal_tokens
    )
    if encoder.reads_padding:  # published SigLIP tokenizers return no mask
        texts.pop("attention_mask", None)
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
def test_a_text_does_not_depend_on_the_rest_of_the_batch(encoder):
    together = encoder.encode_texts(encoder.tokenize(TEXTS))
    alone = torch.cat([encoder.encode_texts(encoder.tokenize([text])) for text in TEXTS])

    assert torch.allclose(together, alone, atol=1e-6)


@torch.no_grad()
def test_an_image_does_not_depend_on_the_rest_of_the_batch(encoder, pictures):
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
def test_the_saved_preprocessing_resizes_whole_images(encoder, tmp_path):
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


def test_siglip_attends_to_padding_up_to_the_full_length(tmp_path):
    write_siglip(tmp_path)

    token_ids, mask = load_encoder(str(tmp_path)).tokenize(["square"])

    assert token_ids.shape == (1, 16)
    assert mask.all()


CAPITALS = ["The SMALL Blue Square", "RED circle!", "red circle!"]


def test_siglip_2_lowercases_texts(tmp_path):
    write_siglip2(tmp_path)
    published = AutoTokenizer.from_pretrained(tmp_path)
    own = Siglip2Tokenizer.from_pretrained(tmp_path)
    theirs = own(
        CAPITALS, padding="max_length", truncation=True, max_length=16, return_tensors="pt"
    )

    token_ids, mask = load_encoder(str(tmp_path)).tokenize(CAPITALS)

    assert torch.equal(token_ids, theirs["input_ids"])
    assert mask.all()
    assert torch.equal(token_ids[1], token_ids[2])
    assert type(published) is GemmaTokenizer
    capitals, lower = published(CAPITALS[1:])["input_ids"]
    assert capitals != lower


def test_a_saved_siglip_2_lowercases_texts(tmp_path):
    encoder = build("siglip2", tmp_path)
    encoder.save(tmp_path / "saved")

    theirs = AutoProcessor.from_pretrained(tmp_path / "saved", backend="pil")(
        text=CAPITALS, padding="max_length", max_length=16, truncation=True, return_tensors="pt"
    )

    assert torch.equal(theirs["input_ids"], encoder.tokenize(CAPITALS).token_ids)


@torch.no_grad()
def test_features_without_an_unneeded_mask_are_equal(encoder):
    tokens = encoder.tokenize(TEXTS)

    masked = encoder.model.get_text_features(tokens.token_ids, tokens.attention_mask)

    ours = encoder.encode_texts(tokens)
    assert torch.allclose(ours, masked.pooler_output / masked.pooler_output.norm(dim=1)[:, None])


@pytest.mark.parametrize("family", HUGGING_FACE)
def test_clip_and_siglip_get_no_mask(tmp_path, monkeypatch, family):
    """Inspecting the values of a mask would synchronise with the GPU."""
    encoder, given = build(family, tmp_path), []
    real = encoder.model.get_text_features
    monkeypatch.setattr(
        encoder.model,
        "get_text_features",
        lambda input_ids, attention_mask: given.append(attention_mask) or real(input_ids),
    )

    encoder.encode_texts(encoder.tokenize(TEXTS))

    assert (given[0] is None) == (family in ("clip", "siglip", "siglip2"))


def test_the_error_names_a_package_that_a_tokenizer_requires(tmp_path, monkeypatch):
    write_siglip(tmp_path)

    def unavailable(*_arguments, **_settings):
        raise ImportError("SiglipTokenizer requires the SentencePiece library")

    monkeypatch.setattr(AutoTokenizer, "from_pretrained", unavailable)

    with refused("SentencePiece"):
        load_encoder(str(tmp_path))


def test_half_precision_weights_are_loaded_in_float32(tmp_path):
    encoder = tiny_vit(SIZE)
    encoder.half().save(tmp_path)

    assert {weight.dtype for weight in load_encoder(str(tmp_path)).parameters()} == {torch.float32}


def test_autocast_changes_features_only_slightly(pictures):
    encoder = tiny_vit(SIZE).eval()

    with torch.inference_mode():
        exact = encoder.encode_images(pictures)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            rough = encoder.encode_images(pictures)

    assert rough.dtype == torch.float32
    assert torch.allclose(rough, exact, atol=0.03)


def test_the_error_names_a_missing_model(tmp_path):
    with refused("folder") as caught:
        load_encoder("owner/no-such-model")
    assert caught.value.file == "owner/no-such-model"

    with refused("folder"):
        load_encoder(str(tmp_path))


def test_a_model_with_one_tower_is_refused(tmp_path):
    write_vision_text(tmp_path)
    BertModel(BertConfig(**SMALL, vocab_size=50)).save_pretrained(tmp_path)

    with refused("BertModel", "get_image_features"):
        load_encoder(str(tmp_path))


def test_a_model_with_variable_image_size_is_refused(tmp_path):
    config = Siglip2Config(
        text_config={**SMALL, "vocab_size": VOCABULARY_SIZE, "projection_size": 32},
        vision_config={**SMALL, "num_patches": 16, "patch_size": 8},
    )
    Siglip2Model(config).save_pretrained(tmp_path)
    tiny_tokenizer().save_pretrained(tmp_path)
    SiglipImageProcessor().save_pretrained(tmp_path)

    with refused("variable"):
        load_encoder(str(tmp_path))


def test_a_checkpoint_that_lacks_weights_is_refused(tmp_path):
    encoder = tiny_vit(SIZE)
    weights = encoder.model.state_dict()
    del weights["visual_projection.weight"]
    encoder.model.save_pretrained(tmp_path, state_dict=weights)
    encoder.tokenizer.save_pretrained(tmp_path)
    CLIPImageProcessor().save_pretrained(tmp_path)

    with refused("1", "visual_projection.weight"):
        load_encoder(str(tmp_path))
