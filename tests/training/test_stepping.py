import pytest
import torch


def stepped(trainer, steps=1):
    batches = trainer.questions.load(trainer.encoder, trainer.progress, num_workers=0)
    return [trainer.stepper.step(batches, step) for step in range(steps)]


def test_long_gradients_are_cut(coloured, make_trainer, tmp_path):
    trainer = make_trainer(coloured, tmp_path, max_gradient_norm=0.01)

    stepped(trainer)

    states = trainer.stepper.optimizer.state_dict()["state"].values()
    # Adam's running mean holds a tenth of its first gradient.
    lengths = torch.stack([state["exp_avg"].norm() for state in states])
    assert lengths.norm() * 10 == pytest.approx(0.01, rel=1e-3)


def test_the_learning_rate_follows_the_step_and_the_length_of_the_run(
    coloured, make_trainer, tmp_path
):
    stepper = make_trainer(coloured, tmp_path, warmup_ratio=0.25).stepper

    rates = [stepper.learning_rate(step) for step in range(8)]

    shares = [1 / 3, 2 / 3, 1, 5 / 6, 4 / 6, 3 / 6, 2 / 6, 1 / 6]
    assert rates == pytest.approx([1e-3 * share for share in shares])
