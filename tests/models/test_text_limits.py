"""The longest text of a model, padding, and the number of truncated texts."""

import json
from pathlib import Path

import open_clip
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.models.families import (
    FAMILIES,
    HUGGING_FACE,
    INCIDENTAL,
    TEXTS,
    build,
    parameters,
    write_clip,
    write_siglip,
)
from vg_mc.models.loading import load_encoder
from vg_mc.models.tiny import CONTEXT_LENGTH, tiny_resnet, tiny_vit


@pytest.fixture(scope="module", params=parameters([*FAMILIES, *INCIDENTAL]))
def encoder(request, tmp_path_factory):
    return build(request.param, tmp_path_factory.mktemp(request.param))


WORDS = st.sampled_from([*" ".join(TEXTS).split(), "Zürich", "RED", "é", "x" * 9])
SENTENCES = st.lists(st.lists(WORDS, min_size=1, max_size=24).map(" ".join), min_size=1, max_size=5)


@given(SENTENCES)
@settings(max_examples=15)
@torch.no_grad()
def test_a_text_has_the_features_that_it_has_alone(encoder, texts):
    together = encoder.encode_texts(encoder.tokenize(texts))
    alone = torch.cat([encoder.encode_texts(encoder.tokenize([text])) for text in texts])

    assert torch.allclose(together, alone, atol=1e-5)


@given(SENTENCES)
@settings(max_examples=15)
def test_a_text_is_truncated_if_fewer_tokens_are_left_than_in_a_longer_context(encoder, texts):
    counts = [token_count(encoder, text) for text in texts]

    assert encoder.truncated(texts) == sum(count > encoder.maximal_tokens for count in counts)


def token_count(encoder, text: str) -> int:
    """Count the tokens of a text in a context that is longer than any text here."""
    tokenizer = encoder.tokenizer
    if hasattr(encoder, "image_processor"):
        return len(tokenizer(text, truncation=False, verbose=False)["input_ids"])
    token_ids = tokenizer([text], context_length=400)[0]
    own = getattr(tokenizer, "tokenizer", None)
    padding, end = (0, None) if own is None else (own.pad_token_id, own.eos_token_id)
    return int(token_ids.ne(padding).sum()) + (padding == end)


@pytest.fixture(scope="module", params=["left", "right"])
def side(request):
    return request.param


@pytest.mark.parametrize("family", parameters(name for name in HUGGING_FACE if "sig" not in name))
@torch.no_grad()
def test_the_padding_side_of_a_folder_has_no_effect(family, tmp_path, side):
    expected = build(family, tmp_path)
    features = expected.encode_texts(expected.tokenize(TEXTS))
    file = tmp_path / "tokenizer_config.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"padding_side": side}))

    encoder = load_encoder(str(tmp_path))

    assert torch.equal(encoder.encode_texts(encoder.tokenize(TEXTS)), features)
    encoder.save(tmp_path / "saved")
    assert load_encoder(str(tmp_path / "saved")).tokenizer.padding_side == "right"


def limited(folder: Path, positions: int, limit: int, write=write_clip) -> Path:
    """Write a model with another number of positions than its tokenizer names."""
    write(folder)
    file = folder / "tokenizer_config.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"model_max_length": limit}))
    assert (
        json.loads((folder / "config.json").read_text())["text_config"]["max_position_embeddings"]
        == positions
    )
    return folder


@pytest.mark.parametrize("limit", [8, CONTEXT_LENGTH, 77, 10**30])
def test_clip_reads_as_many_tokens_as_it_has_positions(tmp_path, limit):
    encoder = load_encoder(str(limited(tmp_path, CONTEXT_LENGTH, limit)))

    assert encoder.tokenize(["square " * 100]).token_ids.shape == (1, CONTEXT_LENGTH)
    encoder.save(tmp_path / "saved")
    saved = load_encoder(str(tmp_path / "saved"))
    assert saved.tokenizer.model_max_length == CONTEXT_LENGTH


@pytest.mark.parametrize("limit", [8, 16, 64, 10**30])
def test_siglip_pads_to_as_many_tokens_as_it_has_positions(tmp_path, limit):
    encoder = load_encoder(str(limited(tmp_path, 16, limit, write_siglip)))

    assert encoder.tokenize(["square"]).token_ids.shape == (1, 16)


@pytest.mark.parametrize("make", [tiny_vit, tiny_resnet])
def test_truncated_texts_are_counted_exactly(make):
    encoder = make()
    fitting = "red " * (CONTEXT_LENGTH - 2)  # and two special tokens

    assert encoder.truncated([fitting, fitting + "red", "red", "", fitting + "red red"]) == 2
    assert encoder.truncated([]) == 0


def test_truncated_texts_of_open_clips_own_tokenizer_are_counted():
    encoder = load_encoder("open_clip:RN50")

    assert encoder.maximal_tokens == open_clip.tokenizer.DEFAULT_CONTEXT_LENGTH == 77
    assert encoder.truncated(["red " * 75, "red " * 76, "Zürich " * 40]) == 2
