"""What all box predictors have in common, with both libraries, and what each of them ignores."""

import pytest
import torch
from torch import nn

from tests.models.box_predictors.made import MEAN_BOX, TEXTS, inputs_of, predictor, randomized
from tests.refusals import refused
from vg_mc.models.box_predictors.building import freeze_unused
from vg_mc.models.box_predictors.options import HeadOptions, HrnetOptions
from vg_mc.models.box_predictors.registry import PREDICTORS
from vg_mc.models.similarity import in_evaluation_mode
from vg_mc.models.trainable.freezing import train_only

PAIRS = [(0, 0), (1, 1), (0, 1), (0, 2)]

each_predictor = pytest.mark.parametrize("name", PREDICTORS)
each_library = pytest.mark.parametrize("model", ["tiny-vit", "tiny-resnet"])


@each_predictor
@each_library
@torch.no_grad()
def test_each_expression_gets_a_box(name, model):
    built = predictor(name, model)

    boxes = built(inputs_of(built, PAIRS)).boxes

    assert boxes.shape == (4, 4)
    assert boxes.dtype == torch.float32
    if name in ("mlp", "hrnet"):
        assert torch.allclose(boxes, torch.tensor(MEAN_BOX).expand(4, 4), atol=1e-6)


@each_predictor
@each_library
@torch.no_grad()
def test_a_batch_has_the_boxes_of_single_expressions(name, model):
    built = randomized(predictor(name, model))
    together = built(inputs_of(built, PAIRS)).boxes

    alone = []
    for image, text in PAIRS:
        inputs = inputs_of(built, [(0, 0)], texts=[TEXTS[text]])
        image_only = inputs_of(built, PAIRS).images[image : image + 1]
        one = inputs._replace(images=image_only, content=inputs.content[:1])
        alone.append(built(one).boxes)

    assert torch.allclose(together, torch.cat(alone), atol=1e-5)
    assert not torch.allclose(together[0], together[1], atol=1e-5)


@each_predictor
@torch.no_grad()
def test_boxes_depend_on_the_image_and_on_the_text(name):
    built = randomized(predictor(name))

    boxes = built(inputs_of(built, [(0, 0), (1, 0), (0, 1)])).boxes

    assert not torch.allclose(boxes[0], boxes[1], atol=1e-5)
    assert not torch.allclose(boxes[0], boxes[2], atol=1e-5)


@each_predictor
@each_library
@pytest.mark.parametrize("train", ["all", "none", "image"])
def test_gradients_reach_exactly_the_trained_weights(name, model, train):
    built = predictor(name, model)
    train_only(built.encoder, train)
    freeze_unused(built)
    randomized(built).train()

    built(inputs_of(built, PAIRS)).boxes.square().sum().backward()

    trained = {key for key, weight in built.named_parameters() if weight.requires_grad}
    reached = {key for key, weight in built.named_parameters() if weight.grad is not None}
    assert reached == trained
    assert any(key.startswith("encoder.") for key in trained) == (train != "none")
    assert any(key.startswith("head.") for key in trained)


@each_predictor
def test_each_image_and_each_text_is_encoded_once(name):
    built = predictor(name)
    inputs = inputs_of(built, PAIRS)
    encoded = []
    normalize = built.encoder.normalize
    normalize.register_forward_hook(lambda _module, given, _output: encoded.append(len(given[0])))
    embedding = built.encoder.model.text_model.embeddings
    embedding.register_forward_hook(lambda _module, _given, output: encoded.append(len(output)))

    with torch.no_grad():
        built(inputs)

    assert encoded == [2, 3]


@each_predictor
def test_it_runs_under_autocast(name):
    built = randomized(predictor(name))
    inputs = inputs_of(built, PAIRS)

    with torch.no_grad(), torch.autocast("cpu", dtype=torch.bfloat16):
        boxes = built(inputs).boxes

    assert boxes.dtype == torch.float32
    with torch.no_grad():
        assert torch.allclose(boxes, built(inputs).boxes, atol=0.1)


@pytest.mark.parametrize("name", ["clip-vg", "clip-vg-published"])
@torch.no_grad()
def test_padding_of_images_is_ignored(name):
    built = randomized(predictor(name))
    inputs = inputs_of(built, [(0, 0)], images=1)
    (tokens,) = built.head.image_features(built.encoder, inputs.images)
    texts = built.head.text_features(built.encoder, inputs.tokens)
    changed = tokens.clone()
    cells = changed[:, 1:].unflatten(1, (8, 8))  # after the class token
    cells[:, :2] = 100.0  # a quarter of the height above the image, and one below it
    cells[:, 6:] = -100.0

    padded = built.head((changed,), texts, inputs).boxes

    assert not torch.equal(changed, tokens)
    assert torch.allclose(padded, built.head((tokens,), texts, inputs).boxes, atol=1e-6)
    shown = changed.clone()
    shown[:, 1:].unflatten(1, (8, 8))[:, 2] *= -1.0
    assert not torch.allclose(built.head((shown,), texts, inputs).boxes, padded, atol=1e-6)


@pytest.mark.parametrize("name", ["clip-vg", "clip-vg-published"])
@torch.no_grad()
def test_padding_of_texts_is_ignored(name):
    built = randomized(predictor(name))
    inputs = inputs_of(built, [(0, 1)])
    tokens = built.head.image_features(built.encoder, inputs.images)
    texts = built.head.text_features(built.encoder, inputs.tokens)
    changed = texts.masked_fill(~inputs.tokens.attention_mask.bool()[..., None], 100.0)

    assert not torch.equal(changed, texts)
    expected = built.head(tokens, texts, inputs).boxes
    assert torch.allclose(built.head(tokens, changed, inputs).boxes, expected, atol=1e-6)


@torch.no_grad()
def test_clip_vg_predicts_the_expected_box_of_its_cells():
    built = randomized(predictor("clip-vg"))
    inputs = inputs_of(built, PAIRS)

    boxes, cells = built(inputs)

    shares = cells.exp()
    assert shares.shape == (4, 8, 8)
    assert torch.allclose(shares.sum(dim=(1, 2)), torch.ones(4))
    assert (shares[:, :2] == 0).all()  # padding
    assert (shares[:, 6:] == 0).all()
    assert (shares[:, 2:6] > 0).all()
    assert ((boxes > -0.5) & (boxes < 1.5)).all()


@torch.no_grad()
def test_clip_vg_starts_in_the_middle_with_the_mean_size():
    built = predictor("clip-vg")
    torch.nn.init.zeros_(built.head.score.weight)

    boxes = built(inputs_of(built, PAIRS)).boxes

    expected = torch.tensor([0.5, 0.5, *MEAN_BOX[2:]])
    assert torch.allclose(boxes, expected.expand(4, 4), atol=1e-6)


@torch.no_grad()
def test_the_last_layer_computes_only_what_is_read():
    head = predictor("clip-vg").head
    tokens, positions = torch.randn(2, 7, 32), torch.randn(7, 32)
    padding = torch.zeros(2, 7, dtype=torch.bool)

    first = head.fusion[0](tokens, positions, padding, count=1)

    assert first.shape == (2, 1, 32)
    assert torch.allclose(first, head.fusion[0](tokens, positions, padding)[:, :1], atol=1e-6)


@torch.no_grad()
def test_the_transformer_is_that_of_pytorch_where_positions_are_zero():
    layer = predictor("clip-vg").head.fusion[0]
    reference = nn.TransformerEncoderLayer(32, 4, 128, batch_first=True).eval()
    reference.self_attn.load_state_dict(layer.attention.state_dict())
    reference.linear1.load_state_dict(layer.feedforward[0].state_dict())
    reference.linear2.load_state_dict(layer.feedforward[3].state_dict())
    tokens = torch.randn(2, 7, 32)
    padding = torch.arange(7) >= torch.tensor([[7], [4]])

    found = layer(tokens, torch.zeros(7, 32), padding)

    expected = reference(tokens, src_key_padding_mask=padding)
    assert torch.allclose(found[~padding], expected[~padding], atol=1e-5)


def test_the_published_clip_vg_normalises_images_by_imagenet_and_trains_positions():
    built = predictor("clip-vg-published")
    usual = predictor("clip-vg")

    mean = built.encoder.normalize.mean.flatten().tolist()
    assert mean == pytest.approx([0.485, 0.456, 0.406])
    assert usual.encoder.normalize.mean.flatten().tolist() != pytest.approx(mean)


def test_the_published_clip_vg_trains_the_positions_of_a_frozen_tower():
    from vg_mc.models.box_predictors.building import build_predictor
    from vg_mc.models.loading import load_encoder

    settings = predictor("clip-vg-published").definition
    encoder = load_encoder("tiny-vit")
    train_only(encoder, "none")

    freeze_unused(built := build_predictor(encoder, settings))

    trained = {key for key, weight in built.encoder.named_parameters() if weight.requires_grad}
    assert trained == {"model.vision_model.embeddings.position_embedding.weight"}


def test_statistics_of_batch_norm_are_those_of_expressions():
    """One image for two expressions has the outputs and gradients of the image twice."""
    built = randomized(predictor("hrnet", heads=HeadOptions(HrnetOptions("hrnet_w18_small"))))
    built.head.joint[0].p = built.head.joint[-2].p = 0.0
    train_only(built.encoder, "none")
    shared = inputs_of(built, PAIRS)
    plain = shared._replace(
        images=shared.images[shared.image_index],
        content=shared.content[shared.image_index],
        image_index=torch.arange(4),
    )

    found = []
    for inputs in (shared, plain):
        built.zero_grad()
        with in_evaluation_mode(built):
            built.head.joint.train()
            built.head.image_stream.train()
            boxes = built(inputs).boxes
        boxes.square().sum().backward()
        found.append((boxes, built.head.image_stream.reduce.weight.grad.clone()))

    for one, other in zip(*found, strict=True):
        assert torch.allclose(one, other, atol=1e-4)


def test_an_unknown_hrnet_is_refused_with_the_known_ones():
    heads = HeadOptions(HrnetOptions("hrnet_w19"))

    with refused("hrnet_w19", "hrnet_w18", record="--hrnet"):
        predictor("hrnet", heads=heads)
