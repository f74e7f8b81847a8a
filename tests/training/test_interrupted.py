"""A signal ends a run in good order, and the run that goes on ends as if there had been none."""

import os
import signal

import pytest
import torch

from vg_mc.system.signals import StoppedError
from vg_mc.training.checkpoints import find_checkpoints


@pytest.fixture(scope="module")
def whole(coloured, make_trainer, tmp_path_factory):
    trainer = make_trainer(coloured, tmp_path_factory.mktemp("whole"))
    trainer.fit()
    return trainer


def signalled(trainer, monkeypatch, number, moment):
    """Train, with a signal in the given step or, for none, in the first validation."""
    real_step, real_validate = trainer._step, trainer.task.validate

    def step(batches):
        if trainer.progress.steps_taken + 1 == moment:
            os.kill(os.getpid(), number)
        return real_step(batches)

    def validate(*arguments, **keywords):
        if moment is None:
            os.kill(os.getpid(), number)
        return real_validate(*arguments, **keywords)

    with monkeypatch.context() as patch:
        patch.setattr(trainer, "_step", step)
        patch.setattr(trainer.task, "validate", validate)
        with pytest.raises(StoppedError) as caught:
            trainer.fit()
    return caught.value


@pytest.mark.parametrize(
    ("number", "moment", "saved"),
    [
        (signal.SIGTERM, 1, 1),
        (signal.SIGINT, 2, 2),
        (signal.SIGTERM, 3, 3),  # where a checkpoint is due anyway
        (signal.SIGTERM, 4, 4),  # the last step of an epoch
        (signal.SIGINT, None, 4),
    ],
)
def test_the_step_is_finished_and_saved_and_the_run_goes_on_from_it(
    coloured, whole, make_trainer, tmp_path, monkeypatch, number, moment, saved
):
    stopped = signalled(make_trainer(coloured, tmp_path), monkeypatch, number, moment)

    assert stopped.exit_code == 128 + number
    assert f"after step {saved};" in str(stopped)
    assert find_checkpoints(tmp_path / "checkpoints")[-1].name == f"step-{saved:08d}"
    resumed = make_trainer(coloured, tmp_path)
    resumed.resume()
    resumed.fit()
    ends = [trainer.task.encoder.state_dict() for trainer in (resumed, whole)]
    assert all(torch.equal(value, ends[1][name]) for name, value in ends[0].items())
    names = ("metrics.jsonl", "best/model.safetensors")
    assert all((tmp_path / name).read_bytes() == (whole.run / name).read_bytes() for name in names)


def test_an_epoch_is_reported_once_it_is_validated(coloured, make_trainer, tmp_path):
    seen = []

    make_trainer(coloured, tmp_path).fit(lambda history: seen.append(history.entries[-1]["step"]))

    assert seen == [4, 8]
