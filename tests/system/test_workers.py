"""Workers give every result, stop at a failure, and end with their parent."""

import math
import subprocess
import sys

import pytest

from vg_mc.system.workers import unordered_results


@pytest.mark.parametrize("num_workers", [1, 2])
def test_every_task_has_its_result(num_workers):
    results = unordered_results(math.sqrt, [1.0, 4.0, 9.0], num_workers)

    assert sorted(results) == [1, 2, 3]


def test_no_tasks_give_no_results():
    assert list(unordered_results(math.sqrt, [], 2)) == []


@pytest.mark.parametrize("num_workers", [1, 2])
def test_after_a_failure_no_further_task_is_begun(tmp_path, num_workers):
    touch = "import pathlib, sys, time; time.sleep(0.1); pathlib.Path(sys.argv[1]).touch()"
    tasks = [[sys.executable, "-c", "raise SystemExit(1)"]]
    tasks += [[sys.executable, "-c", touch, str(tmp_path / str(number))] for number in range(20)]

    with pytest.raises(subprocess.CalledProcessError):
        list(unordered_results(subprocess.check_call, tasks, num_workers))

    assert len(list(tmp_path.iterdir())) < 10


@pytest.mark.parametrize(
    "work",
    [
        "__import__('time').sleep(60)",
        pytest.param(  # no other thread of the worker gets a turn
            "__import__('ctypes').PyDLL(None).sleep(60)",
            marks=pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends them"),
        ),
    ],
)
def test_workers_end_when_their_parent_is_killed(work):
    task = f"print('begun', flush=True) or {work}"
    program = (
        "from vg_mc.system.workers import unordered_results\n"
        f"list(unordered_results(eval, [{task!r}] * 2, 2))"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE) as parent:
        assert [parent.stdout.readline() for _ in range(2)] == [b"begun\n"] * 2

        parent.kill()

        # The pipe ends when nobody is left who could write to it.
        assert parent.communicate(timeout=20)[0] == b""
