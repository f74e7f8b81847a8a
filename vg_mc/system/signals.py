"""Signals that ask a process to end: noted, so that the work under way comes to a good end first.

SIGTERM is what clusters, containers and torchrun send before they kill; Ctrl-C is SIGINT.
"""

import multiprocessing
import os
import signal
import threading
from types import FrameType
from typing import Any, Self

STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)


class StoppedError(Exception):
    """Work that was asked to stop, and left what it has in good order."""

    def __init__(self, signal_number: int, problem: str) -> None:
        super().__init__(f"{problem} ({signal.Signals(signal_number).name})")
        self.exit_code = 128 + signal_number  # as a shell reports a process that a signal ended


class StopSignals:
    """Notes the first signal instead of dying of it; the second ends the process at once.

    Attributes:
        received: Number of the signal that came, 0 before one does.
    """

    def __init__(self) -> None:
        self.received = 0
        self._before: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Self:
        # Python lets no other thread choose what signals do.
        if threading.current_thread() is threading.main_thread():
            self._before = {each: signal.signal(each, self._note) for each in STOP_SIGNALS}
        return self

    def __exit__(self, *_: object) -> None:
        for each, handler in self._before.items():
            signal.signal(each, handler)

    def _note(self, number: int, _frame: FrameType | None) -> None:
        self.received = number
        for each in STOP_SIGNALS:
            signal.signal(each, signal.SIG_DFL)


def outlast_signals(_worker: int = 0) -> None:
    """Let the worker of a data loader live on: terminals and torchrun signal it like its trainer.

    The trainer, which still needs its pictures, ends it when the time has come.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if hasattr(signal, "sigwaitinfo"):  # not on macOS
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
        threading.Thread(target=_end_when_parent_asks, daemon=True).start()


def _end_when_parent_asks() -> None:
    # Not always the parent of the system: a fork server may stand in between.
    starter = multiprocessing.parent_process()
    parent = os.getppid() if starter is None else starter.pid
    while signal.sigwaitinfo({signal.SIGTERM}).si_pid != parent:
        pass
    os._exit(0)  # pragma: no cover - nothing is recorded of a process that ends like this
