"""The loss that is trained on is a mean over sentences, so that parts of a batch add up to it."""

import pytest
import torch
from torch.nn import functional as F

from vg_mc.models.dual_encoder import TokenBatch
from vg_mc.training.batching.batches import Batch
from vg_mc.training.tasks.losses import LossOptions, choice_losses, mean_loss, sentence_losses
from vg_mc.training.tasks.multiple_choice import accuracy_of

LOGITS = torch.tensor([[1.0, 2.0, 0.0], [0.5, 0.1, 0.2], [3.0, 1.0, -torch.inf], [0.0, 1.0, 2.0]])


def batch_of(rows: list[int]) -> Batch:
    """Two images: sentences 0 and 1 about pictures 0 to 2, sentences 2 and 3 about 3 to 5."""
    index = torch.tensor([[0, 1, 2], [1, 0, 2], [3, 4, 0], [4, 3, 5]])
    mask = torch.tensor([[True] * 3, [True] * 3, [True, True, False], [True] * 3])
    targets = torch.tensor([[1.0, 0, 0], [0.75, 0, 0.25], [1.0, 0, 0], [1.0, 0, 0]])
    empty = torch.zeros(0, dtype=torch.int64)
    return Batch(
        pictures=torch.zeros(6, 3, 1, 1, dtype=torch.uint8),
        tokens=TokenBatch(empty, empty),
        text_index=empty,
        candidate_index=index[rows],
        candidate_mask=mask[rows],
        targets=targets[rows],
        expression_ids=torch.tensor(rows),
    )


EVERYTHING = batch_of([0, 1, 2, 3])


def test_without_anything_it_is_cross_entropy():
    hard = EVERYTHING._replace(targets=torch.eye(3)[[0, 0, 0, 0]])

    loss = mean_loss(LOGITS, hard, LossOptions())

    assert torch.allclose(loss, F.cross_entropy(LOGITS, torch.zeros(4, dtype=torch.int64)))


def test_both_directions_are_added():
    loss = mean_loss(LOGITS, EVERYTHING, LossOptions(symmetric=0.5, label_smoothing=0.1))

    about = (EVERYTHING.targets, EVERYTHING.candidate_mask)
    expected = choice_losses(LOGITS, *about, label_smoothing=0.1).mean()
    expected += sentence_losses(LOGITS, *about, EVERYTHING.candidate_index, 6).mean() / 2
    assert torch.allclose(loss, expected)


@pytest.mark.parametrize("parts", [[[0, 1], [2, 3]], [[2, 3], [0, 1]]])
def test_parts_that_hold_whole_images_add_up(parts):
    options = LossOptions(symmetric=0.7)

    losses = [mean_loss(LOGITS[rows], batch_of(rows), options) for rows in parts]

    assert torch.allclose(sum(losses) / 2, mean_loss(LOGITS, EVERYTHING, options))


def test_any_right_candidate_is_a_right_answer():
    assert accuracy_of(LOGITS, EVERYTHING).item() == 0.5
    assert accuracy_of(torch.eye(3)[[0, 2, 0, 0]], EVERYTHING).item() == 1
