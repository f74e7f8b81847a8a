import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from vg_mc.interruption import StoppedError, StopSignals, outlast_a_signal


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_is_noted_and_nothing_else_happens(number):
    with StopSignals() as signals:
        before = signals.received
        os.kill(os.getpid(), number)

        assert (before, signals.received) == (0, number)


def test_afterwards_signals_mean_what_they_meant():
    before = [signal.getsignal(each) for each in (signal.SIGTERM, signal.SIGINT)]

    with StopSignals():
        os.kill(os.getpid(), signal.SIGINT)

    assert [signal.getsignal(each) for each in (signal.SIGTERM, signal.SIGINT)] == before
    with pytest.raises(KeyboardInterrupt):
        os.kill(os.getpid(), signal.SIGINT)


def test_the_second_signal_ends_the_process_at_once():
    program = (
        "import os, signal; from vg_mc.interruption import outlast_a_signal; outlast_a_signal();"
        "os.kill(os.getpid(), signal.SIGINT); print('still here', flush=True);"
        "os.kill(os.getpid(), signal.SIGTERM); print('too long')"
    )

    ended = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        cwd=Path(__file__).parent.parent,
        check=False,
    )

    assert (ended.stdout, ended.returncode) == ("still here\n", -signal.SIGTERM)


def test_another_thread_leaves_signals_alone():
    before = signal.getsignal(signal.SIGTERM)
    seen = []

    def work():
        with StopSignals() as signals:
            seen.append((signals.received, signal.getsignal(signal.SIGTERM)))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()

    assert seen == [(0, before)]


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_the_exit_code_is_that_of_a_shell(number, code):
    stopped = StoppedError(number, "stopped")

    assert stopped.exit_code == code
    assert str(stopped) == f"stopped ({signal.Signals(number).name})"


def test_a_worker_can_be_asked_to_outlast_a_signal():
    before = [signal.getsignal(each) for each in (signal.SIGTERM, signal.SIGINT)]

    outlast_a_signal(0)
    os.kill(os.getpid(), signal.SIGINT)

    for each, handler in zip((signal.SIGTERM, signal.SIGINT), before, strict=True):
        signal.signal(each, handler)
