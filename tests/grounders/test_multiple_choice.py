"""The logits of a question are CLIP's own; masked places take no part."""

import pytest
import torch
from torch.nn import functional as F

from vg_mc.batching import Batch
from vg_mc.encoders import load_encoder
from vg_mc.grounders.multiple_choice import MultipleChoice

TEXTS = ["the red one", "a small blue square left of it"]


@pytest.fixture(scope="module", params=["tiny-vit", "tiny-resnet"])
def encoder(request):
    return load_encoder(request.param, image_size=32)


def batch_of(encoder, candidate_index, candidate_mask) -> Batch:
    generator = torch.Generator().manual_seed(0)
    pictures = torch.randint(0, 256, (4, 3, 32, 32), dtype=torch.uint8, generator=generator)
    rows = len(candidate_index)
    return Batch(
        pictures=pictures,
        tokens=encoder.tokenize(TEXTS),
        text_index=torch.arange(rows) % len(TEXTS),
        candidate_index=torch.tensor(candidate_index),
        candidate_mask=torch.tensor(candidate_mask),
        targets=torch.eye(len(candidate_index[0]))[:1].repeat(rows, 1),
        expression_ids=torch.arange(rows),
    )


def test_logits_are_the_encoders_own(encoder):
    batch = batch_of(encoder, [[0, 1, 2], [3, 2, 1], [1, 0, 3]], [[True] * 3] * 3)

    logits = MultipleChoice(encoder)(batch)

    own = encoder(batch.pictures, batch.tokens)
    expected = torch.stack([own[0, [0, 1, 2]], own[1, [3, 2, 1]], own[0, [1, 0, 3]]])
    assert torch.equal(logits, expected)


def test_padding_is_never_chosen_and_changes_no_other_logit(encoder):
    model = MultipleChoice(encoder)
    padded = batch_of(
        encoder, [[0, 1, 0, 0], [3, 2, 1, 0]], [[True, True, False, False], [True] * 4]
    )

    logits = model(padded)

    assert torch.equal(logits[:1, :2], model(batch_of(encoder, [[0, 1]], [[True, True]])))
    assert logits[0, 2:].tolist() == [float("-inf")] * 2
    assert logits.argmax(dim=1)[0] < 2


def test_padding_yields_the_gradients_of_no_padding(encoder):
    model = MultipleChoice(encoder)
    padded = batch_of(encoder, [[0, 1, 0, 0]], [[True, True, False, False]])
    plain = batch_of(encoder, [[0, 1]], [[True, True]])

    gradients = []
    for batch in (padded, plain):
        model.zero_grad()
        F.cross_entropy(model(batch), batch.targets.argmax(1)).backward()
        gradients.append([parameter.grad.clone() for parameter in model.parameters()])

    assert all(torch.isfinite(gradient).all() for gradient in gradients[0])
    assert all(torch.allclose(*pair, atol=1e-7) for pair in zip(*gradients, strict=True))


def test_every_weight_takes_part(encoder):
    """DistributedDataParallel waits forever for the gradient of a weight that does not."""
    model = MultipleChoice(encoder)
    batch = batch_of(encoder, [[0, 1], [2, 3]], [[True] * 2] * 2)
    model.zero_grad()

    F.cross_entropy(model(batch), batch.targets.argmax(1)).backward()

    assert [name for name, weight in model.named_parameters() if weight.grad is None] == []


def test_it_adds_no_weights(encoder):
    weights = zip(MultipleChoice(encoder).parameters(), encoder.parameters(), strict=True)

    assert all(mine is theirs for mine, theirs in weights)


def test_it_runs_under_autocast(encoder):
    batch = batch_of(encoder, [[0, 1, 0]], [[True, True, False]])

    with torch.autocast("cpu", dtype=torch.bfloat16):
        logits = MultipleChoice(encoder)(batch)

    assert logits.dtype == torch.float32
    assert torch.allclose(logits[0, :2], MultipleChoice(encoder)(batch)[0, :2], atol=0.2)
