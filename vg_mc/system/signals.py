"""Handling of stop signals: finish the current step, save and exit.

Clusters, containers and torchrun send SIGTERM before they kill a process; Ctrl-C sends SIGINT.
"""

import multiprocessing
import os
import signal
import threading
from types import FrameType
from typing import Any, Self

STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)


class StoppedError(Exception):
    """Raised when work was stopped by a signal and left in a consistent state."""

    def __init__(self, signal_number: int, problem: str) -> None:
        super().__init__(f"{problem} ({signal.Signals(signal_number).name})")
        self.exit_code = 128 + signal_number  # as a shell reports a process that a signal ended


class StopSignals:
    """Records the first stop signal; the second one ends the process at once.

    Attributes:
        received: Number of the first signal, 0 before it.
    """

    def __init__(self) -> None:
        self.received = 0
        self._before: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Self:
        # Only the main thread may set signal handlers.
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


def ignore_stop_signals(_worker: int = 0) -> None:
    """Make a data loader worker ignore stop signals, which terminals and torchrun also send to it.

    The trainer still needs its images and ends it when they are no longer needed.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if hasattr(signal, "sigwaitinfo"):  # not on macOS
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
        threading.Thread(target=_end_when_parent_asks, daemon=True).start()


def _end_when_parent_asks() -> None:
    # Not always the system's parent process: a fork server may be in between.
    starter = multiprocessing.parent_process()
    parent = os.getppid() if starter is None else starter.pid
    while signal.sigwaitinfo({signal.SIGTERM}).si_pid != parent:
        pass
    os._exit(0)  # pragma: no cover - nothing is recorded of a process that ends like this
