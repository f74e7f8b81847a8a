"""Losses against sums written out one by one; what is masked takes no part."""

from math import exp, inf, log

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn import functional as F

from vg_mc.training.tasks.losses import choice_losses, sentence_losses


def drawn_questions(seed, *, soft):
    """Draw questions of 1 to 4 of 5 pictures; some have several right candidates if `soft`."""
    generator = np.random.default_rng(seed)
    sentences, places = 6, 4
    counts = generator.integers(1, places + 1, size=sentences)
    mask = torch.arange(places) < torch.tensor(counts)[:, None]
    logits = torch.tensor(generator.normal(0, 3, size=(sentences, places)), dtype=torch.float64)
    index, targets = torch.zeros(mask.shape, dtype=torch.int64), torch.zeros(mask.shape).double()
    for row, count in enumerate(counts):
        index[row, :count] = torch.from_numpy(generator.permutation(5)[:count])
        right = generator.integers(1, count + 1) if soft else 1
        targets[row, :right] = torch.from_numpy(generator.dirichlet(np.ones(right)))
    return logits.masked_fill(~mask, -inf), targets, mask, index


def written_out(logits, targets, mask, index) -> list[float]:
    """Go through all sentences and boxes in plain Python."""
    sentences, places = range(len(logits)), range(logits.shape[1])
    found = []
    for sentence in sentences:
        loss = 0.0
        for place in places:
            share, own = float(targets[sentence, place]), float(logits[sentence, place])
            if not share:
                continue
            picture = index[sentence, place]
            rivals = [
                float(logits[other, there])
                for other in sentences
                for there in places
                if mask[other, there] and index[other, there] == picture
                if targets[other, there] == 0
            ]
            loss -= share * log(exp(own) / (exp(own) + sum(map(exp, rivals))))
        found.append(loss)
    return found


@given(seed=st.integers(0, 10**6), soft=st.booleans())
def test_a_box_chooses_among_the_sentences_that_do_not_mean_it(seed, soft):
    logits, targets, mask, index = drawn_questions(seed, soft=soft)

    losses = sentence_losses(logits, targets, mask, index, pictures=5)

    assert losses.tolist() == pytest.approx(written_out(logits, targets, mask, index), abs=1e-9)


def test_two_sentences_of_two_boxes_have_the_loss_of_clip():
    logits = torch.tensor([[2.0, -1.0], [0.5, 1.5]])  # the sentences' own boxes stand first
    index = torch.tensor([[0, 1], [1, 0]])
    targets = torch.tensor([[1.0, 0.0], [1.0, 0.0]])

    losses = sentence_losses(logits, targets, torch.ones(2, 2) > 0, index, pictures=2)

    by_box = torch.tensor([[2.0, 1.5], [-1.0, 0.5]])
    expected = F.cross_entropy(by_box, torch.tensor([0, 1]), reduction="none")
    assert torch.allclose(losses, expected)


def test_sentences_of_the_same_target_are_not_each_others_wrong_answers():
    logits = torch.randn(3, 2)
    index, targets = torch.tensor([[0, 1]] * 3), torch.tensor([[1.0, 0.0]] * 3)

    losses = sentence_losses(logits, targets, torch.ones(3, 2) > 0, index, pictures=2)

    assert losses.tolist() == [0.0] * 3


@given(seed=st.integers(0, 10**6), soft=st.booleans())
def test_padding_changes_neither_a_loss_nor_a_gradient(seed, soft):
    logits, targets, mask, index = drawn_questions(seed, soft=soft)

    found = []
    for width in (0, 3):
        one = F.pad(logits, (0, width), value=-inf).requires_grad_()
        padded = [F.pad(each, (0, width)) for each in (targets, mask, index)]
        losses = choice_losses(one, *padded[:2], label_smoothing=0.1)
        losses = losses + sentence_losses(one, *padded, pictures=5)
        losses.sum().backward()
        found.append([losses.detach(), one.grad[:, : logits.shape[1]]])

    for plain, wide in zip(*found, strict=True):
        assert torch.isfinite(plain).all()
        assert torch.allclose(plain, wide, atol=1e-12)
    assert not found[0][1][~mask].any()


def test_a_sentence_chooses_as_by_plain_cross_entropy():
    logits, targets, mask, _ = drawn_questions(3, soft=False)

    losses = choice_losses(logits, targets, mask)

    expected = F.cross_entropy(logits, torch.zeros(6, dtype=torch.int64), reduction="none")
    assert torch.allclose(losses, expected, atol=1e-12)


@given(seed=st.integers(0, 10**6), soft=st.booleans(), smoothing=st.floats(0, 0.9))
def test_smoothing_spreads_over_the_candidates_that_are_there(seed, soft, smoothing):
    logits, targets, mask, _ = drawn_questions(seed, soft=soft)

    losses = choice_losses(logits, targets, mask, label_smoothing=smoothing)

    for row, there in enumerate(mask):  # torch smooths over all places, so it is given no others
        expected = F.cross_entropy(
            logits[row, there], targets[row, there], label_smoothing=smoothing
        )
        assert float(losses[row]) == pytest.approx(float(expected), abs=1e-9)


def test_a_single_candidate_costs_nothing():
    logits, one = torch.tensor([[7.0]]), torch.tensor([[1.0]])

    assert choice_losses(logits, one, one > 0, label_smoothing=0.5).tolist() == [0.0]
    assert sentence_losses(logits, one, one > 0, torch.tensor([[0]]), pictures=1).tolist() == [0.0]


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
def test_no_precision_makes_a_gradient_that_is_no_number(dtype):
    logits, targets, mask, index = drawn_questions(0, soft=True)
    logits = logits.to(dtype).requires_grad_()

    sentence_losses(logits, targets.to(dtype), mask, index, pictures=5).sum().backward()

    assert torch.isfinite(logits.grad).all()
