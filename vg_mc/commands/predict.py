"""The command ``python -m vg_mc predict``: answer expressions about the user's images."""

import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import tyro

from vg_mc.boxes.conventions import Order, Unit
from vg_mc.boxes.judging import DeclaredBoxes
from vg_mc.boxes.transforms import Fit
from vg_mc.commands.config import parse_config
from vg_mc.commands.error_output import plain_errors
from vg_mc.commands.notes import print_notes, warnings_as_notes
from vg_mc.errors import BadInputError
from vg_mc.grounders.registry import GROUNDER_HELP, GROUNDERS, GrounderOptions, Selected, select
from vg_mc.images import Marker, ViewOptions
from vg_mc.images.markers import CLIP_REFCOCO, RGB
from vg_mc.proposers.choice import ProposerChoice
from vg_mc.proposers.registry import (
    DETECTING,
    ProposerOptions,
    named_proposer,
    proposer_help,
)
from vg_mc.records import Orientation, Photo
from vg_mc.system.launch import require_device
from vg_mc.system.options import changed_flags
from vg_mc.text.cleaning import clean_text

if TYPE_CHECKING:
    from vg_mc.inference import Answer, Grounder, Question
    from vg_mc.inference.checking import Checked
    from vg_mc.prepared.build.settings import Drawing

PHOTOS_AT_ONCE = 8
PICTURE_ENDINGS = (".png", ".jpg", ".jpeg")


@dataclass(frozen=True)
class PredictConfig:
    """Answer expressions about images without annotations, and draw the answers."""

    photo: Annotated[Path, tyro.conf.Positional]
    """An image, a folder of images, or a CSV with the columns image and expression."""

    expressions: Annotated[tuple[str, ...], tyro.conf.Positional]
    """Referring expressions about the image, or about each image of the folder; none for a CSV."""

    model: str = ""
    """Model of the grounder clip: RUN/best of a run, or any other model that evaluate.py accepts;
    for subject-match-model and pseudo-query-model also sentence:ID_OR_FOLDER."""

    grounder: Annotated[str, tyro.conf.arg(help=GROUNDER_HELP)] = "clip"

    output: Path = Path("answers")
    """Output folder for drawn answers, answers.csv and answers.jsonl; or, for one image and one
    expression, the image file to write (.png, .jpg)."""

    proposer: Annotated[str, tyro.conf.arg(help=proposer_help(DETECTING))] = "yolo"

    boxes: Path | None = None
    """JSON list of boxes, four numbers each, of a single image, used instead of a proposer."""

    box_format: Order | None = None
    """Order of the four numbers in --boxes: corners, left top and sides, center and sides, or
    corners with y first; by default the only one that fits all boxes."""

    box_unit: Unit | None = None
    """Unit of the numbers in --boxes: pixels, or fractions of the image sides from 0 to 1, 100 or
    1000; by default the only one that fits all boxes."""

    orientation: Orientation = "shown"
    """Frame of all boxes and drawn answers: shown applies the EXIF orientation of images, as image
    viewers do; stored ignores it."""

    on_error: Literal["stop", "skip"] = "stop"
    """At an image that cannot be read, stop before the model is loaded, or skip it with a note."""

    device: str = "cpu"
    """Device of the model and the detector: cpu, cuda, cuda:1, and so on."""

    temperature: float | None = None
    """Divisor of the logits; by default the value stored by python -m vg_mc calibrate, or 1."""

    fit: Fit | None = None
    """How images become square; by default as in the training of the model."""

    json: bool = False
    """Print answers as JSON lines instead of tables."""

    grounders: GrounderOptions = field(default_factory=GrounderOptions)
    proposing: ProposerOptions = field(default_factory=ProposerOptions)


def main(argv: Sequence[str] | None = None) -> None:
    """Run the command."""
    with plain_errors():
        run(parse_config(PredictConfig, argv))


def run(config: PredictConfig) -> None:
    """Answer all expressions, print the answers and draw them.

    Raises:
        BadInputError: If flags conflict, or a file is invalid.
    """
    from vg_mc.reports.answers import answer_record, answer_text, write_answers

    selected = selected_grounder(config)
    choice = proposer_of(config, selected)
    questions, photos, notes = questions_of(config)
    print_notes(notes)
    single = config.output.suffix.lower() in PICTURE_ENDINGS
    asked = sum(len(question.expressions) for question in questions)
    if single and asked > 1:
        problem = f"expected a folder for {asked} answers, found the name of an image file"
        raise BadInputError(problem, file=config.output, record="--output")
    grounder = load_grounder(config, selected, choice, questions)
    answers = []
    for name, answer in answered(config, grounder, questions, photos, single=single):
        record = answer_record(name, answer)
        if config.json:
            print(json.dumps(record, ensure_ascii=False))
        else:
            print(f"{answer_text(name, answer, chances=gives_probabilities(config))}\n")
        answers.append((name, answer))
    if not single:
        write_answers(answers, config.output)
    print(f"drawn in {config.output}", file=sys.stderr)


def answered(
    config: PredictConfig,
    grounder: "Grounder",
    questions: list["Question"],
    photos: list[Photo],
    *,
    single: bool,
) -> Iterator[tuple[str, "Answer"]]:
    """Yield each answer with the name of its image, and draw it; images are read in batches."""
    from vg_mc.inference.opening import opened
    from vg_mc.reports.answers import write_answer_picture

    drawn, color, chances = 0, frame_color(grounder.drawing), gives_probabilities(config)
    for start in range(0, len(questions), PHOTOS_AT_ONCE):
        some = questions[start : start + PHOTOS_AT_ONCE]
        images = [opened(question.image, grounder.orientation) for question in some]
        decoded = [replace(one, image=image) for one, image in zip(some, images, strict=True)]
        with warnings_as_notes():
            found = grounder.ground_all(decoded, photos)
        together = zip(some, images, found, strict=True)
        for question, (photo, image, _), answers in together:
            for answer in answers:
                drawn += 1
                name = f"{drawn:05d}-{Path(photo.file_name).stem}.jpg"
                file = config.output if single else config.output / name
                write_answer_picture(image, answer, color, file, chances=chances)
                yield Path(str(question.image)).name, answer


def questions_of(config: PredictConfig) -> "Checked":
    """Return the questions about readable images.

    Raises:
        BadInputError: If a file is invalid, or boxes are given for several images.
    """
    from vg_mc.inference.box_files import read_boxes
    from vg_mc.inference.checking import Checked, checked
    from vg_mc.inference.queries import read_questions

    read, notes = read_questions(config.photo, config.expressions)
    if config.boxes is not None and (config.photo.is_dir() or len(read) != 1):
        kind = "a folder" if config.photo.is_dir() else f"{len(read)} images"
        problem = f"requires a single image, found {kind}; use --proposer stored for several"
        raise BadInputError(problem, file=config.photo, record="--boxes")
    questions, photos, more = checked(read, config.orientation, skip_bad=config.on_error == "skip")
    notes += more
    if config.boxes is not None:
        declared = DeclaredBoxes(config.box_format, config.box_unit)
        size = photos[0].width, photos[0].height
        boxes, inferred = read_boxes(config.boxes, size, declared)
        questions = [replace(questions[0], boxes=boxes)]
        notes += [f"{config.boxes}: {inferred}"] if inferred else []
    return Checked(questions, photos, notes)


def gives_probabilities(config: PredictConfig) -> bool:
    """Return whether the probabilities of the grounder are meaningful.

    The logits of most grounders without a model are ranks, whose softmax has no meaning unless the
    user sets a temperature.
    """
    return GROUNDERS[config.grounder].scores_are_logits or config.temperature is not None


def selected_grounder(config: PredictConfig) -> Selected:
    """Return the selected grounder, before anything is loaded.

    Raises:
        BadInputError: If it is unknown, its model is missing, or an option is invalid.
    """
    models = (config.model,) if config.model else ()
    selected = select((config.grounder,), models, config.grounders)
    if len(selected) != 1:
        problem = (
            "gives one answer per view, but one is drawn; remove it or name one view in --views"
        )
        raise BadInputError(problem, record="--each-view")
    return selected[0]


def proposer_of(config: PredictConfig, selected: Selected) -> ProposerChoice:
    """Return the proposer; a grounder that predicts boxes has none.

    Raises:
        BadInputError: If a required file is missing, or an option has no effect.
    """
    from vg_mc.proposers.on_demand import GIVEN

    if selected.grounder.predicts_boxes:
        unused = ["--boxes"] if config.boxes is not None else []
        for flag in [*unused, *changed_flags(config.proposing)]:
            problem = f"has no effect with the grounder {selected.grounder.name}"
            raise BadInputError(problem, record=flag)
        return GIVEN
    if config.boxes is None:
        for flag, value in (("--box-format", config.box_format), ("--box-unit", config.box_unit)):
            if value is not None:
                raise BadInputError("has no effect without --boxes", record=flag)
        return named_proposer(config.proposer, config.proposing, config.device)
    for flag in changed_flags(replace(config.proposing, when_empty="none")):
        raise BadInputError("has no effect together with --boxes", record=flag)
    return ProposerChoice("given", when_empty=config.proposing.when_empty)


def load_grounder(
    config: PredictConfig,
    selected: Selected,
    choice: ProposerChoice,
    questions: Sequence["Question"],
) -> "Grounder":
    """Load the grounder and print warnings as notes on stderr.

    Raises:
        BadInputError: If a model or a required library is missing, or an option is invalid.
    """
    from vg_mc.inference import Grounder
    from vg_mc.inference.loading import load

    require_device(config.device)
    names = config.grounders.clip.views
    views = ViewOptions(names).chosen() if names else {}
    with warnings_as_notes():
        loaded = load(
            selected,
            config.grounders,
            views=views,
            fit=config.fit,
            temperature=config.temperature,
            device=config.device,
            corpus=lambda: [clean_text(text) for one in questions for text in one.expressions],
        )
    return Grounder(
        loaded.grounder,
        loaded.drawing,
        choice,
        temperature=loaded.temperature,
        orientation=config.orientation,
    )


def frame_color(drawing: "Drawing") -> RGB:
    """Return the color of the first marker among the views, or that of clip-refcoco."""
    markers = [view for view in drawing.views.values() if isinstance(view, Marker)]
    return (markers or [CLIP_REFCOCO])[0].color
