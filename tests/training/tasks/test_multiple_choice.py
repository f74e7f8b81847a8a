"""The logits of a question are CLIP's own; masked places take no part."""

from contextlib import nullcontext
from copy import deepcopy

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from vg_mc.models.loading import load_encoder
from vg_mc.models.trainable.freezing import freeze_batch_norm
from vg_mc.training.batching.batches import Batch
from vg_mc.training.tasks.multiple_choice import MultipleChoice

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


def gradients_of(encoder, *, picture_chunk: int, precision: str = "no"):
    """Return logits and gradients of a training step with batch norm frozen."""
    accelerated = {"bf16": torch.autocast("cpu", dtype=torch.bfloat16), "no": nullcontext()}
    model = MultipleChoice(encoder, image_chunk=picture_chunk).train()
    model.zero_grad()
    batch = batch_of(encoder, [[0, 1, 2], [3, 2, 1]], [[True] * 3] * 2)
    with accelerated[precision]:
        logits = model(batch)
        loss = F.cross_entropy(logits, batch.targets.argmax(1))
    loss.backward()
    return logits, {name: weight.grad.clone() for name, weight in encoder.named_parameters()}


@pytest.mark.parametrize("picture_chunk", [1, 3, 9])
@pytest.mark.parametrize("precision", ["no", "bf16"])
def test_chunks_of_pictures_have_the_gradients_of_all_at_once(encoder, picture_chunk, precision):
    encoder = deepcopy(encoder)
    freeze_batch_norm(encoder)

    logits, whole = gradients_of(encoder, picture_chunk=0, precision=precision)
    again, chunked = gradients_of(encoder, picture_chunk=picture_chunk, precision=precision)

    tolerance = {"no": 1e-4, "bf16": 0.05}[precision]
    assert torch.allclose(again, logits, atol=tolerance)
    longest = max(float(gradient.norm()) for gradient in whole.values())
    for name, gradient in whole.items():
        assert float((chunked[name] - gradient).norm()) <= tolerance * longest, name


def test_dropout_is_the_same_when_pictures_are_encoded_again():
    encoder = load_encoder("tiny-vit", image_size=32)
    encoder.model.visual_projection.register_forward_hook(
        lambda _module, _inputs, features: F.dropout(features, 0.5, training=True)
    )
    gradients = []
    for picture_chunk in (0, 4):  # the same draws, as there is one chunk
        torch.manual_seed(0)
        gradients.append(gradients_of(encoder, picture_chunk=picture_chunk)[1])

    assert all(torch.allclose(gradients[1][name], g, atol=1e-6) for name, g in gradients[0].items())


def kept_bytes(encoder, *, picture_chunk: int, rounds: int) -> int:
    """Count what the forward pass keeps for the backward pass, weights excluded."""
    model = MultipleChoice(encoder, image_chunk=picture_chunk).train()
    own = {parameter.untyped_storage().data_ptr() for parameter in encoder.parameters()}
    kept: dict[int, Tensor] = {}  # held, so that no address is used twice

    def keep(tensor: Tensor) -> Tensor:
        kept[tensor.untyped_storage().data_ptr()] = tensor
        return tensor

    batch = batch_of(encoder, [[0, 1, 2], [3, 2, 1]], [[True] * 3] * 2)
    batch = batch._replace(pictures=batch.pictures.repeat(rounds, 1, 1, 1))
    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        model(batch)
    return sum(each.untyped_storage().nbytes() for key, each in kept.items() if key not in own)


def test_chunks_of_pictures_keep_their_features_only(encoder):
    whole, chunked = (
        kept_bytes(encoder, picture_chunk=chunk, rounds=2)
        - kept_bytes(encoder, picture_chunk=chunk, rounds=1)
        for chunk in (0, 2)
    )

    assert chunked < whole / 50, (chunked, whole)
