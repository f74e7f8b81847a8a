"""A training is watched epoch by epoch, and however it ends the watcher lives on."""

import os
import signal
import sys

import pytest

from vg_mc.system.signals import StoppedError
from vg_mc.training.tuning import trial_process as watching
from vg_mc.training.tuning.trial_process import Outcome, accuracies, watch

# Writes an accuracy per argument, as a training does.
WRITES = """
import sys, json
with open("metrics.jsonl", "a") as file:
    for epoch, accuracy in enumerate(sys.argv[1:]):
        entry = {"step": epoch, "epoch": epoch, "split": "val", "accuracy": float(accuracy)}
        file.write(json.dumps(entry) + "\\n")
"""
WAITS = "\nimport time\nwhile True: time.sleep(0.05)\n"


@pytest.fixture(autouse=True)
def _often(monkeypatch):
    monkeypatch.setattr(watching, "SECONDS_BETWEEN_LOOKS", 0.02)


@pytest.fixture
def watched(tmp_path, monkeypatch):
    """Watch a program; return the outcome, and what the judge was told."""
    monkeypatch.chdir(tmp_path)

    def start(program, *arguments, hopeless_below=-1.0, judge=None):
        told = []

        def is_hopeless(epoch, accuracy):
            told.append((epoch, accuracy))
            return accuracy < hopeless_below

        command = [sys.executable, "-c", program, *arguments]
        return watch(command, tmp_path, tmp_path / "log", judge or is_hopeless), told

    return start


def test_each_epoch_is_told_once(watched):
    outcome, told = watched(WRITES, "0.25", "0.5")

    assert outcome == Outcome("complete", (0.25, 0.5))
    assert told == [(1, 0.25), (2, 0.5)]


def test_a_hopeless_training_is_ended(watched):
    outcome, told = watched(WRITES + WAITS, "0.25", hopeless_below=0.3)

    assert outcome == Outcome("pruned", (0.25,))
    assert told == [(1, 0.25)]


def test_a_training_that_ended_before_it_could_be_pruned_is_complete(watched, monkeypatch):
    monkeypatch.setattr(watching, "SECONDS_BETWEEN_LOOKS", 60)

    outcome, _ = watched(WRITES, "0.25", hopeless_below=0.3)

    assert outcome.ending == "complete"


def test_the_last_words_of_a_failed_training_are_kept(watched):
    outcome, _ = watched("import sys; print('so far'); sys.exit('error: out of memory')")

    assert outcome == Outcome("failed", (), "error: out of memory")


def test_a_training_without_words_is_told_by_its_code(watched):
    outcome, _ = watched("raise SystemExit(4)")

    assert outcome == Outcome("failed", (), "exit code 4")


def test_a_killed_training_is_told_by_its_signal(watched):
    outcome, _ = watched("import os; os.kill(os.getpid(), 9)")

    assert outcome == Outcome("failed", (), "killed by signal 9")


def test_a_training_that_was_asked_to_stop_stops_the_study(watched):
    with pytest.raises(StoppedError, match="resume"):
        watched(f"raise SystemExit({128 + signal.SIGTERM})")


def test_a_stopped_watcher_ends_its_training(watched):
    def judge(*_):
        os.kill(os.getpid(), signal.SIGTERM)
        return False

    with pytest.raises(StoppedError) as caught:
        watched(WRITES + WAITS, "0.5", judge=judge)

    assert caught.value.exit_code == 128 + signal.SIGTERM


def test_only_validations_are_read_and_of_equal_epochs_the_last(tmp_path):
    (tmp_path / "metrics.jsonl").write_text(
        '{"step": 1, "epoch": 0, "loss": 1.0, "accuracy": 0.9}\n'
        '{"step": 1, "epoch": 0, "split": "val", "accuracy": 0.1}\n'
        '{"step": 1, "epoch": 0, "split": "val", "accuracy": 0.2}\n'
        '{"step": 2, "epoch": 1, "split": "val", "acc'
    )

    assert accuracies(tmp_path) == (0.2,)


def test_a_run_that_has_not_begun_has_no_accuracies(tmp_path):
    assert accuracies(tmp_path) == ()
