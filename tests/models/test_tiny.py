from math import log

import open_clip
import pytest
import torch
from transformers import AutoModel, AutoTokenizer, CLIPModel

from vg_mc.models.initialization import (
    PATCH_SCALE,
    POSITION_SCALE,
    cosine_filters,
    grid_positions,
)
from vg_mc.models.loading import load_encoder
from vg_mc.models.tiny import CONTEXT_LENGTH, VOCABULARY_SIZE, tiny_tokenizer

NAMES = ("tiny-vit", "tiny-resnet")
TEXTS = ["the leftmost large red circle", "turquoise hexagon, second from the right!"]


def weights_of(name: str, seed: int) -> dict[str, torch.Tensor]:
    return load_encoder(name, seed=seed).state_dict()


@pytest.mark.parametrize("name", NAMES)
def test_weights_depend_on_the_seed_only(name):
    first = weights_of(name, seed=1)
    torch.rand(7)

    again, other = weights_of(name, seed=1), weights_of(name, seed=2)

    assert all(torch.equal(first[key], again[key]) for key in first)
    assert not all(torch.equal(first[key], other[key]) for key in first)


@pytest.mark.parametrize("name", NAMES)
def test_the_global_generator_is_not_changed(name):
    before = torch.random.get_rng_state()

    load_encoder(name)

    assert torch.equal(torch.random.get_rng_state(), before)


@pytest.mark.parametrize("name", NAMES)
def test_the_initial_scale_is_that_of_clip(name):
    assert load_encoder(name).model.logit_scale.item() == pytest.approx(log(1 / 0.07))


@pytest.mark.parametrize("name", NAMES)
@torch.no_grad()
def test_the_image_size_is_configurable(name):
    encoder = load_encoder(name, image_size=96)

    pictures = torch.zeros(2, 3, 96, 96, dtype=torch.uint8)
    assert encoder.image_size == 96
    assert encoder(pictures, encoder.tokenize(TEXTS)).shape == (2, 2)


@pytest.mark.parametrize("name", NAMES)
@torch.no_grad()
def test_features_depend_on_the_input(name):
    encoder = load_encoder(name)
    pictures = torch.randint(0, 256, (2, 3, 64, 64), dtype=torch.uint8)

    logits = encoder(pictures, encoder.tokenize(TEXTS))

    assert logits.unique().numel() == 4


@torch.no_grad()
def test_saved_models_are_loaded_by_their_libraries(tmp_path):
    vit, resnet = (load_encoder(name) for name in NAMES)
    vit.save(tmp_path / "vit")
    resnet.save(tmp_path / "resnet")

    model = AutoModel.from_pretrained(tmp_path / "vit")
    tokenizer = AutoTokenizer.from_pretrained(tmp_path / "vit")
    texts = tokenizer(TEXTS, padding=True, return_tensors="pt")
    theirs = model.get_text_features(**texts).pooler_output

    assert isinstance(model, CLIPModel)
    assert torch.allclose(
        torch.nn.functional.normalize(theirs), vit.encode_texts(vit.tokenize(TEXTS)), atol=1e-6
    )

    source = f"local-dir:{tmp_path / 'resnet'}"
    tokens = open_clip.get_tokenizer(source)(TEXTS)
    theirs = open_clip.create_model(source).eval().encode_text(tokens, normalize=True)

    assert tokens.shape == (2, CONTEXT_LENGTH)
    assert torch.allclose(theirs, resnet.encode_texts(resnet.tokenize(TEXTS)), atol=1e-6)


@pytest.mark.parametrize("name", NAMES)
def test_every_weight_gets_a_gradient(name):
    encoder = load_encoder(name)
    pictures = torch.randint(0, 256, (2, 3, 64, 64), dtype=torch.uint8)

    encoder(pictures, encoder.tokenize(TEXTS)).logsumexp(dim=1).sum().backward()

    assert all(weight.grad is not None for weight in encoder.parameters())


def test_both_models_have_the_same_tokens():
    vit, resnet = (load_encoder(name).tokenize(TEXTS) for name in NAMES)

    assert torch.equal(vit.token_ids, resnet.token_ids)
    assert torch.equal(vit.attention_mask, resnet.attention_mask)


def test_frequent_words_are_one_token_and_rare_ones_several():
    tokens = tiny_tokenizer().tokenize("The large red circle, a pentagon")

    assert tokens[:5] == ["the</w>", "large</w>", "red</w>", "circle</w>", ",</w>"]
    assert tokens[5] == "a</w>"
    assert "".join(tokens[6:]) == "pentagon</w>"


def test_any_text_can_be_tokenized():
    tokenizer = tiny_tokenizer()

    token_ids = tokenizer("łódź 🦒 naïve ﬁ", add_special_tokens=False)["input_ids"]

    assert len(tokenizer) == VOCABULARY_SIZE
    assert tokenizer.unk_token_id not in token_ids


def test_towers_start_from_cosines_and_a_grid():
    embeddings = load_encoder("tiny-vit").model.vision_model.embeddings
    stem = load_encoder("tiny-resnet").model.visual.conv1.weight

    positions = POSITION_SCALE * grid_positions(8, 96)
    torch.testing.assert_close(embeddings.position_embedding.weight[1:], positions)
    cosines = cosine_filters(8, 3)
    torch.testing.assert_close(stem / stem.std(), cosines / cosines.std())
    of_patches = torch.linalg.svdvals(embeddings.patch_embedding.weight.flatten(1))
    expected = PATCH_SCALE * torch.linalg.svdvals(cosine_filters(96, 8).flatten(1))
    torch.testing.assert_close(of_patches, expected)  # they are rotated
