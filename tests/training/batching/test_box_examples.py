"""Targets stay on their objects in every draw, and texts follow the flip."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from tests.training.tiny_boxes import BOX, SIDE, TRAINING, box_task, rectangles
from tests.training.tiny_run import changed
from vg_mc.models.box_predictors.layers import cxcywh_to_xyxy
from vg_mc.text.places import names_place
from vg_mc.training.batching.geometry import GeometryOptions

EVERYTHING = GeometryOptions(crop=1.0, smallest_scale=0.6, translate=True)


def maker(geometry=GeometryOptions(), *, predictor="clip-vg", fit="letterbox", **changes):  # noqa: B008
    box = replace(BOX, geometry=geometry, fit=fit)
    return box_task(predictor, training=changed(TRAINING, **changes), box=box).examples()


def box_of_white(image: torch.Tensor) -> np.ndarray:
    """Return the box of the white pixels of an image (3, S, S), xyxy."""
    rows, columns = np.nonzero(image.float().mean(dim=0).numpy() > 170)
    return np.array([columns.min(), rows.min(), columns.max() + 1, rows.max() + 1])


@pytest.mark.parametrize("fit", ["letterbox", "squash"])
@pytest.mark.parametrize("flip", [0.0, 1.0])
@pytest.mark.parametrize("geometry", [GeometryOptions(), EVERYTHING], ids=["plain", "everything"])
def test_targets_are_where_the_white_pixels_are(fit, flip, geometry):
    made = maker(geometry, fit=fit, flip=flip)

    for epoch in range(2):
        batch = made.assemble(np.arange(18), epoch)

        boxes = cxcywh_to_xyxy(batch.targets) * SIDE
        for box, index in zip(boxes.numpy(), batch.inputs.image_index.tolist(), strict=True):
            assert np.abs(box - box_of_white(batch.inputs.images[index])).max() < 2.1


def test_padding_is_outside_of_the_content():
    batch = maker(EVERYTHING, color_jitter=0.5).assemble(np.arange(18), 0)

    for image, content in zip(batch.inputs.images, batch.inputs.content, strict=True):
        left, top, right, bottom = (content * SIDE).round().int().tolist()
        outside = torch.ones(SIDE, SIDE, dtype=torch.bool)
        outside[top:bottom, left:right] = False
        assert (image[:, outside] == torch.tensor([[123], [117], [104]])).all()


def test_each_image_is_decoded_once_and_given_once_without_crops():
    batch = maker().assemble(np.arange(18), 0)

    assert len(batch.inputs.images) == 9
    assert batch.inputs.image_index.tolist() == [row // 2 for row in range(18)]
    assert len(batch.inputs.tokens.token_ids) == 4


def test_an_expression_that_names_a_place_sees_the_whole_image():
    dataset = rectangles()
    texts = dataset.expressions("train").texts
    made = maker(GeometryOptions(crop=1.0))

    batch = made.assemble(np.arange(18), 0)

    plain = maker().assemble(np.arange(18), 0)
    seen = [
        torch.equal(
            batch.inputs.images[batch.inputs.image_index[row]],
            plain.inputs.images[plain.inputs.image_index[row]],
        )
        for row in range(18)
    ]
    named = [names_place(text) for text in texts]
    assert all(same for same, named_place in zip(seen, named, strict=True) if named_place)
    assert not all(seen)


def test_examples_do_not_depend_on_the_rest_of_the_batch():
    made = maker(EVERYTHING, flip=0.5, color_jitter=0.3)
    together = made.assemble(np.arange(18), 3)

    for row in (0, 5, 17):
        alone = made.assemble(np.array([row]), 3)
        assert torch.equal(alone.targets[0], together.targets[row])
        index = together.inputs.image_index[row]
        assert torch.equal(alone.inputs.images[0], together.inputs.images[index])
        assert torch.equal(alone.inputs.content[0], together.inputs.content[index])


def test_left_and_right_are_swapped_in_flipped_images():
    made = maker(flip=1.0)
    row = made.expressions.texts.index("a box on the left")

    tokens = made.assemble(np.array([row]), 0).inputs.tokens

    expected = made.tokenize(["a box on the right"])
    assert torch.equal(tokens.token_ids, expected.token_ids)


def test_published_targets_are_whole_pixels():
    shifted = rectangles(shift=0.75)

    published, ours = (
        box_task(name, dataset=shifted).examples().assemble(np.arange(18), 0).targets
        for name in ("clip-vg-published", "clip-vg")
    )

    assert torch.equal(published, maker().assemble(np.arange(18), 0).targets)
    assert not torch.equal(ours, published)
