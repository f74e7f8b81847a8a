"""Pairs of concurrent jobs with the same output folder."""

import re
import shutil
from dataclasses import replace
from pathlib import Path

from tabulate import tabulate

from benchmarks.kills.jobs import Job, whole
from vg_mc.commands.error_output import BAD_INPUT


def table_of_writers(model: Job, expected: str, folder: Path, *, pairs: int) -> str:
    """Start `pairs` pairs of jobs like `model`; count winners and the messages of the others."""
    winners, named, equal = [], 0, 0
    for _ in range(pairs):
        job = replace(model, output=folder / "contested")
        processes = [job.start() for _ in range(2)]
        errors = [process.communicate()[1] for process in processes]
        codes = [process.returncode for process in processes]
        assert set(codes) <= {0, BAD_INPUT}, errors
        winners.append(codes.count(0))
        first = processes[codes.index(0)].pid
        named += bool(re.search(rf"process {first} on \S+ is writing", "".join(errors)))
        equal += whole(job.output) == expected
        shutil.rmtree(job.output)
    row = [pairs, winners.count(1), named, equal]
    headings = ["pairs", "one winner", "the other names its process", "hash of a single run"]
    return tabulate([row], headings, tablefmt="github")
