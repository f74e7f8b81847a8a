import json

import pytest
import torch

from tests.refusals import refused
from vg_mc.training.journal import Journal
from vg_mc.training.stepper import Stepper


def lines(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


@pytest.fixture
def trainer(coloured, make_trainer, tmp_path):
    return make_trainer(coloured, tmp_path)


def journal_of(trainer, steps_taken=0):
    return Journal(
        trainer.accelerator,
        trainer.stepper,
        trainer.stream,
        trainer.run,
        steps_taken=steps_taken,
    )


def written(trainer, losses, steps_taken=0):
    journal = journal_of(trainer, steps_taken)
    for loss in losses:
        journal.add(torch.tensor([loss, 0.5, 12.0, 3.0]))
    return journal.write(steps_taken + len(losses))


NAN, INFINITE = float("nan"), float("inf")


def test_steps_are_logged_in_order_with_what_they_came_to(trainer):
    shown = written(trainer, [2.0, 1.0])

    first, second = lines(trainer.run / "metrics.jsonl")
    assert first == {
        "step": 1,
        "epoch": 0,
        "loss": 2.0,
        "accuracy": 0.5,
        "learning_rate": trainer.stepper.learning_rate(0),
        "pictures": 12,
        "gradient_norm": 3.0,
        "skipped": 0,
    }
    assert second["step"] == 2
    assert (shown["loss"], shown["accuracy"]) == ("1.000", "0.50")
    assert not (trainer.run / "nonfinite.jsonl").exists()


def test_the_share_of_time_that_the_loader_took_is_shown_anew_each_time(trainer, monkeypatch):
    clock = iter([0.0, 10.0, 10.0, 30.0, 30.0])
    monkeypatch.setattr("vg_mc.training.journal.perf_counter", lambda: next(clock))
    trainer.stream.waited = 100.0  # in an earlier epoch
    journal = journal_of(trainer)
    shown = []
    for step, waited in enumerate([101.0, 101.0], start=1):
        trainer.stream.waited = waited
        journal.add(torch.tensor([1.0, 0.5, 12.0, 3.0]))
        shown.append(journal.write(step)["waiting"])

    assert shown == ["10%", "0%"]


def test_a_skipped_step_is_counted_and_its_expressions_are_named(trainer):
    written(trainer, [1.0, 1.0, 1.0, 1.0, 1.0, INFINITE])

    assert [entry["skipped"] for entry in lines(trainer.run / "metrics.jsonl")] == [0] * 5 + [1]
    [skipped] = lines(trainer.run / "nonfinite.jsonl")
    [part] = trainer.stream.plan(1)[1]  # epochs have 4 steps
    expected = trainer.task.expressions.expression_ids[part.expressions].tolist()
    assert skipped == {
        "step": 6,
        "loss": "inf",
        "gradient_norm": "3.0",
        "expression_ids": expected,
    }


def test_three_skipped_steps_in_a_row_end_the_run(trainer):
    with refused("3", "nonfinite.jsonl", record="step 2"):
        written(trainer, [1.0, NAN, NAN, INFINITE, 1.0])


def test_two_in_a_row_and_another_do_not(trainer):
    written(trainer, [NAN, NAN, 1.0, NAN, 1.0])

    assert [entry["step"] for entry in lines(trainer.run / "nonfinite.jsonl")] == [1, 2, 4]


def test_a_row_of_skipped_steps_goes_on_after_a_resume(trainer):
    written(trainer, [1.0, NAN, NAN, NAN][:3])

    with refused(record="step 2"):
        written(trainer, [NAN], steps_taken=3)


def test_skipped_steps_that_are_about_to_be_done_again_are_forgotten(trainer):
    written(trainer, [1.0, NAN, NAN])

    written(trainer, [NAN], steps_taken=1)

    assert [entry["step"] for entry in lines(trainer.run / "nonfinite.jsonl")] == [2]


def test_a_run_whose_losses_are_no_numbers_stops_and_leaves_its_checkpoint(trainer, monkeypatch):
    real = Stepper.step

    def broken(self, batches, steps_taken):
        outcome = real(self, batches, steps_taken)
        return outcome * torch.tensor([NAN, 1, 1, 1]) if steps_taken >= 4 else outcome

    monkeypatch.setattr(Stepper, "step", broken)

    with refused("3", record="step 5"):
        trainer.fit()
    names = sorted(path.name for path in (trainer.run / "checkpoints").iterdir())
    assert names == ["step-00000003", "step-00000004"]
