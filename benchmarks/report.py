"""The findings as one Markdown page, with what is needed to read and to repeat them."""

import os
import platform
from importlib.metadata import version
from pathlib import Path

from tabulate import tabulate

from benchmarks.comparison import Comparison, Finding, Measured, Way
from vg_mc.versions import versions

INTRODUCTION = """\
# Speed and memory against the plain way

The plain way is what a straightforward program does, and clip-refcoco: each candidate becomes a
JPEG of full size, marked on a copy of the photo (a further row reads the photo again for each, as a
data loader would that draws when asked); sentences come one by one, each with its own candidates
encoded anew and its text padded to the length of the model. To evaluate and to train, it has the
same weights (a random start) and the same questions about the same prepared pictures, and no
worker processes to load them, as ours has none here. The made-up photos have 10 boxes and 7.5
expressions each.

Both ways are measured in one run, each in a process of its own, and must give the same results.
A ratio says how many times as fast ours is. Memory is that of the largest process: `before` the
work, with libraries, model and input (and the first step of training, which is not timed), and
`at peak`.
"""


def page(findings: list[Finding], machine: str) -> str:
    """Write the page."""
    sections = [f"## {found.comparison.title}\n\n{section(found)}" for found in findings]
    return "\n".join([INTRODUCTION, machine, *sections])


def section(found: Finding) -> str:
    """Write the table of one comparison, and what the check of its results said."""
    rows = [_row(way, found.measured) for way in found.comparison.ways]
    facts = next(iter(found.measured.values())).facts
    headings = [*_headings(found.comparison), *facts]
    numbers = ["right"] * (len(headings) - 1)
    table = tabulate(
        rows, headings, tablefmt="github", colalign=["left", *numbers], disable_numparse=True
    )
    return f"{table}\n\n{found.checked}\n"


def _headings(comparison: Comparison) -> list[str]:
    unit = comparison.unit
    return ["way", unit, f"{unit}/s", "ratio", "s", "processor s", "MB before", "MB at peak"]


def _row(way: Way, measured: dict[str, Measured]) -> list[str]:
    mine = measured[way.name]
    ratio = "" if way.against is None else f"{mine.rate / measured[way.against].rate:.2f}"
    return [
        way.name,
        f"{mine.amount:,}",
        f"{mine.rate:,.1f}",
        ratio,
        f"{mine.seconds:.2f}",
        f"{mine.processor_seconds:.2f}",
        f"{mine.memory_before:,}",
        f"{mine.memory_peak:,}",
        *mine.facts.values(),
    ]


def describe_machine(command: str) -> str:
    """Say how the figures were made, and on what; to be asked before the work begins."""
    libraries = versions() | {"opencv": version("opencv-python"), "datasets": version("datasets")}
    facts = {
        "command": f"`{command}`",
        "processor": f"{len(os.sched_getaffinity(0))} cores of {_processor()}, no GPU used",
        "load before": f"{os.getloadavg()[0]:.2f} processes on average in the last minute",
        "OMP_NUM_THREADS": os.environ.get("OMP_NUM_THREADS", "not set: a thread per core"),
        "system": f"{platform.system()} {platform.machine()}",
        "versions": ", ".join(f"{name} {number}" for name, number in libraries.items()),
    }
    return "".join(f"- {name}: {fact}\n" for name, fact in facts.items())


def _processor() -> str:
    """Return the name of the processor, as Linux tells it."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()
