"""The findings as one Markdown page, with what is needed to read and to repeat them."""

import os
import platform
from importlib.metadata import version
from pathlib import Path

from tabulate import tabulate

from benchmarks.comparison import Aim, Finding, Measured, Way
from vg_mc.system.versions import versions

INTRODUCTION = """\
# Speed and memory against the plain way

The plain way is what a straightforward program does, and clip-refcoco: each candidate becomes a
JPEG of full size, marked on a copy of the photo (a further row reads the photo again for each, as a
data loader would that draws when asked); sentences come one by one, each with its own candidates
encoded anew and its text padded to the length of the model; floats come from the loader; an
interval is a loop over draws. To evaluate and to train, it has the same weights (a random start)
and the same questions about the same prepared pictures, and no worker processes to load them, as
ours has none here.

The made-up photos have 10 boxes and 7.5 expressions each, as RefCOCO's testA has. To train, they
have 5 and 7 as the scenes do, or 8 and 1.5 as the training split of refcoco_mini does. By image, a
step encodes all boxes of its photos once; so it pays where a photo has many sentences, and costs
more than it saves where most have one.

Both ways are measured in one run, each in a process of its own, and must give the same results.
A ratio says how many times as fast ours is. Memory is that of the largest process: `before` the
work, with libraries, model and input (and the first step of training, which is not timed), and
`at peak`. The plain way may be given fewer photos to evaluate: it takes as long for each sentence.

`waiting` is the share of time in which a training step waits for its data. `GFLOP/s` counts matrix
products, convolutions and attentions of what was encoded, forward and backward; the `matrix rate`
is that of one large matrix product, measured on the same machine in the same precision.
"""

ON_A_GPU = """\
## Training on a GPU

Not run yet: there was no GPU. The command measures the same rows in bfloat16 with larger batches
and several decoding processes, and prints one table; its code runs under test without a GPU.

    python -m benchmarks.gpu_training
"""


def page(findings: list[Finding], machine: str) -> str:
    """Write the page."""
    sections = [f"## {found.comparison.title}\n\n{section(found)}" for found in findings]
    aims = f"## Aims\n\n{aims_table(findings)}\n"
    return "\n".join([INTRODUCTION, machine, aims, *sections, ON_A_GPU])


def aims_table(findings: list[Finding]) -> str:
    """Write what each comparison was to reach, and whether it did."""
    rows = [_aim(found, aim) for found in findings for aim in found.comparison.aims]
    headings = ["work", "figure", "aim", "measured", "reached"]
    return tabulate(rows, headings, tablefmt="github", disable_numparse=True)


def _aim(found: Finding, aim: Aim) -> list[str]:
    value = aim.value(found.measured)
    limit = f"at least {aim.least:g}" if aim.most is None else f"at most {aim.most:g}"
    reached = "yes" if aim.is_reached(value) else "no"
    return [found.comparison.title, aim.what, limit, f"{value:.2f}", reached]


def section(found: Finding) -> str:
    """Write the table of one comparison, and what the check of its results said."""
    return f"{_table(_headings(found), _rows(found), words=1)}\n\n{found.checked}\n"


def joint_table(findings: list[Finding]) -> str:
    """Write one table of comparisons that have the same columns."""
    rows = [[found.comparison.title, *row] for found in findings for row in _rows(found)]
    return _table(["work", *_headings(findings[0])], rows, words=2)


def _table(headings: list[str], rows: list[list[str]], *, words: int) -> str:
    """Lay a table out, the first columns of which are words, and the others numbers."""
    sides = ["left"] * words + ["right"] * (len(headings) - words)
    return tabulate(rows, headings, tablefmt="github", colalign=sides, disable_numparse=True)


def _rows(found: Finding) -> list[list[str]]:
    return [_row(way, found.measured) for way in found.comparison.ways]


def _headings(found: Finding) -> list[str]:
    unit = found.comparison.unit
    facts = next(iter(found.measured.values())).facts
    usual = ["way", unit, f"{unit}/s", "ratio", "s", "processor s", "MB before", "MB at peak"]
    return [*usual, *facts]


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


def describe_machine(command: str, gpu: str = "no GPU used") -> str:
    """Say how the figures were made, and on what; to be asked before the work begins."""
    libraries = versions() | {"opencv": version("opencv-python"), "datasets": version("datasets")}
    facts = {
        "command": f"`{command}`",
        "processor": f"{len(os.sched_getaffinity(0))} cores of {_processor()}, {gpu}",
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
