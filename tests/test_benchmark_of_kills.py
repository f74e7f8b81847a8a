"""The programs that try faults run, and tell what they find."""

import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.kills.jobs import living
from benchmarks.kills.killing import Outcome, counted

ROOT = Path(__file__).parent.parent

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="processes are found in /proc")


@pytest.mark.exhaustive
def test_two_writers_are_tried_and_counted():
    command = [sys.executable, "-m", "benchmarks.kills", "--photos", "10"]
    command += ["--kills", "0", "--pairs", "1", "--sizes", "0"]

    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr
    assert re.findall(r"\d+", done.stdout.splitlines()[-1]) == ["1"] * 4


def test_every_outcome_of_a_kill_is_counted_once():
    good = Outcome(older=True, newer=False, drawn=4, begun=1, again=0, orphans=0, equal=True)
    late = replace(good, older=False, newer=True, drawn=0, begun=0)
    bad = Outcome(older=False, newer=False, drawn=3, begun=2, again=3, orphans=2, equal=False)

    table = counted({(1, True, False): [good, late], (2, False, True): [bad]})

    rows = [[cell.strip() for cell in line.split("|")[4:-1]] for line in table.splitlines()[2:]]
    assert rows == [
        ["2", "1", "1", "0", "4", "0", "1", "0", "2"],
        ["1", "0", "0", "1", "3", "3", "2", "2", "0"],
        ["3", "1", "1", "1", "7", "3", "2", "2", "2"],
    ]


def test_the_processes_of_a_session_are_those_that_live():
    command = [sys.executable, "-c", "print(flush=True); input()"]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
    ) as process:
        process.stdout.readline()

        assert living(process.pid) == [process.pid]

    assert living(process.pid) == []
