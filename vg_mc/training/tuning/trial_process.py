"""Training of one trial in a separate process, monitored after each epoch.

If the process fails, for example because memory runs out, the study continues.
"""

import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from vg_mc.system.signals import STOP_SIGNALS, StoppedError, StopSignals
from vg_mc.training.journal import read_entries

SECONDS_BETWEEN_LOOKS = 0.5

Ending = Literal["complete", "pruned", "failed"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """Outcome of a trial.

    Attributes:
        accuracies: Validation accuracy after each epoch.
        problem: Last line of the output of a failed training, or the signal that killed it.
    """

    ending: Ending
    accuracies: tuple[float, ...]
    problem: str = ""


def watch(
    command: Sequence[str], run: Path, log: Path, is_hopeless: Callable[[int, float], bool]
) -> Outcome:
    """Run a training until it ends or is pruned.

    Args:
        command: Command that starts or resumes a training in `run`.
        run: Folder of the training.
        log: File to which the output of the training is appended.
        is_hopeless: Called with each epoch, counted from 1, and its accuracy; True ends the
            training.

    Raises:
        StoppedError: If this process or the training received a stop signal; it can be resumed.
    """
    told, pruned = 0, False
    with StopSignals() as signals, log.open("ab") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output)
        try:
            while not (pruned or signals.received or _has_ended(process)):
                for accuracy in accuracies(run)[told:]:
                    told += 1
                    pruned = is_hopeless(told, accuracy) or pruned
            process.terminate()  # it saves a checkpoint; no effect if it has ended
            process.wait()
        finally:
            process.kill()
    _stop_if(signals.received, 0 if pruned else process.returncode)
    for accuracy in accuracies(run)[told:]:
        told += 1
        is_hopeless(told, accuracy)  # only recorded, since the training has ended
    return _outcome(process.returncode, accuracies(run), log, pruned=pruned)


def accuracies(run: Path) -> tuple[float, ...]:
    """Return the validation accuracy of each finished epoch of a run."""
    entries = read_entries(run / "metrics.jsonl")
    by_epoch = {entry["epoch"]: entry["accuracy"] for entry in entries if "split" in entry}
    return tuple(value for value in by_epoch.values() if isinstance(value, int | float))


def _has_ended(process: "subprocess.Popen[bytes]") -> bool:
    try:
        process.wait(SECONDS_BETWEEN_LOOKS)
    except subprocess.TimeoutExpired:
        return False
    return True


def _stop_if(received: int, returncode: int) -> None:
    """Raise `StoppedError` if this process or the training received a stop signal."""
    asked = [128 + number for number in STOP_SIGNALS]
    number = received or (returncode - 128 if returncode in asked else 0)
    if number:
        raise StoppedError(number, "stopped; repeat the command to resume the study")


def _outcome(returncode: int, reached: tuple[float, ...], log: Path, *, pruned: bool) -> Outcome:
    if returncode == 0 and reached:
        return Outcome("complete", reached)
    if pruned:
        return Outcome("pruned", reached)
    if returncode < 0:
        return Outcome("failed", reached, f"killed by signal {-returncode}")
    said = [line for line in log.read_text(encoding="utf-8", errors="replace").split("\n") if line]
    return Outcome("failed", reached, said[-1] if said else f"exit code {returncode}")
