"""``python -m vg_mc score``: the boxes or replies of any system, on the same scoreboard."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import tyro

from vg_mc.boxes.conventions import Order, Unit
from vg_mc.commands.config import parse_config
from vg_mc.commands.error_output import plain_errors
from vg_mc.errors import BadInputError
from vg_mc.system.options import AT_LEAST_0
from vg_mc.text.replies import Several

if TYPE_CHECKING:
    from vg_mc.predictions import Predictions
    from vg_mc.predictions.external.boxes import ScoredAnswers
    from vg_mc.predictions.external.expressions import ExpressionSource
    from vg_mc.prepared.dataset import PreparedDataset


@dataclass(frozen=True)
class ScoreConfig:
    """Score boxes or replies of any system as evaluate.py scores models."""

    answers: Annotated[Path, tyro.conf.Positional]
    """File of answers: CSV, TSV, JSON lines, JSON or Parquet, with a box or a raw reply of a
    vision-language model for each expression."""

    output: Path
    """Folder of the results, as evaluate.py writes them."""

    name: str
    """Name of the system in tables."""

    split: str
    """The split that was answered."""

    dataset: Path | None = None
    """Prepared dataset with the expressions."""

    annotations: Path | None = None
    """Table or list of expressions in place of a prepared dataset; images are not needed where it
    states their sizes."""

    boxes: Unit | None = None
    """Unit of boxes whose syntax does not define one: pixels, or fractions of the image sides that
    count up to 1, 100 or 1000. It is never inferred."""

    box_format: Order | None = None
    """Order of the four numbers; xyxy by default, yxyx for box_2d."""

    resized: str | None = None
    """Size of the image that pixels refer to: WIDTHxHEIGHT, or multiple:28 for sides rounded to
    multiples of 28 (Qwen2.5-VL); the stored image by default."""

    several: Several = "wrong"
    """Which box of a reply with several different ones counts."""

    columns: tuple[str, ...] = ()
    """Fields of a file of no known layout, as id=key reply=model.output; fields are id, image,
    expression, target, box, reply and score."""

    prompt: str | None = None
    """Text around the expression in the file, with {} in its place."""

    only_answered: bool = False
    """Score answered expressions only; by default one without an answer counts as wrong."""

    images: Path | None = None
    """Folder of the images, to show them on the page."""

    examples: Annotated[int, AT_LEAST_0] = 24
    """Expressions that the page shows, as many of every verdict."""


def main(argv: Sequence[str] | None = None) -> None:
    """Run the command."""
    with plain_errors():
        run(parse_config(ScoreConfig, argv))


def run(config: ScoreConfig) -> "Predictions":
    """Score the answers; write predictions, tables and a page, and return the predictions."""
    from vg_mc.predictions import write_predictions
    from vg_mc.predictions.external.boxes import kinds_in_words
    from vg_mc.reports.pages.report_page import Gallery, write_report
    from vg_mc.reports.tables.protocol import protocol_of
    from vg_mc.reports.tables.results import screen_text, write_results
    from vg_mc.scoring.subsets import score_all

    dataset = opened(config)
    predictions, scored = predictions_of(config, dataset)
    write_predictions(predictions, config.output / config.split)
    reports = score_all([predictions], [], [None])
    protocol = protocol_of(reports)
    shown = Gallery.of(dataset, config.images, config.examples)
    write_results(reports, protocol, config.output)
    write_report([predictions], reports, protocol, shown, config.output)
    print(screen_text(reports))
    print(f"answers: {kinds_in_words(scored)}")
    return predictions


def opened(config: ScoreConfig) -> "PreparedDataset | None":
    """Open the prepared dataset, if one is named.

    Raises:
        BadInputError: Unless exactly one source of expressions is named.
    """
    from vg_mc.prepared.dataset import open_prepared

    if (config.dataset is None) == (config.annotations is None):
        raise BadInputError("expected either --dataset or --annotations", record="score")
    return None if config.dataset is None else open_prepared(config.dataset)


def predictions_of(
    config: ScoreConfig, dataset: "PreparedDataset | None"
) -> "tuple[Predictions, ScoredAnswers]":
    """Read and join the answers; return predictions, and what became of each answer."""
    from vg_mc.corpora.columns import columns_of
    from vg_mc.predictions import Predictions
    from vg_mc.predictions.external.boxes import (
        Resized,
        answered_rows,
        hash_of,
        kinds_in_words,
        scored_answers,
    )
    from vg_mc.predictions.external.reading import read_answers
    from vg_mc.predictions.provenance import Provenance

    answers = read_answers(
        config.answers,
        columns=columns_of(config.columns),
        prompt=config.prompt,
        order=config.box_format,
        unit=config.boxes,
    )
    source = source_of(config, dataset)
    scored = scored_answers(
        answers,
        source.examples,
        source.image_names,
        several=config.several,
        resized=Resized() if config.resized is None else Resized.read(config.resized),
        file=config.answers,
    )
    notes = {
        "answers": kinds_in_words(scored),
        "boxes": f"{config.boxes or 'as their syntax defines'}, resized {config.resized or 'no'}",
        "several boxes": config.several,
    }
    provenance = Provenance(
        name=config.name,
        split=config.split,
        data_hash=dataset.data_hash if dataset is not None else hash_of(source.examples),
        corpus=source.corpus,
        notes=notes,
    )
    predictions = Predictions(source.examples, scored.boxes, provenance)
    if config.only_answered:
        predictions = predictions.taken(answered_rows(source.examples, scored))
    return predictions, scored


def source_of(config: ScoreConfig, dataset: "PreparedDataset | None") -> "ExpressionSource":
    """Return the expressions that were answered."""
    from vg_mc.predictions.external.expressions import expressions_of_corpus, expressions_of_dataset

    if dataset is not None:
        return expressions_of_dataset(dataset, config.split)
    return expressions_of_corpus(Path(config.annotations or ""), config.split)
