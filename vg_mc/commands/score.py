"""``python -m vg_mc score``: the boxes or replies of any system, on the same scoreboard."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import tyro

from vg_mc.boxes.conventions import Order, Unit
from vg_mc.boxes.judging import DeclaredBoxes
from vg_mc.commands.config import parse_config
from vg_mc.commands.corpus_options import SCENES, CorpusOptions, read_source
from vg_mc.commands.error_output import plain_errors
from vg_mc.errors import BadInputError
from vg_mc.system.options import AT_LEAST_0
from vg_mc.text.replies import Several

if TYPE_CHECKING:
    from vg_mc.predictions import Predictions
    from vg_mc.predictions.external.boxes import ScoredAnswers
    from vg_mc.predictions.external.expressions import ExpressionSource
    from vg_mc.predictions.external.reading import AnswerFile
    from vg_mc.prepared.dataset import PreparedDataset
    from vg_mc.records import Corpus

# Flags of prepare_data.py for the fields of a corpus, and their names in this command.
OWN_FLAGS = {
    "--box-format": "--annotations-format",
    "--box-unit": "--annotations-unit",
    "--columns": "--annotations-columns",
}


@dataclass(frozen=True)
class AnswerOptions:
    """Options of the answers."""

    boxes: Unit | None = None
    """Unit of the numbers of a box: pixels, or fractions of the image sides that count up to 1, 100
    or 1000. Required unless the layout of the file or the syntax of the replies defines it; it is
    never inferred."""

    box_format: Order | None = None
    """Order of the four numbers; by default that of the layout or the syntax, else xyxy."""

    origin: Literal["top-left", "bottom-left"] | None = None
    """Corner of the image that coordinates are measured from; by default that of the layout, which
    is mostly top-left."""

    resized: str | None = None
    """Size of the image that pixels refer to: WIDTHxHEIGHT, or multiple:28 for sides rounded to
    multiples of 28 (Qwen2.5-VL); the stored image by default."""

    several: Several = "wrong"
    """Which box of an answer with several different ones counts. If all have scores, the one with
    the highest score counts, and recall@k is reported."""

    columns: tuple[str, ...] = ()
    """Fields of a file of no known layout, as id=key reply=model.output box=x1,y1,x2,y2; fields are
    id, image, expression, target, split, box, reply and score."""

    prompt: str | None = None
    """Text around the expression in the file, with {} in its place."""

    file_split: str | None = None
    """Value in the file's field for splits, if it contains answers of several splits."""

    only_answered: bool = False
    """Score answered expressions only; by default one without an answer counts as wrong."""


@dataclass(frozen=True)
class ScoreConfig:
    """Score boxes or replies of any system as evaluate.py scores models."""

    answers: Annotated[Path, tyro.conf.Positional]
    """File of answers: CSV, TSV, xlsx, JSON lines, JSON or Parquet, with a box or a raw reply of a
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
    """Corpus with the expressions, in place of a prepared dataset: a file or folder as for
    prepare_data.py, by default a table. Images are not needed where it states their sizes."""

    annotations_format: Order | None = None
    """Order of the four numbers of a box in the annotations; by default as in prepare_data.py."""

    annotations_unit: Unit | None = None
    """Unit of these numbers; by default as in prepare_data.py."""

    annotations_columns: tuple[str, ...] = ()
    """Fields of annotations of no known layout, as --columns of prepare_data.py."""

    subset: tuple[Path, ...] = ()
    """Files of expression ids, each scored in an additional row; one id per line, or a JSON
    list."""

    examples: Annotated[int, AT_LEAST_0] = 24
    """Expressions that the page shows, as many of every verdict; with their images if --images is
    set or the dataset contains them."""

    answering: AnswerOptions = field(default_factory=AnswerOptions)
    source: CorpusOptions = field(default_factory=lambda: CorpusOptions(corpus="table"))


def main(argv: Sequence[str] | None = None) -> None:
    """Run the command."""
    with plain_errors():
        run(parse_config(ScoreConfig, argv))


def run(config: ScoreConfig) -> "Predictions":
    """Score the answers; write predictions, tables and a page, and return the predictions."""
    from vg_mc.predictions import write_predictions
    from vg_mc.records import ImageFolder
    from vg_mc.reports.pages.report_page import Gallery, write_report
    from vg_mc.reports.tables.protocol import protocol_of
    from vg_mc.reports.tables.results import screen_text, write_results
    from vg_mc.scoring.subsets import read_subsets, score_all, subset_remarks

    subsets = read_subsets(config.subset)
    dataset = opened(config)
    source = source_of(config, dataset)
    predictions, remarks = predictions_of(config, dataset, source)
    images = config.source.images
    shown = (
        Gallery.of(dataset, images, config.examples)
        if dataset is not None or images is None
        else Gallery.of_photos(source.photos, ImageFolder(images), config.examples)
    )
    write_predictions(predictions, config.output / config.split)
    reports = score_all([predictions], subsets, [None])
    remarks = {**remarks, **subset_remarks(subsets, [predictions])}
    protocol = {**protocol_of(reports), **subset_remarks(subsets, [predictions])}
    write_results(reports, protocol, config.output)
    write_report([predictions], reports, protocol, shown, config.output)
    print(screen_text(reports))
    for name, remark in remarks.items():
        print(f"{name}: {remark}")
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


def source_of(config: ScoreConfig, dataset: "PreparedDataset | None") -> "ExpressionSource":
    """Return the expressions that were answered."""
    from vg_mc.predictions.external.expressions import expressions_of_corpus, expressions_of_dataset

    if dataset is not None:
        return expressions_of_dataset(dataset, config.split)
    return expressions_of_corpus(corpus_of(config, config.annotations or Path()), config.split)


def corpus_of(config: ScoreConfig, annotations: Path) -> "Corpus":
    """Read the corpus with the expressions.

    Raises:
        BadInputError: If it is unusable, with the flags of this command.
    """
    from vg_mc.corpora.columns import columns_of
    from vg_mc.corpora.readers import CorpusSource
    from vg_mc.corpora.splits import renamed_splits

    options, is_scenes = config.source, config.source.corpus == "scenes"
    extracted = config.output.with_name(f"{config.output.name}-photos")
    try:
        return read_source(
            CorpusSource(
                kind="refer" if options.corpus == "scenes" else options.corpus,
                annotations=annotations,
                images=options.images or (extracted if options.corpus == "hub" else None),
                extracted=extracted,
                orientation=options.orientation,
                split_by=SCENES if is_scenes else options.split_by,
                instances=options.instances,
                boxes=DeclaredBoxes(config.annotations_format, config.annotations_unit),
                columns=columns_of(config.annotations_columns, OWN_FLAGS["--columns"]),
                splits=(config.split,),
                renamed_splits=renamed_splits(options.rename_split),
                allow_count_mismatch=options.allow_count_mismatch,
            )
        )
    except BadInputError as fault:
        problem, record = fault.problem, fault.record
        for flag, own in OWN_FLAGS.items():
            problem, record = problem.replace(flag, own), record and record.replace(flag, own)
        raise BadInputError(problem, file=fault.file, record=record) from fault


def predictions_of(
    config: ScoreConfig, dataset: "PreparedDataset | None", source: "ExpressionSource"
) -> "tuple[Predictions, Mapping[str, str]]":
    """Read and join the answers; return predictions and remarks about them."""
    from vg_mc.corpora.columns import columns_of
    from vg_mc.predictions import Predictions
    from vg_mc.predictions.external.boxes import answered_rows, hash_of, scored_answers
    from vg_mc.predictions.external.conversion import Resized
    from vg_mc.predictions.external.reading import ReadingOptions, read_answers
    from vg_mc.predictions.provenance import Provenance

    options = config.answering
    reading = ReadingOptions(
        columns=columns_of(options.columns),
        prompt=options.prompt,
        order=options.box_format,
        unit=options.boxes,
        origin=options.origin,
        split=options.file_split,
    )
    resized = Resized() if options.resized is None else Resized.read(options.resized)
    answers = read_answers(config.answers, reading, config.split)
    scored = scored_answers(
        answers, source.examples, source.image_names, several=options.several, resized=resized
    )
    remarks = remarks_of(answers, scored)
    declared = f"{options.boxes or 'as the layout or the syntax defines'}"
    provenance = Provenance(
        name=config.name,
        split=config.split,
        data_hash=dataset.data_hash if dataset is not None else hash_of(source.examples),
        corpus=source.corpus,
        notes={
            **remarks,
            "unit of boxes": f"{declared}, resized {options.resized or 'no'}",
            "several boxes": options.several,
        },
    )
    predictions = Predictions(source.examples, scored.boxes, provenance)
    if options.only_answered:
        predictions = predictions.taken(answered_rows(source.examples, scored))
    return predictions, remarks


def remarks_of(answers: "AnswerFile", scored: "ScoredAnswers") -> dict[str, str]:
    """Describe what was read, what became of each answer, and what is suspicious."""
    from vg_mc.predictions.external.boxes import kinds_in_words

    remarks = {"layout": answers.layout, "answers": kinds_in_words(scored)}
    if answers.left_out:
        counts = [f"{count:,} {reason}" for reason, count in answers.left_out.items()]
        remarks["left out"] = ", ".join(counts)
    if scored.remarks:
        remarks["boxes"] = "; ".join(scored.remarks)
    return remarks
