"""The benchmark results as one Markdown page, with the information needed to reproduce them."""

import os
import platform
from importlib.metadata import version
from pathlib import Path

from tabulate import tabulate

from benchmarks.comparison import Aim, Finding, Way
from vg_mc.system.versions import versions

INTRODUCTION = """\
# Benchmarks of speed and memory

The baseline is a straightforward implementation, as in clip-refcoco: each candidate is written as a
full-size JPEG file, marked on a copy of the image (another row reads the image again for each box,
as a data loader that draws on demand would). Expressions are processed one by one, each with its
candidates encoded again and its text padded to the maximum length of the model; the loader returns
floats; intervals are computed by a loop over bootstrap samples. For evaluation and training, the
baseline has the same random weights and the same examples of the same prepared images, and no
loader processes, as vg_mc has none here.

Synthetic images have 10 boxes and 7.5 expressions each, as in RefCOCO's testA. For training, they
have 5 and 7 as the scenes do, or 8 and 1.5 as the training split of refcoco_mini does. By image, a
step encodes all boxes of its images once. This pays off if images have many expressions, and costs
more than it saves if most images have one.

Both implementations are measured in the same run, in separate processes, and must give the same
results. They take turns, three times each; a row shows the run with the median time, and `spread`
is the range of the times as a share of the median. The ratio is that of the rates. Memory is that
of the largest process: `before` the work, with libraries, model and input (and the first step of
training, which is not timed), and `at peak`. The baseline may be evaluated on fewer images, since
its time per expression is constant.

`waiting` is the share of time in which a training step waits for its data. `GFLOP/s` counts matrix
products, convolutions and attention, forward and backward; the `matrix rate` is that of one large
matrix product, measured on the same machine in the same precision.
"""

ON_A_GPU = """\
## Training on a GPU

Not measured yet, since no GPU was available. The command measures the same rows in bfloat16 with
larger batches and several decoding processes, and prints one table; tests run its code without a
GPU.

    python -m benchmarks.gpu_training
"""


def page(findings: list[Finding], machine: str) -> str:
    """Render the page."""
    sections = [f"## {found.comparison.title}\n\n{section(found)}" for found in findings]
    aims = f"## Aims\n\n{aims_table(findings)}\n"
    return "\n".join([INTRODUCTION, machine, aims, *sections, ON_A_GPU])


def aims_table(findings: list[Finding]) -> str:
    """Render the target figures of all comparisons and whether they were reached."""
    rows = [_aim(found, aim) for found in findings for aim in found.comparison.aims]
    headings = ["work", "figure", "aim", "measured", "reached"]
    return tabulate(rows, headings, tablefmt="github", disable_numparse=True)


def _aim(found: Finding, aim: Aim) -> list[str]:
    value = aim.value(found.measured)
    limit = f"at least {aim.least:g}" if aim.most is None else f"at most {aim.most:g}"
    reached = "yes" if aim.is_reached(value) else "no"
    return [found.comparison.title, aim.what, limit, f"{value:.2f}", reached]


def section(found: Finding) -> str:
    """Render the table of one comparison, and the result of its check."""
    return f"{_table(_headings(found), _rows(found), words=1)}\n\n{found.checked}\n"


def joint_table(findings: list[Finding]) -> str:
    """Render one table of comparisons with equal columns."""
    rows = [[found.comparison.title, *row] for found in findings for row in _rows(found)]
    return _table(["work", *_headings(findings[0])], rows, words=2)


def _table(headings: list[str], rows: list[list[str]], *, words: int) -> str:
    """Render a table whose first `words` columns are texts, and the others numbers."""
    sides = ["left"] * words + ["right"] * (len(headings) - words)
    return tabulate(rows, headings, tablefmt="github", colalign=sides, disable_numparse=True)


def _rows(found: Finding) -> list[list[str]]:
    return [_row(way, found) for way in found.comparison.ways]


def _headings(found: Finding) -> list[str]:
    unit = found.comparison.unit
    facts = next(iter(found.measured.values())).facts
    usual = [
        "way",
        unit,
        f"{unit}/s",
        "ratio",
        "s",
        "spread, %",
        "processor s",
        "MB before",
        "MB at peak",
    ]
    return [*usual, *facts]


def _row(way: Way, found: Finding) -> list[str]:
    measured = found.measured
    mine = measured[way.name]
    ratio = "" if way.against is None else f"{mine.rate / measured[way.against].rate:.2f}"
    return [
        way.name,
        f"{mine.amount:,}",
        f"{mine.rate:,.1f}",
        ratio,
        f"{mine.seconds:.2f}",
        f"{100 * found.spread(way.name):.0f}",
        f"{mine.processor_seconds:.2f}",
        f"{mine.memory_before:,}",
        f"{mine.memory_peak:,}",
        *mine.facts.values(),
    ]


def describe_machine(command: str, gpu: str = "no GPU used") -> str:
    """Describe the command and the machine; call it before the work starts, for its load."""
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
    """Return the name of the processor as reported by Linux."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()
