import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from vg_mc.system.signals import StoppedError, StopSignals


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_is_noted_and_nothing_else_happens(number):
    with StopSignals() as signals:
        before = signals.received
        os.kill(os.getpid(), number)

        assert (before, signals.received) == (0, number)


@pytest.fixture
def minded():
    """Mind Ctrl-C, which a shell lets everything ignore that it starts in the background."""
    inherited = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, inherited)


@pytest.mark.usefixtures("minded")
def test_afterwards_signals_mean_what_they_meant():
    before = [signal.getsignal(each) for each in (signal.SIGTERM, signal.SIGINT)]

    with StopSignals():
        os.kill(os.getpid(), signal.SIGINT)

    assert [signal.getsignal(each) for each in (signal.SIGTERM, signal.SIGINT)] == before
    with pytest.raises(KeyboardInterrupt):
        os.kill(os.getpid(), signal.SIGINT)


def test_the_second_signal_ends_the_process_at_once():
    program = (
        "import os, signal; from vg_mc.system.signals import StopSignals;"
        "StopSignals().__enter__();"
        "os.kill(os.getpid(), signal.SIGINT); print('still here', flush=True);"
        "os.kill(os.getpid(), signal.SIGTERM); print('too long')"
    )

    ended = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[2],
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


def test_a_worker_obeys_its_parent_and_nobody_else():
    program = (
        "import time; from vg_mc.system.signals import ignore_stop_signals; ignore_stop_signals();"
        "print('ready', flush=True); time.sleep(60)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program],
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    ) as worker:
        worker.stdout.readline()
        for name in ("TERM", "INT", "TERM"):
            subprocess.run(["sh", "-c", f"kill -{name} {worker.pid}"], check=True)
        with pytest.raises(subprocess.TimeoutExpired):
            worker.wait(0.3)

        worker.terminate()

        assert worker.wait(30) == 0
