import json

import numpy as np
import open_clip
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file

from tests.models.families import build
from tests.refusals import refused
from vg_mc.models.loading import load_encoder
from vg_mc.models.openclip import OpenClipEncoder
from vg_mc.models.tiny import CONTEXT_LENGTH, tiny_resnet

SIZE = 32
TEXTS = ["red circle", "the small blue square left of the green triangle", "!"]
VISION = {"image_size": SIZE, "layers": 2, "width": 32, "head_width": 16, "patch_size": 8}
TEXT = {"context_length": 77, "vocab_size": 49408, "width": 32, "heads": 2, "layers": 2}
BIDIRECTIONAL = {"no_causal_mask": True, "pool_type": "last", "context_length": 16}

MODELS = {
    "resnet": {"vision_cfg": {**VISION, "layers": [1, 1, 1, 1], "width": 16}, "text_cfg": TEXT},
    "vit": {"vision_cfg": VISION, "text_cfg": TEXT, "quick_gelu": True},
    "vit, own text class": {"vision_cfg": VISION, "text_cfg": TEXT, "custom_text": True},
    "siglip": {
        "vision_cfg": VISION,
        "text_cfg": {**TEXT, **BIDIRECTIONAL},
        "custom_text": True,
        "init_logit_bias": -10,
        "init_logit_scale": 5,
    },
}
COLOURS = {"mean": [0.5, 0.4, 0.3], "std": [0.2, 0.3, 0.4]}


@pytest.fixture(scope="module", params=MODELS)
def encoder(request, tmp_path_factory) -> OpenClipEncoder:
    """A folder in the layout of open_clip with random weights, loaded by `load_encoder`."""
    folder = tmp_path_factory.mktemp("open_clip")
    settings = {"model_cfg": {"embed_dim": 24, **MODELS[request.param]}, "preprocess_cfg": COLOURS}
    (folder / "open_clip_config.json").write_text(json.dumps(settings))
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = open_clip.create_model(f"local-dir:{folder}")
    save_file(model.state_dict(), folder / "open_clip_model.safetensors")
    return load_encoder(str(folder))


@pytest.fixture(scope="module")
def pictures() -> torch.Tensor:
    generator = torch.Generator().manual_seed(0)
    return torch.randint(0, 256, (5, 3, SIZE, SIZE), dtype=torch.uint8, generator=generator)


def as_photo(picture: torch.Tensor) -> Image.Image:
    return Image.fromarray(picture.permute(1, 2, 0).numpy())


@torch.no_grad()
def test_logits_are_those_of_the_library_with_its_own_preprocessing(encoder, pictures):
    source = encoder.name
    model, _, transform = open_clip.create_model_and_transforms(f"local-dir:{source}")
    pixels = torch.stack([transform(as_photo(picture)) for picture in pictures])
    full_length = open_clip.get_tokenizer(f"local-dir:{source}")(TEXTS)
    theirs = model.eval().get_logits(pixels, full_length)[1]

    ours = encoder(pictures, encoder.tokenize(TEXTS))

    assert torch.equal(encoder.normalize(pictures), pixels)
    assert torch.allclose(ours, theirs, atol=1e-5, rtol=0)


@torch.no_grad()
def test_short_texts_have_the_features_of_the_full_length(encoder):
    full_length = encoder.tokenizer(TEXTS)

    shortened = encoder.encode_texts(encoder.tokenize(TEXTS))

    theirs = encoder.model.encode_text(full_length, normalize=True)
    assert torch.allclose(shortened, theirs, atol=1e-6, rtol=0)


def test_short_texts_have_the_gradients_of_the_full_length(encoder):
    def gradients(features: torch.Tensor) -> dict[str, torch.Tensor]:
        encoder.zero_grad()
        features[:, 0].sum().backward()
        weights = encoder.model.named_parameters()
        return {name: weight.grad for name, weight in weights if weight.grad is not None}

    shortened = gradients(encoder.encode_texts(encoder.tokenize(TEXTS)))
    full_length = gradients(encoder.model.encode_text(encoder.tokenizer(TEXTS), normalize=True))

    assert shortened.keys() == full_length.keys()
    for name, gradient in full_length.items():
        assert torch.allclose(shortened[name], gradient, atol=1e-5, rtol=1e-3), name


def test_padding_is_removed_unless_the_model_attends_to_it(encoder):
    token_ids, mask = encoder.tokenize(["a square", "a red square"])

    reads_padding = "no_causal_mask" in encoder.model_config["text_cfg"]
    assert token_ids.shape == ((2, 16) if reads_padding else (2, 5))
    assert mask.sum(dim=1).tolist() == ([16, 16] if reads_padding else [4, 5])


@torch.no_grad()
def test_an_image_does_not_depend_on_the_rest_of_the_batch(encoder, pictures):
    alone = torch.cat([encoder.encode_images(picture[None]) for picture in pictures])

    assert torch.allclose(encoder.encode_images(pictures), alone, atol=1e-6)


@torch.no_grad()
def test_the_library_gives_identical_features_from_a_saved_folder(encoder, pictures, tmp_path):
    encoder.save(tmp_path)

    source = f"local-dir:{tmp_path}"
    model, _, transform = open_clip.create_model_and_transforms(source)
    pixels = torch.stack([transform(as_photo(picture)) for picture in pictures])
    full_length = open_clip.get_tokenizer(source)(TEXTS)

    ours = encoder.model.encode_text(encoder.tokenizer(TEXTS), normalize=True)
    assert torch.equal(model.eval().encode_text(full_length, normalize=True), ours)
    assert torch.equal(model.encode_image(pixels, normalize=True), encoder.encode_images(pictures))


def test_the_saved_preprocessing_resizes_whole_images(encoder, tmp_path):
    encoder.save(tmp_path)
    values = np.random.default_rng(0).integers(0, 256, (48, 80, 3), dtype=np.uint8)
    photo = Image.fromarray(values)
    squashed = np.asarray(photo.resize((SIZE, SIZE), Image.Resampling.BICUBIC))

    transform = open_clip.create_model_and_transforms(f"local-dir:{tmp_path}")[2]

    ours = encoder.normalize(torch.tensor(squashed).permute(2, 0, 1)[None])
    assert torch.equal(transform(photo)[None], ours)


def test_gradients_reach_both_towers_and_the_scale(encoder, pictures):
    encoder.zero_grad()

    encoder(pictures, encoder.tokenize(TEXTS)).logsumexp(dim=1).sum().backward()

    reached = {name for name, weight in encoder.model.named_parameters() if weight.grad is not None}
    assert {"logit_scale"} < reached
    for ending in ("visual.conv1.weight", "token_embedding.weight", "positional_embedding"):
        assert any(name.endswith(ending) for name in reached)


def test_a_long_text_is_cut_and_keeps_its_end_token(encoder):
    token_ids, mask = encoder.tokenize(["square " * 100])

    assert token_ids.shape == (1, encoder.model_config["text_cfg"]["context_length"])
    assert token_ids[0, -1] == encoder.tokenizer.eot_token_id
    assert mask.all()


def test_a_saved_siglip_keeps_its_tokenization(tmp_path):
    encoder = build("open_clip-siglip", tmp_path)
    encoder.save(tmp_path / "kept")

    for each in (encoder, load_encoder(str(tmp_path / "kept"))):
        capitals, lower = each.tokenize(["The RED circle!", "the red circle"]).token_ids
        assert torch.equal(capitals, lower)
        assert len(lower) == 64


@torch.no_grad()
def test_a_text_tower_of_transformers_gets_no_unneeded_padding(tmp_path):
    encoder = build("open_clip-bert", tmp_path)

    token_ids, mask = tokens = encoder.tokenize(["red circle", "circle", "!"])

    full_length = encoder.tokenizer(["red circle", "circle", "!"])
    theirs = encoder.model.encode_text(full_length, normalize=True)
    assert full_length.shape == (3, 16)
    assert token_ids.shape == (3, 4)
    assert mask.sum(dim=1).tolist() == [4, 3, 3]
    assert torch.allclose(encoder.encode_texts(tokens), theirs, atol=1e-6, rtol=0)


def test_a_shortened_text_tower_is_restored():
    encoder = tiny_resnet()

    encoder.encode_texts(encoder.tokenize(TEXTS))

    assert encoder.model.positional_embedding.shape[0] == CONTEXT_LENGTH
    assert isinstance(encoder.model.positional_embedding, torch.nn.Parameter)


def test_a_resnet_of_real_size_is_initialised_at_random():
    encoder = load_encoder("open_clip:RN50")

    assert encoder.name == "open_clip:RN50"
    assert encoder.image_size == 224
    assert sum(weight.numel() for weight in encoder.parameters()) == 102_007_137
    assert encoder.encode_texts(encoder.tokenize(TEXTS)).shape == (3, 1024)


def test_published_weights_define_their_activation(monkeypatch):
    asked = {}

    def refuse(_architecture: str, **settings: object) -> None:
        asked.update(settings)
        raise RuntimeError("offline")

    monkeypatch.setattr(open_clip, "create_model", refuse)

    with refused("offline") as caught:
        load_encoder("open_clip:RN50/openai")
    assert caught.value.file == "open_clip:RN50/openai"
    assert asked["force_quick_gelu"]
    assert asked["pretrained"] == "openai"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("open_clip:RN5", "open_clip:RN5 RN50"),
        ("open_clip:RN50/no-tag", "open_clip:RN50/no-tag"),
        ("open_clip:hf-hub:owner/no-such-model", "open_clip:hf-hub:owner/no-such-model"),
    ],
)
def test_the_error_lists_available_names(name, message):
    with refused(*message.split()):
        load_encoder(name)


def test_a_folder_without_weights_is_refused(tmp_path):
    tiny_resnet().save(tmp_path)
    (tmp_path / "open_clip_model.safetensors").unlink()

    with refused("open_clip_model.safetensors"):
        load_encoder(str(tmp_path))


def test_a_folder_with_an_invalid_config_is_refused(tmp_path):
    tiny_resnet().save(tmp_path)
    (tmp_path / "open_clip_config.json").write_text("{}")

    with refused("model_cfg"):
        load_encoder(str(tmp_path))
