from dataclasses import replace

import pytest

from tests.refusals import refused
from tests.training.tiny_run import SETTINGS


@pytest.mark.parametrize(
    ("change", "flag"),
    [
        ({"candidates": 1}, "--candidates"),
        ({"epochs": 0}, "--epochs"),
        ({"batch_size": 0}, "--batch-size"),
        ({"accumulation": 0}, "--gradient-accumulation"),
        ({"learning_rate": 0.0}, "--learning-rate"),
        ({"learning_rate": float("nan")}, "--learning-rate"),
        ({"weight_decay": -0.1}, "--weight-decay"),
        ({"warmup_ratio": 1.1}, "--warmup-ratio"),
        ({"max_gradient_norm": 0.0}, "--max-gradient-norm"),
        ({"evaluation_batch_size": 0}, "--evaluation-batch-size"),
        ({"checkpoint_steps": 0}, "--checkpoint-steps"),
        ({"seed": -1}, "--seed"),
        ({"max_candidates": 1}, "--max-candidates"),
        ({"max_candidates": 0}, "--max-candidates"),
        ({"flip": 1.1}, "--flip"),
        ({"color_jitter": -0.1}, "--color-jitter"),
        ({"symmetric": -0.1}, "--symmetric"),
        ({"label_smoothing": 1.0}, "--label-smoothing"),
        ({"layer_decay": 0.0}, "--layer-decay"),
        ({"layer_decay": 1.1}, "--layer-decay"),
        ({"picture_chunk": -1}, "--picture-chunk"),
        ({"adam_beta2": 1.0}, "--adam-beta2"),
        ({"ema": 1.0}, "--ema"),
        ({"lora_rank": -1}, "--lora-rank"),
        ({"ema": -0.1}, "--ema"),
    ],
)
def test_a_number_out_of_range_is_named_by_its_flag(change, flag):
    with refused("number") as caught:
        replace(SETTINGS, **change)

    assert caught.value.record == flag


def test_questions_are_as_large_as_their_batching_lets_them():
    assert SETTINGS.asking.most_pictures == 3
    by_image = replace(SETTINGS, batching="image")
    assert by_image.asking.most_pictures is None
    assert replace(by_image, max_candidates=9).asking.most_pictures == 9


@pytest.mark.parametrize(
    ("change", "flag"),
    [({"symmetric": 1.0}, "--symmetric"), ({"max_candidates": 9}, "--max-candidates")],
)
def test_what_needs_batching_by_image_says_so(change, flag):
    with refused(*flag.split(), "--batching"):
        replace(SETTINGS, **change)


def test_what_is_trained_is_checked_with_the_numbers():
    assert replace(SETTINGS, train="last:2").train == "last:2"
    with refused(record="--train"):
        replace(SETTINGS, train="first:2")


def test_batch_norm_that_learns_statistics_needs_all_pictures_at_once():
    with refused("--batch-norm", record="--picture-chunk"):
        replace(SETTINGS, picture_chunk=4, freeze_batch_norm=False)
