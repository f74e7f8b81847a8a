import torch
from torch import nn

from benchmarks.throughput import StepSize, matrix_rate, operations, without_content
from vg_mc.models.loading import load_encoder


class TwoProducts(nn.Module):
    """Two matrix products per picture, and none per text."""

    image_size = 4

    def __init__(self):
        super().__init__()
        self.first, self.second = nn.Linear(48, 7, bias=False), nn.Linear(7, 5, bias=False)
        self.table = nn.Embedding(1, 5)

    def encode_images(self, pictures):
        return self.second(self.first(pictures.flatten(1).float()))

    def encode_texts(self, tokens):
        return self.table(tokens.token_ids[:, 0])


def test_operations_grow_with_pictures_and_with_texts():
    shapes = without_content(load_encoder("tiny-resnet", image_size=32))

    def count(*size: int) -> int:
        return operations(shapes, StepSize(*size))

    assert count(6, 2, 5) - count(3, 2, 5) == 3 * (count(4, 2, 5) - count(3, 2, 5)) > 0
    assert count(3, 2, 6) > count(3, 2, 5)
    assert count(3, 3, 5) > count(3, 2, 5)


def test_operations_are_those_of_the_products_forward_and_backward():
    counted = operations(without_content(TwoProducts()), StepSize(pictures=3, texts=2, tokens=4))

    first = 2 * 3 * 48 * 7 * 2  # forward, and the gradient of its weights; pictures need none
    second = 2 * 3 * 7 * 5 * 3  # forward, and the gradients of its weights and of its input
    similarities = 2 * 2 * 5 * 3 * 3
    assert counted == first + second + similarities


def test_counting_changes_no_weight_and_leaves_the_model_where_it_is():
    encoder = load_encoder("tiny-resnet", image_size=32)

    operations(without_content(encoder), StepSize(2, 1, 3))

    assert all(weight.device.type == "cpu" for weight in encoder.parameters())
    assert all(weight.grad is None for weight in encoder.parameters())


def test_the_rate_of_a_matrix_product_is_measured():
    assert matrix_rate(torch.device("cpu"), torch.float32, side=64) > 0
