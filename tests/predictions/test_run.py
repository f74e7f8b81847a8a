"""Predictions are the model's own logits, whatever the batches and however the model was left."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from accelerate import Accelerator

from tests.predictions.made import scores_of
from tests.refusals import refused
from vg_mc.models.loading import load_encoder
from vg_mc.models.trainable.freezing import freeze_batch_norm
from vg_mc.predictions.run import predict


@pytest.fixture(scope="module", params=["tiny-vit", "tiny-resnet"])
def encoder(request):
    return load_encoder(request.param, image_size=32)


def predicted(encoder, dataset, split="testA", batch_size=8, num_workers=0):
    return predict(
        Accelerator(cpu=True),
        encoder,
        dataset,
        split,
        batch_size=batch_size,
        num_workers=num_workers,
    )


def close(one, other) -> bool:
    return all(
        np.allclose(*pair, atol=1e-5)
        for pair in zip(one.answers.logits, other.answers.logits, strict=True)
    )


def test_logits_are_those_of_each_expression_alone(encoder, coloured):
    predictions = predicted(encoder, coloured)

    for row, candidate_ids in enumerate(predictions.answers.candidate_ids[:-1]):
        pictures = torch.from_numpy(coloured.pictures(candidate_ids)).permute(0, 3, 1, 2)
        with torch.no_grad():
            alone = encoder(pictures, encoder.tokenize([predictions.examples.texts[row]]))[0]
        assert np.allclose(predictions.answers.logits[row], alone, atol=1e-5)


def test_what_the_dataset_knows_of_candidates_and_photos_is_handed_on(encoder, coloured):
    predictions = predicted(encoder, coloured)

    for row, ids in enumerate(predictions.answers.candidate_ids):
        assert predictions.answers.scores[row].tolist() == [1.0] * len(ids)
        assert predictions.answers.categories[row] == coloured.candidate_categories(ids)
        assert predictions.examples.distractors[row] == max(0, len(ids) - 1)
    assert predictions.examples.image_sizes.tolist() == [[99, 9]] * len(predictions)


def test_batches_and_workers_change_nothing(encoder, coloured):
    alone = predicted(encoder, coloured)

    assert close(alone, predicted(encoder, coloured, batch_size=1))
    assert close(alone, predicted(encoder, coloured, batch_size=99, num_workers=2))


def test_an_expression_without_candidates_stays_and_is_wrong(encoder, coloured):
    predictions = predicted(encoder, coloured)

    assert len(predictions) == 13
    assert [len(row) for row in predictions.answers.logits[-2:]] == [
        len(predictions.answers.candidate_ids[-2]),
        0,
    ]
    scores = scores_of(predictions)
    assert (scores.expressions, scores.without_proposals) == (13, 1)


def test_a_split_without_any_candidate_can_be_answered(
    encoder, make_coloured, make_photos, tmp_path
):
    photo = make_photos(1, 1, 0)[0]
    missed = photo._replace(colours=[], questions=[("red", []), ("blue", [])])
    dataset = make_coloured(tmp_path, {"train": [photo], "val": [missed], "testA": []})

    assert [row.size for row in predicted(encoder, dataset, "val").answers.logits] == [0, 0]
    assert predicted(encoder, dataset, "testA").answers.logits == []


def test_every_picture_and_every_text_is_encoded_once(coloured, monkeypatch):
    encoder = load_encoder("tiny-vit", image_size=32)
    pictures, texts = [], []
    real_images, real_texts = encoder.encode_images, encoder.encode_texts
    monkeypatch.setattr(
        encoder, "encode_images", lambda batch: (pictures.extend(batch), real_images(batch))[1]
    )
    monkeypatch.setattr(
        encoder, "encode_texts", lambda batch: (texts.extend(batch.token_ids), real_texts(batch))[1]
    )

    predictions = predicted(encoder, coloured)

    assert len(pictures) == len(
        {i for ids in predictions.answers.candidate_ids for i in ids.tolist()}
    )
    assert len(texts) == len(set(predictions.examples.texts)) < len(predictions)


@pytest.mark.parametrize("frozen", [True, False])
def test_a_model_in_training_is_evaluated_as_such_and_goes_on_training(coloured, frozen):
    encoder = load_encoder("tiny-resnet", image_size=32)
    if frozen:
        freeze_batch_norm(encoder)
    expected = predicted(encoder, coloured)
    before = {name: value.clone() for name, value in encoder.state_dict().items()}
    encoder.train()

    predictions = predicted(encoder, coloured)

    assert encoder.training
    assert close(predictions, expected)
    assert all(torch.equal(value, before[name]) for name, value in encoder.state_dict().items())
    assert predicted(encoder.eval(), coloured) is not None
    assert not encoder.training


def test_what_it_leaves_behind_can_be_trained_with(encoder, coloured):
    predicted(encoder, coloured)
    pictures = torch.zeros(2, 3, 32, 32, dtype=torch.uint8)

    encoder(pictures, encoder.tokenize(["red"])).sum().backward()

    assert all(weight.grad is not None for weight in encoder.parameters())


def test_an_unknown_split_is_named(encoder, coloured):
    with refused("test", "testA", file="coloured0"):
        predicted(encoder, coloured, "test")


def test_the_mirrored_view_asks_with_sides_swapped_about_mirrored_pictures(encoder, coloured):
    """Noise in the place of the pictures, since those of one colour are their own mirror images."""
    noise = np.random.default_rng(0).integers(256, size=(500, 32, 32, 3), dtype=np.uint8)
    turned = SimpleNamespace(
        first_view=coloured.first_view,
        expressions=coloured.expressions,
        pictures=lambda ids, _: noise[ids],
        boxes=coloured.boxes,
        scores=coloured.scores,
        candidate_categories=coloured.candidate_categories,
        photos=coloured.photos,
        data_hash="noise",
    )
    sides = ["left", "right"] * 50

    def expressions(split):
        found = coloured.expressions(split)
        return replace(
            found, texts=[f"{side} {t}" for side, t in zip(sides, found.texts, strict=False)]
        )

    turned.expressions = expressions
    mirrored = predict(
        Accelerator(cpu=True), encoder, turned, "val", batch_size=8, num_workers=0, mirrored=True
    )

    for row, ids in enumerate(mirrored.answers.candidate_ids):
        pictures = torch.from_numpy(noise[ids][:, :, ::-1].copy()).permute(0, 3, 1, 2)
        side = "right" if sides[row] == "left" else "left"
        text = f"{side} {coloured.expressions('val').texts[row]}"
        with torch.no_grad():
            alone = encoder(pictures, encoder.tokenize([text]))[0]
        assert np.allclose(mirrored.answers.logits[row], alone, atol=1e-4)
        assert mirrored.examples.texts[row].startswith(sides[row])
