"""``make demo``: the commands of the project, one after the other, on drawn scenes.

Each stage runs in processes of its own, whose output goes to a log file. What is printed is one
story: a few lines per stage, with the time, and a small table at the end.
"""

import json
import os
import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from vg_mc.commands import ensemble, evaluate, finetune, prepare_data
from vg_mc.commands.config import parse_config
from vg_mc.commands.error_output import plain_errors
from vg_mc.errors import BadInputError
from vg_mc.system.jobs import Job, run_side_by_side

if TYPE_CHECKING:
    from vg_mc.reports.tables.table import Table
    from vg_mc.scoring import SplitReport

RECIPES = Path(__file__).parents[2] / "recipes" / "finetune"
MEMBERS = ("tiny-resnet", "tiny-vit")
DETECTED, ANNOTATED = PROPOSALS = ("detected", "annotated")
TEST_SPLITS = ("val", "testA", "testB")
IMAGE_SIZE = 64
# Green is one of the colours of the scenes, and small models see a marker best in a colour that no
# object has (docs/log.md): magenta, and a bit more of it than clip-refcoco's marker has.
MARKER = ("--color", "#ff00ff", "--opacity", "0.3", "--outline", "2")
STAMP = "demo.txt"  # marks a folder of an earlier demo, which may be replaced

# Imported once for all jobs.
PRELOAD = (
    "vg_mc.models.loading",
    "vg_mc.models.tiny",
    "vg_mc.prepared.build.run",
    "vg_mc.reports.pages.report_page",
    "vg_mc.training.loop",
)


@dataclass(frozen=True)
class DemoConfig:
    """Draw scenes, train a detector, prepare, fine-tune two models, evaluate and ensemble."""

    output: Path = Path("runs/demo")
    """Folder of everything that is made; a demo that is there is replaced."""

    scenes: int = 4000
    """Training scenes; a tenth as many for each of val, testA and testB."""

    train_sentences: int = 3
    """Sentences for each object of a training scene."""

    detector_scenes: int = 3000
    """Number of training scenes that the detector learns from."""

    detector_epochs: int = 1
    """Passes of the detector over its scenes."""

    seed: int = 0
    """Seed of the scenes, the detector and the models."""


def main(argv: Sequence[str] | None = None) -> None:
    """Run the command."""
    with plain_errors():
        run(parse_config(DemoConfig, argv))


class Story:
    """What is printed: lines with the time since the start."""

    def __init__(self) -> None:
        """Start the clock."""
        self._began = time.perf_counter()

    def tell(self, line: str) -> None:
        """Print a line."""
        minutes, seconds = divmod(int(time.perf_counter() - self._began), 60)
        print(f"{minutes}:{seconds:02}  {line}", flush=True)


def run(config: DemoConfig) -> list["SplitReport"]:
    """Run all stages; print and return the results of all models with both kinds of proposals."""
    from vg_mc.reports.tables.formats import terminal

    story = Story()
    clear(config.output)
    (config.output / "logs").mkdir()
    story.tell(
        f"Draw {config.scenes:,} training scenes and {evaluation_scenes(config):,} each for "
        f"{', '.join(TEST_SPLITS)}, with sentences that are true of one object each."
    )
    draw(config)
    story.tell("Prepare candidate images: each annotated box, marked in its scene.")
    run_jobs(config, {"prepare-annotated": prepare_annotated})
    story.tell("Fine-tune two CLIPs from random weights: which candidate does a sentence mean?")
    story.tell(
        f"Meanwhile, train a YOLO on {config.detector_scenes:,} scenes, and prepare the boxes that "
        "it finds in the others."
    )
    fine_tune(config, story)
    story.tell("Evaluate both models and two ensembles with annotated and with detected boxes.")
    run_jobs(config, {f"evaluate-{each}": partial(evaluate_all, each) for each in PROPOSALS})
    rows = report(config)
    story.tell("Done.")
    print(f"\n{terminal(summary(rows))}\n")
    print(f"All numbers:    {config.output / 'results.md'}")
    print(f"Pages, images:  {config.output / 'index.html'}")
    print(f"Logs:           {config.output / 'logs'}")
    return rows


def clear(output: Path) -> None:
    """Make room for a new demo, but not at the cost of anything else."""
    if output.exists() and not (output / STAMP).exists():
        problem = "expected a new folder or an earlier demo, found other files; name another folder"
        raise BadInputError(problem, file=output, record="--output")
    shutil.rmtree(output, ignore_errors=True)
    output.mkdir(parents=True)
    (output / STAMP).write_text("Made by `make demo`, which replaces this folder.\n")


def run_jobs(
    config: DemoConfig,
    jobs: dict[str, Callable[[DemoConfig], object]],
    watch: Callable[[], None] = lambda: None,
) -> None:
    """Run functions of the configuration side by side, by the names of their logs."""
    run_side_by_side(
        [
            Job(name, partial(work, config), config.output / "logs" / f"{name}.txt")
            for name, work in jobs.items()
        ],
        PRELOAD,
        watch,
    )


def evaluation_scenes(config: DemoConfig) -> int:
    """Return the number of scenes in each split besides train."""
    return max(1, config.scenes // 10)


def draw(config: DemoConfig) -> None:
    """Draw the scenes, with all cores."""
    from vg_mc.corpora.scenes.generator import write_scenes

    write_scenes(
        config.output / "scenes",
        train=config.scenes,
        evaluation=evaluation_scenes(config),
        size=prepare_data.SCENE_SIZE,
        seed=config.seed,
        num_workers=os.cpu_count() or 1,
        train_sentences=config.train_sentences,
    )


def propose(config: DemoConfig) -> None:
    """Train the detector, and prepare what it finds."""
    train_detector(config)
    prepare_detected(config)


def train_detector(config: DemoConfig) -> None:
    """Train a YOLO on some scenes of the split train."""
    from vg_mc.corpora.refer import read_refer
    from vg_mc.proposers.yolo_training import TINY, train_yolo
    from vg_mc.records import ImageFolder

    scenes = config.output / "scenes"
    corpus = read_refer(scenes, "scenes", ImageFolder(scenes / "images"), skip_bad=False)
    kept = set(list(corpus.photos)[: config.detector_scenes])
    expressions = [each for each in corpus.expressions if each.image_id in kept]
    weights = train_yolo(
        replace(corpus, expressions=expressions),
        config.output / "detector",
        architecture=TINY,
        image_size=prepare_data.SCENE_SIZE,
        epochs=config.detector_epochs,
        seed=config.seed,
        batch_size=8,
    )
    shutil.copyfile(weights, detector_of(config))


def detector_of(config: DemoConfig) -> Path:
    """Return the path of the detector's weights."""
    return config.output / "detector" / "yolo.pt"


def prepare_annotated(config: DemoConfig) -> None:
    """Prepare all splits with their annotated boxes."""
    prepare(config, ANNOTATED, [])


def prepare_detected(config: DemoConfig) -> None:
    """Prepare the evaluation splits with the boxes of the detector."""
    flags = ["--proposer", "yolo", "--weights", str(detector_of(config))]
    # After a handful of scenes, a detector may find nothing at all.
    flags += ["--when-empty", "whole-image"]
    flags += ["--num-workers", "1"]  # the models have the other cores
    prepare(config, DETECTED, [*flags, "--splits", *TEST_SPLITS])


def prepare(config: DemoConfig, name: str, flags: list[str]) -> None:
    """Prepare one dataset from the scenes, as ``prepare_data.py`` does."""
    prepare_data.main(
        [
            *("--corpus", "refer", "--split-by", "scenes"),
            *("--annotations", str(config.output / "scenes")),
            *("--output", str(config.output / name)),
            *("--image-size", str(IMAGE_SIZE), *MARKER),
            *flags,
        ]
    )


def fine_tune(config: DemoConfig, story: Story) -> None:
    """Train all members, and train and apply the detector beside it.

    Models this small gain little from a second thread, so that several processes with one each are
    done sooner than one after the other.
    """
    watch = partial(tell_validations, config, story, set())
    jobs: dict[str, Callable[[DemoConfig], object]] = {
        f"finetune-{member}": partial(fine_tune_member, member) for member in MEMBERS
    }
    run_jobs(config, jobs | {"prepare-detected": propose}, watch)


def fine_tune_member(member: str, config: DemoConfig) -> None:
    """Train one member, as ``finetune.py`` does."""
    finetune.main(training_flags(config, member))


def training_flags(config: DemoConfig, member: str) -> list[str]:
    """Return the flags of ``finetune.py`` for one member."""
    return [
        *("--recipe", str(RECIPES / f"demo-{member}.yaml")),
        *("--dataset", str(config.output / ANNOTATED)),
        *("--output", str(config.output / member)),
        *("--seed", str(config.seed)),
    ]


def tell_validations(config: DemoConfig, story: Story, told: set[str]) -> None:
    """Tell how good each member is after each epoch; `told` collects the lines."""
    for member in MEMBERS:
        file = config.output / member / "metrics.jsonl"
        lines = file.read_text(encoding="utf-8").splitlines(True) if file.exists() else []
        entries = [json.loads(line) for line in lines if line.endswith("\n")]
        for entry in entries:
            if entry.get("split") == TEST_SPLITS[0]:
                shown = f"{entry['accuracy']:.1%} of val right"
                line = f"  {member}: {shown} after epoch {entry['epoch'] + 1}"
                if line not in told:
                    told.add(line)
                    story.tell(line)


def evaluate_all(proposals: str, config: DemoConfig) -> None:
    """Evaluate and ensemble the members on one kind of proposals."""
    evaluate.main(
        [
            *("--dataset", str(config.output / proposals)),
            *("--model", *(str(config.output / member / "best") for member in MEMBERS)),
            *("--name", *(f"{member}, {proposals}" for member in MEMBERS)),
            *("--split", *TEST_SPLITS),
            *("--images", str(config.output / "scenes" / "images")),
            *("--output", str(config.output / "evaluations" / proposals)),
            *("--num-workers", "0"),
        ]
    )
    combine(config, proposals)


def home_of(config: DemoConfig, name: str, proposals: str) -> Path:
    """Return the folder of the results of a model or an ensemble."""
    folder = evaluate.folder_name(f"{name}, {proposals}")
    return config.output / "evaluations" / proposals / folder


def combine(config: DemoConfig, proposals: str) -> None:
    """Ensemble the members on one kind of proposals twice, as ``ensemble.py`` does.

    Their plain mean answers all splits. What has its weights from val answers the other two.
    """
    members = tuple(home_of(config, member, proposals) for member in MEMBERS)
    plain = ensemble.EnsembleConfig(
        predictions=members,
        output=home_of(config, "ensemble", proposals),
        name=f"ensemble, {proposals}",
        dataset=config.output / proposals,
        images=config.output / "scenes" / "images",
    )
    fitted = replace(
        plain,
        output=home_of(config, "fitted ensemble", proposals),
        name=f"fitted ensemble, {proposals}",
        split=TEST_SPLITS[1:],
        weighting="fitted",
        fit_on=tuple(member / TEST_SPLITS[0] for member in members),
    )
    ensemble.run(plain)
    try:
        ensemble.run(fitted)
    except BadInputError as error:  # after a handful of scenes, the detector may find nothing
        print(f"no {fitted.name}: {error}")


def report(config: DemoConfig) -> list["SplitReport"]:
    """Write the table of everything, an index of all pages, and a picture of examples."""
    from vg_mc.predictions import read_evaluation
    from vg_mc.prepared.dataset import open_prepared
    from vg_mc.reports.contact_sheet import write_contact_sheet
    from vg_mc.reports.pages.examples import spread_rows
    from vg_mc.reports.pages.report_page import FILE_NAME, write_index
    from vg_mc.reports.tables.protocol import protocol_of
    from vg_mc.reports.tables.results import write_results
    from vg_mc.scoring import score

    names = (*MEMBERS, "ensemble", "fitted ensemble")
    homes = [home_of(config, name, proposals) for proposals in PROPOSALS for name in names]
    homes = [home for home in homes if home.exists()]
    answered = [each for home in homes for each in read_evaluation(home).values()]
    rows = [score(each) for each in answered]
    protocol, picture = protocol_of(rows), config.output / "examples.png"
    write_results(rows, protocol, config.output)
    shown = read_evaluation(home_of(config, "ensemble", DETECTED))[TEST_SPLITS[0]]
    pictures_of = open_prepared(config.output / DETECTED).picture_bytes
    write_contact_sheet(shown, spread_rows(shown, each=2), pictures_of, picture)
    pages = {home.name: home / FILE_NAME for home in homes}
    write_index("vg_mc demo", rows, protocol, pages, picture, config.output / "index.html")
    return rows


def summary(rows: Sequence["SplitReport"]) -> "Table":
    """Return a table of accuracies, with a row per model and a column per split."""
    from vg_mc.reports.tables.table import Table

    found = {(row.name, row.split): f"{100 * row.scores.accuracy:.1f}" for row in rows}
    return Table(
        ["accuracy at IoU > 0.5, %", *TEST_SPLITS],
        [
            [name, *(found.get((name, split)) for split in TEST_SPLITS)]
            for name in dict.fromkeys(row.name for row in rows)
        ],
        align="l" + "r" * len(TEST_SPLITS),
    )
