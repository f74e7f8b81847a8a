"""Jobs run side by side, write to their logs, and fail together."""

import os
import sys
import time
from functools import partial

import pytest

from vg_mc.errors import BadInputError
from vg_mc.system.jobs import Job, run_side_by_side


def say(text):
    print(text)
    print("aside", file=sys.stderr)


def meet(mine, other):
    mine.touch()
    while not other.exists():
        time.sleep(0.01)


def test_what_a_job_prints_stands_in_its_log(tmp_path, capfd):
    jobs = [Job(name, partial(say, name), tmp_path / f"{name}.log") for name in ("one", "two")]

    run_side_by_side(jobs)

    for name in ("one", "two"):
        assert set((tmp_path / f"{name}.log").read_text().splitlines()) == {name, "aside"}
    assert capfd.readouterr() == ("", "")


def test_jobs_run_at_the_same_time(tmp_path):
    first, second = tmp_path / "first", tmp_path / "second"
    log = tmp_path / "log"

    run_side_by_side(
        [Job("a", partial(meet, first, second), log), Job("b", partial(meet, second, first), log)]
    )

    assert first.exists()
    assert second.exists()


def test_a_job_that_fails_ends_the_others(tmp_path):
    jobs = [
        Job("endless", partial(time.sleep, 1000), tmp_path / "endless.log"),
        Job("faulty", partial(sys.exit, 3), tmp_path / "faulty.log"),
    ]

    with pytest.raises(BadInputError) as caught:
        run_side_by_side(jobs)

    assert caught.value.file == str(tmp_path / "faulty.log")


def test_each_job_is_watched_until_its_end(tmp_path):
    seen = []
    file = tmp_path / "file"

    run_side_by_side(
        [Job("a", file.touch, tmp_path / "log")], watch=lambda: seen.append(file.exists())
    )

    assert seen[-1]


def test_jobs_share_the_cores(tmp_path):
    jobs = [Job(name, show_threads, tmp_path / f"{name}.log") for name in "ab"]

    run_side_by_side(jobs)

    threads = max(1, os.cpu_count() // 2)
    assert [(tmp_path / f"{name}.log").read_text() for name in "ab"] == [f"{threads}\n"] * 2


def show_threads():
    import torch

    print(torch.get_num_threads())
