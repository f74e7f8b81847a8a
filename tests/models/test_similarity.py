from math import log

import pytest
import torch

from vg_mc.models.similarity import similarity_logits, unit_vectors

PICTURES = torch.tensor([[1.0, 0.0], [0.6, 0.8]])
TEXTS = torch.tensor([[0.0, 1.0]])


def test_texts_are_rows_and_images_are_columns():
    logits = similarity_logits(PICTURES, TEXTS, torch.tensor(log(10.0)), None, clipped=True)

    assert torch.allclose(logits, torch.tensor([[0.0, 8.0]]))


def test_the_scale_of_clip_is_clipped_at_100_in_training():
    logits = similarity_logits(PICTURES, TEXTS, torch.tensor(log(500.0)), None, clipped=True)

    assert torch.allclose(logits, torch.tensor([[0.0, 80.0]]))


def test_a_stored_scale_above_100_is_used_as_it_is_outside_of_training():
    logits = similarity_logits(PICTURES, TEXTS, torch.tensor(log(500.0)), None, clipped=False)

    assert torch.allclose(logits, torch.tensor([[0.0, 400.0]]))


def test_the_scale_of_siglip_is_not_clipped_and_its_bias_is_added():
    logits = similarity_logits(
        PICTURES, TEXTS, torch.tensor(log(500.0)), torch.tensor(-10.0), clipped=True
    )

    assert torch.allclose(logits, torch.tensor([[-10.0, 390.0]]))


@pytest.mark.parametrize(("direction", "moves"), [(1.0, True), (-1.0, False)])
def test_a_scale_beyond_the_limit_can_only_decrease(direction, moves):
    log_scale = torch.tensor(log(100.003), requires_grad=True)

    (direction * similarity_logits(PICTURES, TEXTS, log_scale, None, clipped=True).sum()).backward()

    assert bool(log_scale.grad != 0) is moves


def test_below_the_limit_the_gradient_is_that_of_the_formula():
    ours, plain = (torch.tensor(2.0, requires_grad=True) for _ in range(2))

    similarity_logits(PICTURES, TEXTS, ours, None, clipped=True).sum().backward()
    (TEXTS @ PICTURES.T * plain.exp()).sum().backward()

    assert torch.allclose(ours.grad, plain.grad)


def test_logits_keep_float32_under_autocast():
    features = unit_vectors(torch.randn(8, 16, generator=torch.Generator().manual_seed(0)))
    log_scale = torch.tensor(log(100.0))

    with torch.autocast("cpu", dtype=torch.bfloat16):
        logits = similarity_logits(features, features, log_scale, None, clipped=True)

    assert logits.dtype == torch.float32
    assert torch.equal(logits, similarity_logits(features, features, log_scale, None, clipped=True))


def test_unit_vectors_are_float32_of_length_one():
    vectors = unit_vectors(torch.tensor([[3.0, 4.0]], dtype=torch.bfloat16))

    assert vectors.dtype == torch.float32
    assert torch.allclose(vectors, torch.tensor([[0.6, 0.8]]))
