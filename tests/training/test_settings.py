from dataclasses import replace

import pytest

from vg_mc.faults import BadInputError
from vg_mc.training.settings import TrainingSettings

GOOD = TrainingSettings(
    batching="expression",
    candidates=4,
    epochs=5,
    batch_size=64,
    accumulation=1,
    learning_rate=8e-6,
    weight_decay=0.0,
    warmup_ratio=0.1,
    max_gradient_norm=1.0,
    freeze_batch_norm=True,
    evaluation_batch_size=256,
    checkpoint_steps=500,
    seed=0,
)


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
    ],
)
def test_a_number_out_of_range_is_named_by_its_flag(change, flag):
    with pytest.raises(BadInputError, match="expected a number") as caught:
        replace(GOOD, **change)

    assert caught.value.record == flag


def test_batching_by_image_asks_about_all_candidates():
    assert GOOD.question_size == 4
    assert replace(GOOD, batching="image").question_size is None
