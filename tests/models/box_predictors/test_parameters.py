"""Heads have the numbers of parameters of the published systems, counted without memory."""

from itertools import pairwise
from pathlib import Path

import pytest

from tests.models.box_predictors.made import openclip_on_meta
from vg_mc.models.box_predictors.building import build_predictor
from vg_mc.models.box_predictors.options import ClipVgOptions, HeadOptions, HrnetOptions
from vg_mc.models.box_predictors.protocol import PredictorSettings
from vg_mc.models.loading import load_encoder
from vg_mc.models.trainable.freezing import train_only

DEFAULT = HeadOptions()
HRNET_W18 = 10_948_180  # features only
# Registered by the published code and never used (512 x 512 + 512).
UNUSED_PROJECTION = 262_656


def on_meta(name: str, architecture: str, heads: HeadOptions = DEFAULT):
    """Build a predictor with a frozen encoder whose weights need no memory."""
    encoder = openclip_on_meta(architecture)
    for weight in encoder.parameters():
        weight.requires_grad_(False)
    return build_predictor(encoder, PredictorSettings(name, heads, "letterbox", 224))


def count(module) -> int:
    return sum(weight.numel() for weight in module.parameters())


def trained(module) -> int:
    return sum(weight.numel() for weight in module.parameters() if weight.requires_grad)


@pytest.mark.parametrize(("architecture", "expected"), [("ViT-B-32", 689_540), ("RN50", 2_689_156)])
def test_the_published_perceptron_has_the_published_parameters(architecture, expected):
    model = on_meta("mlp-published", architecture)

    assert count(model.head) == trained(model) == expected


@pytest.mark.exhaustive
def test_the_method_names_the_numbers_of_parameters():
    text = (Path(__file__).parents[3] / "docs" / "method.md").read_text(encoding="utf-8")

    counts = {
        name: count(on_meta(name, architecture).head)
        for name, architecture in [
            ("mlp", "ViT-B-32"),
            ("mlp-published", "ViT-B-32"),
            ("clip-vg", "ViT-B-16"),
            ("clip-vg-published", "ViT-B-16"),
        ]
    }

    rows = {
        name: next(r for r in text.splitlines() if r.startswith(f"| `{name}` |")) for name in counts
    }
    assert [name for name, number in counts.items() if f"{number:,}" not in rows[name]] == []


def test_our_perceptron_reads_four_features():
    model = on_meta("mlp", "ViT-B-32")

    widths = [4 * 512, 512, 256, 128, 4]
    pairs = pairwise(widths)
    assert count(model.head) == sum(before * after + after for before, after in pairs)


@pytest.mark.parametrize("clip_map", ["pooled", "layer3"])
def test_the_head_after_hrnet_has_the_parameters_of_its_steps(clip_map):
    heads = HeadOptions(hrnet=HrnetOptions("hrnet_w18", clip_map))

    head = on_meta("hrnet", "RN50", heads).head

    steps = {
        "image_stream": 131_328,
        "text_stream": 131_328,
        "map_stream": 32_896,
        "joint": 737_792 + 590_336 + 1_049_088,
        "box": 41_412,
    }
    assert {name: count(getattr(head, name)) for name in steps} == steps
    assert count(head) - count(head.backbone) == sum(steps.values()) == 2_714_180
    assert count(head.backbone) == HRNET_W18


def test_the_published_clip_vg_trains_the_published_parameters_but_the_unused_ones():
    model = on_meta("clip-vg-published", "ViT-B-16")

    parts = {
        "image_projection": 1_573_376,
        "text_projection": 262_656,
        "positions": 140_800,
        "fusion": 6 * 3_152_384,
        "box": 527_364,
    }
    assert {name: count(getattr(model.head, name)) for name in parts} == parts
    assert model.head.reg_token.numel() == 512
    positions = 197 * 768  # of the image tower
    assert trained(model) == sum(parts.values()) + 512 + positions
    assert trained(model) + UNUSED_PROJECTION == 21_832_964


@pytest.mark.parametrize(
    ("architecture", "layers", "tokens"),
    [
        ("ViT-B-16", [1, 4, 8, 12], 275),
        ("ViT-B-32", [1, 4, 8, 12], 128),
        ("ViT-L-14", [1, 8, 16, 24], 335),
    ],
)
def test_published_layers_are_tapped_and_all_tokens_joined(architecture, layers, tokens):
    heads = HeadOptions(clip_vg=ClipVgOptions(fusion_layers=1))

    head = on_meta("clip-vg", architecture, heads).head

    assert head.layers == layers
    assert head.positions.num_embeddings == tokens


def test_ours_adds_norms_and_scores_and_trains_no_positions_of_the_encoder():
    published, ours = (on_meta(name, "ViT-B-16") for name in ("clip-vg-published", "clip-vg"))

    norms, scores = 4 * 2 * 768, 512
    assert count(ours.head) == count(published.head) + norms + scores
    assert trained(ours) == count(ours.head)


def test_the_encoder_can_be_frozen_as_a_whole():
    encoder = load_encoder("tiny-vit")

    train_only(encoder, "none")

    assert trained(encoder) == 0
