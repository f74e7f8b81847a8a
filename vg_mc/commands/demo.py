"""``make demo``: the four scripts, one after the other, on scenes drawn for the purpose."""

import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from vg_mc.commands import ensemble, evaluate, finetune, prepare_data
from vg_mc.commands.failing import plain_errors
from vg_mc.config import parse_config
from vg_mc.faults import BadInputError

if TYPE_CHECKING:
    from vg_mc.reports.tables import ResultRow

RECIPES = Path(__file__).parents[2] / "recipes"
MEMBERS = ("tiny-resnet", "tiny-vit")
TEST_SPLITS = ("val", "testA", "testB")
PICTURE_SIZE = 64
DETECTOR_SIZE = 128
STAMP = "demo.txt"  # tells a folder of ours, which may be replaced, from somebody else's


@dataclass(frozen=True)
class DemoConfig:
    """Draw scenes, train a detector, prepare, fine-tune two models, evaluate and ensemble."""

    output: Path = Path("runs/demo")
    """Folder of everything that is made; a demo that is there is replaced."""

    scenes: int = 4000
    """Training scenes; a tenth as many for each of val, testA and testB."""

    detector_scenes: int = 1500
    """How many of the training scenes the detector learns from."""

    detector_epochs: int = 4
    """Passes of the detector over its scenes."""

    seed: int = 0
    """Seed of the scenes, the detector and the models."""


def main(argv: Sequence[str] | None = None) -> None:
    """Run the command."""
    with plain_errors():
        run(parse_config(DemoConfig, argv))


def run(config: DemoConfig) -> list["ResultRow"]:
    """Run all stages; print and return one table over both kinds of proposals."""
    from vg_mc.reports.tables import screen_text

    began = time.perf_counter()
    clear(config.output)
    weights = train_detector(config)
    rows = []
    prepare(config, "detected", ["--proposer", "yolo", "--weights", str(weights)])
    prepare(config, "annotated", ["--splits", *TEST_SPLITS])
    for member in MEMBERS:
        fine_tune(config, member)
    for proposals in ("detected", "annotated"):
        for member in MEMBERS:
            answer(config, member, proposals)
        rows += combine(config, proposals)
    report(config, rows)
    print(screen_text(rows))
    print(f"\\n{time.perf_counter() - began:.0f} s; pictures: {config.output / 'index.html'}")
    return rows


def clear(output: Path) -> None:
    """Make room for a new demo, but not at the cost of anything else."""
    if output.exists() and not (output / STAMP).exists():
        raise BadInputError("this folder is not an earlier demo; name another", file=output)
    shutil.rmtree(output, ignore_errors=True)
    output.mkdir(parents=True)
    (output / STAMP).write_text("Made by `make demo`, which replaces this folder.\\n")
