"""The command ``prepare_data.py``: write a prepared dataset from a corpus and proposals."""

import os
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import tyro

from vg_mc.boxes.conventions import Order, Unit
from vg_mc.boxes.judging import DeclaredBoxes
from vg_mc.boxes.transforms import Fit, LongerSide
from vg_mc.commands.config import parse_config
from vg_mc.commands.corpus_options import SCENES, CorpusOptions, read_source
from vg_mc.commands.error_output import plain_errors
from vg_mc.errors import BadInputError
from vg_mc.images import ViewOptions
from vg_mc.prepared.build.settings import Drawing, PreparationSettings
from vg_mc.proposers.choice import MOST_JITTER, NO_CANDIDATES, ProposerChoice, united
from vg_mc.proposers.registry import (
    KINDS,
    ProposerOptions,
    check_options,
    kinds_of,
    member_of,
    proposer_help,
)
from vg_mc.records import ANNOTATIONS, TRAIN_SPLIT, Corpus
from vg_mc.system.launch import processes_launched, require_device
from vg_mc.system.options import AT_LEAST_0, AT_LEAST_1, Range

if TYPE_CHECKING:
    from vg_mc.prepared.build.worker_group import WorkerGroup
    from vg_mc.prepared.manifest import Manifest  # which loads pyarrow

SCENE_SIZE = 128  # pixels along the longer side
CORES = os.cpu_count() or 1


@dataclass(frozen=True)
class AnnotationOptions:
    """Options of the annotations, and what is read of them."""

    annotations: Path
    """Location of the corpus: for refer a folder with instances.json and refs(<split-by>).p, for
    hub a folder of Parquet files or the id of a dataset, for table and pth a file or a folder of
    files, for scenes a folder, which is created if it does not exist."""

    box_format: Order | None = None
    """Order of the four numbers of a box for table, pth and hub: corners, left top and sides,
    center and sides, or corners with y first; by default that of the columns or the layout, else
    the only one that fits all boxes."""

    box_unit: Unit | None = None
    """Unit of the numbers of a box for table, pth and hub: pixels, or fractions of the image sides
    from 0 to 1, 100 or 1000; by default that of the layout, else the only one that fits all
    boxes."""

    columns: tuple[str, ...] = ()
    """Fields of a table of no known layout, as expression=sent box=bbox or box=x1,y1,x2,y2; dots
    separate names of nested records, as attributes.expression."""

    splits: tuple[str, ...] = ()
    """Splits to prepare; by default all."""

    scenes: Annotated[int, AT_LEAST_1] = 4000
    """Number of training scenes to generate for the corpus scenes; each other split has a tenth as
    many."""


@dataclass(frozen=True)
class PrepareConfig:
    """Draw the candidate images of a corpus and write a prepared dataset."""

    reading: AnnotationOptions

    output: Path
    """Folder of the prepared dataset."""

    proposer: Annotated[str, tyro.conf.arg(help=proposer_help(KINDS))] = ANNOTATIONS

    train_proposer: str = ANNOTATIONS
    """Proposer of the split train; --proposer applies to all other splits."""

    jitter: Annotated[float, Range(0, MOST_JITTER, below=True)] = 0.0
    """Shift each edge of annotated boxes of the split train by up to this fraction of the width or
    height of the box, so that training sees boxes like those of a detector; 0 disables it."""

    device: str = "cpu"
    """Device of the detector: cpu, cuda, cuda:1, and so on."""

    image_size: Annotated[int, AT_LEAST_1] = 224
    """Side of the square candidate images in pixels; the input size of the model."""

    fit: Fit = "squash"
    """How a whole image becomes square: squash stretches it, letterbox adds bars."""

    whole_images: Annotated[int, AT_LEAST_1] | None = None
    """Also store each whole image once, with at most this many pixels along its longer side; should
    exceed the model's input size if training crops or scales images."""

    on_error: Literal["stop", "skip"] = "stop"
    """At an invalid record, stop with an error, or list it in rejected.jsonl and continue."""

    num_workers: Annotated[int, AT_LEAST_1] = max(
        1, CORES // int(os.environ.get("LOCAL_WORLD_SIZE", "1"))
    )
    """Number of worker processes per launched process. The result does not depend on it."""

    seed: Annotated[int, AT_LEAST_0] = 0
    """Seed of the scenes and of the jitter."""

    overwrite: bool = False
    """Replace an existing output as soon as the new one is complete."""

    source: CorpusOptions = field(default_factory=CorpusOptions)
    showing: ViewOptions = field(default_factory=ViewOptions)
    proposing: ProposerOptions = field(default_factory=ProposerOptions)


def main(argv: Sequence[str] | None = None) -> None:
    """Run the command."""
    with plain_errors():
        config = parse_config(PrepareConfig, argv)
        if processes_launched() == 1:
            _print_summary(run(config), config)
            return
        from vg_mc.prepared.build.worker_group import joined

        with joined() as group:
            if group.rank == 0:
                _print_summary(run(config, group), config)
            else:
                group.help(config.num_workers)


def _print_summary(manifest: "Manifest", config: PrepareConfig) -> None:
    from vg_mc.reports.preparation import summary

    print(summary(manifest, config.output))


def run(config: PrepareConfig, group: "WorkerGroup | None" = None) -> "Manifest":
    """Prepare the dataset that `config` describes, in all processes of `group`."""
    from vg_mc.prepared.build.publication import require_free
    from vg_mc.prepared.build.run import prepare
    from vg_mc.system.workers import unordered_results

    check_flags(config)
    require_free(config.output, overwrite=config.overwrite)  # before a large corpus is read
    corpus = read_corpus(config)
    settings = settings_of(config, corpus)
    return prepare(
        corpus,
        settings,
        config.output,
        num_workers=config.num_workers,
        share=group.draw_share if group else unordered_results,
        overwrite=config.overwrite,
    )


def check_flags(config: PrepareConfig) -> None:
    """Check the flags before any work is done.

    Raises:
        BadInputError: If a flag is invalid, or flags conflict.
    """
    for_train = kinds_of(config.train_proposer, "--train-proposer")
    asked = {*for_train, *kinds_of(config.proposer, "--proposer")}
    if asked == {NO_CANDIDATES} and config.whole_images is None:
        problem = f"a dataset with the proposer {NO_CANDIDATES} alone requires --whole-images"
        raise BadInputError(problem, record="--proposer")
    check_options(config.proposing, asked)
    if any(KINDS[kind].build is not None for kind in asked):
        require_device(config.device)
    if config.jitter and ANNOTATIONS not in for_train:
        problem = f"requires annotated boxes; the split train has those of {config.train_proposer}"
        raise BadInputError(problem, record="--jitter")
    config.showing.chosen()


def settings_of(config: PrepareConfig, corpus: Corpus) -> PreparationSettings:
    """Return the settings of the preparation; a detector of the hub is downloaded.

    Raises:
        BadInputError: If a required option is missing or the download fails.
    """
    views, whole = config.showing.chosen(), config.whole_images
    train_proposer = proposer_of(config, kinds_of(config.train_proposer, "--train-proposer"))
    return PreparationSettings(
        drawing=Drawing(views=views, image_size=config.image_size, fit=config.fit),
        train_proposer=jittered(train_proposer, config.jitter, config.seed),
        proposer=proposer_of(config, kinds_of(config.proposer, "--proposer")),
        splits=tuple(dict.fromkeys(config.reading.splits)) or splits_of(corpus),
        skip_bad=config.on_error == "skip",
        whole_images=None if whole is None else LongerSide(whole),
    )


def proposer_of(config: PrepareConfig, kinds: Sequence[str]) -> ProposerChoice:
    """Return the proposer of the given kinds, a union if there are several."""
    # One IoU threshold for all splits, so that proposers are comparable.
    several = "+" in config.proposer or "+" in config.train_proposer
    return united(
        tuple(
            member_of(kind, config.proposing, several=several, device=config.device)
            for kind in kinds
        )
    )


def jittered(choice: ProposerChoice, jitter: float, seed: int) -> ProposerChoice:
    """Return a proposer whose annotated boxes are jittered."""
    if not jitter:
        return choice
    return united(
        tuple(
            replace(member, jitter=jitter, seed=seed) if member.kind == ANNOTATIONS else member
            for member in choice.members
        )
    )


def splits_of(corpus: Corpus) -> tuple[str, ...]:
    """Return the splits of a corpus, train first, then in the order of their records."""
    found = dict.fromkeys(expression.split for expression in corpus.expressions)
    return tuple(sorted(found, key=lambda split: split != TRAIN_SPLIT))


def read_corpus(config: PrepareConfig) -> Corpus:
    """Read the corpus, and print the comparison of its counts with the official ones."""
    from vg_mc.corpora.columns import columns_of
    from vg_mc.corpora.readers import CorpusSource
    from vg_mc.corpora.splits import renamed_splits

    source, reading = config.source, config.reading
    if source.corpus == "scenes":
        _generate_scenes(config)
    return read_source(
        CorpusSource(
            kind="refer" if source.corpus == "scenes" else source.corpus,
            annotations=reading.annotations,
            images=source.images,
            orientation=source.orientation,
            extracted=config.output.with_name(f"{config.output.name}-photos"),
            split_by=SCENES if source.corpus == "scenes" else source.split_by,
            instances=source.instances,
            boxes=DeclaredBoxes(reading.box_format, reading.box_unit),
            columns=columns_of(reading.columns),
            splits=reading.splits,
            renamed_splits=renamed_splits(source.rename_split),
            skip_bad=config.on_error == "skip",
            allow_count_mismatch=source.allow_count_mismatch,
        )
    )


def _generate_scenes(config: PrepareConfig) -> None:
    from vg_mc.corpora.scenes.generator import write_scenes

    write_scenes(
        config.reading.annotations,
        train=config.reading.scenes,
        evaluation=max(1, config.reading.scenes // 10),
        size=SCENE_SIZE,
        seed=config.seed,
        num_workers=config.num_workers,
    )
