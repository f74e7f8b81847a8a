"""``make demo``: the four scripts, one after the other, on scenes drawn for the purpose."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from vg_mc.commands import ensemble, evaluate, prepare_data
from vg_mc.commands.config import parse_config
from vg_mc.commands.error_output import plain_errors
from vg_mc.errors import BadInputError

if TYPE_CHECKING:
    from vg_mc.scoring import SplitReport

RECIPES = Path(__file__).parents[2] / "recipes" / "finetune"
MEMBERS = ("tiny-resnet", "tiny-vit")
PROPOSALS = ("detected", "annotated")
TEST_SPLITS = ("val", "testA", "testB")
PICTURE_SIZE = 64
# Green is one of the colours of the scenes, and small models see a marker best in a colour that no
# object has (docs/log.md): magenta, and a bit more of it than the seed's.
MARKER = ("--color", "#ff00ff", "--opacity", "0.3", "--outline", "2")
STAMP = "demo.txt"  # tells a folder of ours, which may be replaced, from somebody else's


@dataclass(frozen=True)
class DemoConfig:
    """Draw scenes, train a detector, prepare, fine-tune two models, evaluate and ensemble."""

    output: Path = Path("runs/demo")
    """Folder of everything that is made; a demo that is there is replaced."""

    scenes: int = 4000
    """Training scenes; a tenth as many for each of val, testA and testB."""

    detector_scenes: int = 2000
    """How many of the training scenes the detector learns from."""

    detector_epochs: int = 1
    """Passes of the detector over its scenes."""

    seed: int = 0
    """Seed of the scenes, the detector and the models."""


def main(argv: Sequence[str] | None = None) -> None:
    """Run the command."""
    with plain_errors():
        run(parse_config(DemoConfig, argv))


def run(config: DemoConfig) -> list["SplitReport"]:
    """Run all stages; print and return one table over both kinds of proposals."""
    from vg_mc.reports.tables.results import screen_text

    began = time.perf_counter()
    clear(config.output)
    weights = train_detector(config)
    rows = []
    prepare(config, "detected", ["--proposer", "yolo", "--weights", str(weights)])
    prepare(config, "annotated", ["--splits", *TEST_SPLITS])
    fine_tune(config)
    for proposals in PROPOSALS:
        for member in MEMBERS:
            answer(config, member, proposals)
        rows += combine(config, proposals)
    report(config, rows)
    print(screen_text(rows))
    print(f"\n{time.perf_counter() - began:.0f} s; pictures: {config.output / 'index.html'}")
    return rows


def clear(output: Path) -> None:
    """Make room for a new demo, but not at the cost of anything else."""
    if output.exists() and not (output / STAMP).exists():
        raise BadInputError("this folder is not an earlier demo; name another", file=output)
    shutil.rmtree(output, ignore_errors=True)
    output.mkdir(parents=True)
    (output / STAMP).write_text("Made by `make demo`, which replaces this folder.\n")


def train_detector(config: DemoConfig) -> Path:
    """Draw the scenes, and train a YOLO on some of those of the split train."""
    from vg_mc.corpora.refer import read_refer
    from vg_mc.corpora.scenes.generator import write_scenes
    from vg_mc.proposers.yolo_training import TINY, train_yolo

    scenes = config.output / "scenes"
    write_scenes(
        scenes,
        train=config.scenes,
        evaluation=max(1, config.scenes // 10),
        size=prepare_data.SCENE_SIZE,
        seed=config.seed,
        num_workers=os.cpu_count() or 1,
    )
    corpus = read_refer(scenes, "scenes", scenes / "images", skip_bad=False)
    kept = set(list(corpus.photos)[: config.detector_scenes])
    expressions = [each for each in corpus.expressions if each.image_id in kept]
    return train_yolo(
        replace(corpus, expressions=expressions),
        config.output / "detector",
        architecture=TINY,
        image_size=prepare_data.SCENE_SIZE,
        epochs=config.detector_epochs,
        seed=config.seed,
        batch_size=8,
    )


def prepare(config: DemoConfig, name: str, flags: list[str]) -> None:
    """Prepare one dataset from the scenes, as ``prepare_data.py`` does."""
    prepare_data.main(
        [
            *("--corpus", "refer", "--split-by", "scenes"),
            *("--annotations", str(config.output / "scenes")),
            *("--output", str(config.output / name)),
            *("--image-size", str(PICTURE_SIZE), *MARKER),
            *flags,
        ]
    )


def fine_tune(config: DemoConfig) -> None:
    """Train all members side by side with ``finetune.py``, each on its share of the cores.

    Models this small gain little from a second thread, so two at a time are done sooner than one
    after the other. The last one's progress is shown, the others write theirs to a log.
    """
    threads = max(1, (os.cpu_count() or 1) // len(MEMBERS))
    environment = os.environ | {"OMP_NUM_THREADS": str(threads)}
    with ExitStack() as running:
        processes = {}
        for member in MEMBERS:
            log = running.enter_context((config.output / f"{member}.log").open("wb"))
            shown = None if member == MEMBERS[-1] else log
            command = [sys.executable, "-m", "vg_mc", "finetune", *training_flags(config, member)]
            process = subprocess.Popen(command, env=environment, stdout=shown, stderr=shown)
            running.callback(process.kill)
            processes[member] = process
        print(f"fine-tuning {', '.join(MEMBERS)} side by side; progress of {MEMBERS[-1]}:")
        for member, process in processes.items():
            if process.wait():
                log_file = config.output / f"{member}.log"
                raise BadInputError("fine-tuning failed; its messages are here", file=log_file)


def training_flags(config: DemoConfig, member: str) -> list[str]:
    """Return the flags of ``finetune.py`` for one member."""
    return [
        *("--recipe", str(RECIPES / f"demo-{member}.yaml")),
        *("--dataset", str(config.output / "detected")),
        *("--output", str(config.output / member)),
        *("--seed", str(config.seed)),
    ]


def answer(config: DemoConfig, member: str, proposals: str) -> None:
    """Evaluate one member on one kind of proposals, as ``evaluate.py`` does."""
    evaluate.main(
        [
            *("--dataset", str(config.output / proposals)),
            *("--model", str(config.output / member / "best")),
            *("--name", f"{member}, {proposals}"),
            *("--split", *TEST_SPLITS),
            *("--images", str(config.output / "scenes" / "images")),
            *("--output", str(config.output / "evaluations" / f"{member}-{proposals}")),
        ]
    )


def combine(config: DemoConfig, proposals: str) -> list["SplitReport"]:
    """Ensemble the members on one kind of proposals twice, as ``ensemble.py`` does.

    Their plain mean answers all splits. What has its weights from val answers the other two.
    """
    evaluations = config.output / "evaluations"
    members = tuple(evaluations / f"{member}-{proposals}" for member in MEMBERS)
    plain = ensemble.EnsembleConfig(
        predictions=members,
        output=evaluations / f"ensemble-{proposals}",
        name=f"ensemble, {proposals}",
        dataset=config.output / proposals,
        images=config.output / "scenes" / "images",
    )
    fitted = replace(
        plain,
        output=evaluations / f"fitted-{proposals}",
        name=f"fitted ensemble, {proposals}",
        split=TEST_SPLITS[1:],
        weighting="fitted",
        fit_on=tuple(member / TEST_SPLITS[0] for member in members),
    )
    rows = ensemble.run(plain)
    try:
        rows += [row for row in ensemble.run(fitted) if row.name == fitted.name]
    except BadInputError as fault:  # after a handful of scenes, the detector may find nothing
        print(f"no {fitted.name}: {fault}")
    return sorted(rows, key=lambda row: TEST_SPLITS.index(row.split))


def report(config: DemoConfig, rows: list["SplitReport"]) -> None:
    """Write the table of everything, the way to all pages, and a picture of examples."""
    from vg_mc.predictions import read_predictions
    from vg_mc.prepared.dataset import open_prepared
    from vg_mc.reports.contact_sheet import write_contact_sheet
    from vg_mc.reports.pages.examples import spread_rows
    from vg_mc.reports.pages.report_page import FILE_NAME, write_index
    from vg_mc.reports.tables.protocol import protocol_of
    from vg_mc.reports.tables.results import write_results

    evaluations = config.output / "evaluations"
    ensembles = [read_predictions(evaluations / f"ensemble-{each}" / "val") for each in PROPOSALS]
    pictures_of = open_prepared(config.output / "detected").picture_bytes
    protocol, picture = protocol_of(ensembles), config.output / "examples.png"
    write_results(rows, protocol, config.output)
    write_contact_sheet(ensembles[0], spread_rows(ensembles[0], each=2), pictures_of, picture)
    pages = {page.parent.name: page for page in sorted(evaluations.glob(f"*/{FILE_NAME}"))}
    write_index("vg_mc demo", rows, protocol, pages, picture, config.output / "index.html")
