"""Token features agree with the hidden states of the libraries."""

import open_clip
import pytest
import torch

from tests.models.families import HUGGING_FACE, OPEN_CLIP, SIZE, TEXTS, build
from tests.refusals import refused
from vg_mc.models.loading import load_encoder
from vg_mc.models.openclip import OpenClipEncoder
from vg_mc.models.tokens import ClipTokens

PROJECTED = ["clip", "siglip", "siglip2", "vit", "resnet", "open_clip-siglip"]


def openclip_vit() -> OpenClipEncoder:
    """Return a small CLIP of open_clip with a vision transformer."""
    vision = {"image_size": SIZE, "layers": 3, "width": 32, "head_width": 16, "patch_size": 8}
    text = {"context_length": 77, "vocab_size": 49408, "width": 32, "heads": 2, "layers": 2}
    config = {"embed_dim": 24, "vision_cfg": vision, "text_cfg": text}
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = open_clip.model.CLIP(**config)
    colours = {"mean": (0.5, 0.4, 0.3), "std": (0.2, 0.2, 0.2)}
    open_clip.model.set_model_preprocess_cfg(model, {"size": SIZE, "mode": "RGB", **colours})
    return OpenClipEncoder(model, open_clip.get_tokenizer("ViT-B-32"), config, "vit").eval()


def load(family, folder):
    if family == "resnet":
        return load_encoder("tiny-resnet")
    return openclip_vit() if family == "vit" else build(family, folder)


def images(encoder, count=2):
    shape = (count, 3, encoder.image_size, encoder.image_size)
    generator = torch.Generator().manual_seed(0)
    return torch.randint(0, 256, shape, generator=generator, dtype=torch.uint8)


@pytest.mark.parametrize("family", ["clip", "chinese-clip", "vision-text", "dinov2-text"])
@torch.no_grad()
def test_image_tokens_are_the_hidden_states_of_transformers(family, tmp_path):
    encoder = load(family, tmp_path)
    pictures, tokens = images(encoder), ClipTokens(encoder)
    pixels = encoder.normalize(pictures)

    found = tokens.image_tokens(pictures, range(1, tokens.layer_count + 1))

    states = encoder.model.vision_model(pixel_values=pixels, output_hidden_states=True)
    assert len(found) == len(states.hidden_states) - 1 == tokens.layer_count
    # ViT and DINOv2 report their last state after the final normalisation.
    compared = None if "clip" in family else -1
    for one, state in zip(found[:compared], states.hidden_states[1:compared], strict=True):
        assert torch.equal(one.tokens, state)


@torch.no_grad()
def test_image_tokens_are_the_intermediates_of_a_vit_of_open_clip():
    encoder = openclip_vit()
    pictures, tokens = images(encoder), ClipTokens(encoder)

    found = tokens.image_tokens(pictures, [3, 1])

    expected = encoder.model.visual.forward_intermediates(
        encoder.normalize(pictures), output_fmt="NLC", output_extra_tokens=True
    )
    patches, prefixes = expected["image_intermediates"], expected["image_intermediates_prefix"]
    for one, layer in zip(found, [2, 0], strict=True):
        assert torch.equal(one.tokens, torch.cat([prefixes[layer], patches[layer]], dim=1))
        assert one.grid == (4, 4)
        maps = patches[layer].reshape(2, 4, 4, 32).permute(0, 3, 1, 2)
        assert torch.equal(one.feature_map, maps)


@torch.no_grad()
def test_image_tokens_of_a_resnet_are_its_stages():
    encoder = load_encoder("tiny-resnet")
    pictures, tokens = images(encoder), ClipTokens(encoder)

    found = tokens.image_tokens(pictures, [1, 2, 3, 4])

    visual = encoder.model.visual
    stages = visual.forward_intermediates(encoder.normalize(pictures))["image_intermediates"][1:]
    assert [one.grid for one in found] == [(16, 16), (8, 8), (4, 4), (2, 2)]
    for one, stage in zip(found, stages, strict=True):
        assert torch.equal(one.feature_map, stage)
        assert one.tokens.shape[1] == stage.shape[2] * stage.shape[3]


@pytest.mark.parametrize("family", [*HUGGING_FACE, *OPEN_CLIP])
@torch.no_grad()
def test_each_family_has_image_tokens(family, tmp_path):
    encoder = load(family, tmp_path)
    tokens = ClipTokens(encoder)

    one = tokens.image_tokens(images(encoder), [tokens.layer_count])[0]

    height, width = one.grid
    assert height == width > 0
    assert 0 <= one.tokens.shape[1] - height * width < 2 * height + 1
    assert one.feature_map.shape == (2, one.tokens.shape[2], height, width)


@pytest.mark.parametrize("family", PROJECTED)
@torch.no_grad()
def test_the_token_that_is_pooled_has_the_features_of_the_text(family, tmp_path):
    encoder = load(family, tmp_path)
    batch = encoder.tokenize(TEXTS)

    features, mask = ClipTokens(encoder).text_tokens(batch)

    siglip = "siglip" in family
    ends = mask.sum(dim=1) - 1
    pooled = features[:, -1] if siglip else features[torch.arange(len(TEXTS)), ends]
    unit = torch.nn.functional.normalize(pooled, dim=-1)
    assert torch.allclose(unit, encoder.encode_texts(batch), atol=2e-6)
    assert torch.equal(mask, batch.attention_mask.bool())
    assert not torch.allclose(features[:, 0], features[:, -1])


@torch.no_grad()
def test_text_tokens_are_the_projected_intermediates_of_open_clip():
    encoder = openclip_vit()
    model, batch = encoder.model, encoder.tokenize(TEXTS)

    features, mask = ClipTokens(encoder).text_tokens(batch)

    full = model.forward_intermediates(
        text=encoder.tokenizer(TEXTS), normalize_intermediates=True, intermediates_only=True
    )["text_intermediates"][-1]
    expected = (full @ model.text_projection)[:, : features.shape[1]]
    assert torch.allclose(features[mask], expected[mask], atol=2e-6)


@torch.no_grad()
def test_text_tokens_are_the_projected_hidden_states_of_transformers(tmp_path):
    encoder = load("clip", tmp_path)
    encoded = encoder.tokenizer(TEXTS, padding=True, return_tensors="pt")

    features, mask = ClipTokens(encoder).text_tokens(encoder.tokenize(TEXTS))

    hidden = encoder.model.text_model(**encoded).last_hidden_state
    assert torch.allclose(features[mask], encoder.model.text_projection(hidden)[mask], atol=2e-6)


@pytest.mark.parametrize("family", ["clip", "vit", "resnet"])
def test_gradients_reach_both_towers(family, tmp_path):
    encoder = load(family, tmp_path)
    tokens = ClipTokens(encoder)

    image = tokens.image_tokens(images(encoder), [1])[0].tokens
    text, _ = tokens.text_tokens(encoder.tokenize(TEXTS))
    (image.sum() + text.square().sum()).backward()

    reached = {name for name, value in encoder.named_parameters() if value.grad is not None}
    assert any("vis" in name for name in reached)
    assert any("token_embedding" in name for name in reached)


def test_hooks_are_removed_afterwards():
    encoder = load_encoder("tiny-resnet")

    ClipTokens(encoder).image_tokens(images(encoder), [1])

    assert not any(module._forward_hooks for module in encoder.modules())


@pytest.mark.parametrize("layer", [0, 5])
def test_a_layer_that_does_not_exist_is_refused(layer):
    encoder = load_encoder("tiny-resnet")

    with pytest.raises(ValueError, match=f"got {layer}"):
        ClipTokens(encoder).image_tokens(images(encoder), [1, layer])


@pytest.mark.parametrize("family", ["chinese-clip", "open_clip-bert"])
def test_a_text_tower_without_projected_tokens_is_refused(family, tmp_path):
    encoder = load(family, tmp_path)

    with refused("tokens"):
        ClipTokens(encoder).text_tokens(encoder.tokenize(TEXTS))
