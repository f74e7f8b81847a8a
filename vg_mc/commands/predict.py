"""``python -m vg_mc predict``: photos and expressions of one's own in, drawn answers out."""

import json
import sys
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import tyro
from PIL.ExifTags import Base

from vg_mc.commands.devices import require_device
from vg_mc.commands.failing import plain_errors
from vg_mc.commands.prepare_settings import finding_of
from vg_mc.config import parse_config
from vg_mc.faults import BadInputError
from vg_mc.fields import read_json
from vg_mc.fitting import Fit
from vg_mc.markers import MARKERS, Marker
from vg_mc.preparation.naming import named_proposer
from vg_mc.preparation.settings import ProposerChoice, WhenEmpty
from vg_mc.records import XYXY

if TYPE_CHECKING:
    from vg_mc.pointing import Answer, Grounder, Question

PHOTOS_AT_ONCE = 8
UPRIGHT = 1  # in EXIF
LYING = "is to be turned by its EXIF, which is ignored here: save it upright for better answers"
PICTURE_ENDINGS = (".png", ".jpg", ".jpeg")


@dataclass(frozen=True)
class PredictConfig:
    """Answer expressions about photos without annotations, and draw the answers."""

    photo: Annotated[Path, tyro.conf.Positional]
    """A photo, a folder of photos, or a CSV with the columns image and expression."""

    expressions: Annotated[tuple[str, ...], tyro.conf.Positional]
    """Texts to find in the photo, in each of the folder; none for a CSV."""

    model: str
    """RUN/best of a run, or any other model that evaluate.py takes."""

    output: Path = Path("answers")
    """Folder of pictures, answers.csv and answers.jsonl; or, for one photo and one expression, the
    picture to write (.png, .jpg)."""

    proposer: str = "yolo"
    """What proposes regions: the detectors yolo and transformers, stored detections, or several
    united, like yolo+transformers."""

    weights: Path | None = None
    """Detector weights, for the proposer yolo: YOLOv5u, v8, 11, 26 or World."""

    detector: Path | None = None
    """Detector for the proposer transformers: its folder, or its id on the hub, from where it is
    fetched. OWLv2 and Grounding DINO look for each expression about a photo."""

    proposals: Path | None = None
    """File of stored detections, for the proposer stored; they name photos by file name, or by the
    number at the end of it."""

    boxes: Path | None = None
    """JSON list of boxes [left, top, right, bottom] in pixels of a single photo, in place of a
    proposer."""

    confidence: float = 0.25
    """Detections with a lower score are left out."""

    nms: float | None = None
    """Of two detections whose IoU exceeds it the weaker one is left out, and of two from different
    proposers the one of the later named. 1 keeps all; by default 0.7 where proposers are united,
    and 1 where none are."""

    max_proposals: int | None = None
    """At most so many detections of a photo from each proposer, the best; all by default."""

    when_empty: WhenEmpty = "none"
    """What a photo without detections gets, as for prepare_data.py."""

    detector_size: int | None = None
    """Longer side of a photo in the proposer yolo, in pixels; by default that of its training."""

    device: str = "cpu"
    """Where model and detector run: cpu, cuda, cuda:1 ..."""

    temperature: float | None = None
    """Logits are divided by it; by default what python -m vg_mc calibrate stored, or 1."""

    marker: str | None = None
    """Marker in place of the one that the run of the model was trained with, as for
    prepare_data.py: seed, seed-readme."""

    fit: Fit | None = None
    """Fit in place of the one that the run of the model was trained with."""

    json: bool = False
    """Print answers as JSON lines in place of tables."""


def main(argv: Sequence[str] | None = None) -> None:
    """Run the command."""
    with plain_errors():
        run(parse_config(PredictConfig, argv))


def run(config: PredictConfig) -> None:
    """Answer, draw and print everything that `config` asks.

    Raises:
        BadInputError: If flags do not fit together, or a file is unusable.
    """
    from vg_mc.pointing.questions import read_questions
    from vg_mc.reports.answers import answer_record, answer_text, write_answers

    choice = proposer_of(config)
    boxes = None if config.boxes is None else read_boxes(config.boxes)
    questions = read_questions(config.photo, config.expressions, boxes)
    single = config.output.suffix.lower() in PICTURE_ENDINGS
    asked = sum(len(question.expressions) for question in questions)
    if single and asked > 1:
        problem = f"expected a folder for {asked} answers, not the name of a picture"
        raise BadInputError(problem, file=config.output, record="--output")
    grounder = load_grounder(config, choice)
    answers = []
    for name, answer in answered(config, grounder, questions, single=single):
        record = answer_record(name, answer)
        told = json.dumps(record, ensure_ascii=False) if config.json else answer_text(name, answer)
        print(told if config.json else f"{told}\n")
        answers.append((name, answer))
    if not single:
        write_answers(answers, config.output)
    print(f"drawn in {config.output}", file=sys.stderr)


def load_grounder(config: PredictConfig, choice: ProposerChoice) -> "Grounder":
    """Load what `config` names; what the library warns of is a line on stderr."""
    from vg_mc.pointing import Grounder

    require_device(config.device)
    marker = marker_of(config)
    with warnings.catch_warnings(record=True) as noted:
        warnings.simplefilter("always", UserWarning)
        grounder = Grounder.from_pretrained(
            config.model,
            proposer=choice,
            marker=marker,
            fit=config.fit,
            temperature=config.temperature,
            device=config.device,
        )
    for note in noted:
        if note.category is UserWarning:
            print(f"note: {note.message}", file=sys.stderr)
    return grounder


def answered(
    config: PredictConfig, grounder: "Grounder", questions: list["Question"], *, single: bool
) -> Iterator[tuple[str, "Answer"]]:
    """Answer some photos at a time, and draw each answer; yield it with the name of its photo."""
    from vg_mc.pointing.questions import opened
    from vg_mc.reports.answers import write_answer_picture

    drawn = 0
    for start in range(0, len(questions), PHOTOS_AT_ONCE):
        some = questions[start : start + PHOTOS_AT_ONCE]
        for question, answers in zip(some, grounder.ground_all(some), strict=True):
            photo, image = opened(question.image)
            if image.getexif().get(Base.Orientation, UPRIGHT) != UPRIGHT:
                print(f"note: {photo.file_name} {LYING}", file=sys.stderr)
            for answer in answers:
                drawn += 1
                name = f"{drawn:05d}-{Path(photo.file_name).stem}.jpg"
                file = config.output if single else config.output / name
                write_answer_picture(image, answer, grounder.marker.color, file)
                yield Path(str(question.image)).name, answer


def proposer_of(config: PredictConfig) -> ProposerChoice:
    """Return what proposes regions.

    Raises:
        BadInputError: If there is no file to do so with, or one too many.
    """
    finding = finding_of(config)
    if config.boxes is None:
        return named_proposer(config.proposer, finding)
    unused = replace(finding, when_empty="none", device="cpu")
    for one in fields(unused):
        if getattr(unused, one.name) != one.default:
            flag = f"--{one.name.replace('_', '-')}"
            raise BadInputError("regions come from --boxes, so it has no use", record=flag)
    return ProposerChoice("given", when_empty=config.when_empty)


def marker_of(config: PredictConfig) -> Marker | None:
    """Return the marker that a flag names."""
    if config.marker is not None and config.marker not in MARKERS:
        problem = f"no marker is called {config.marker!r}; there are {', '.join(MARKERS)}"
        raise BadInputError(problem, record="--marker")
    return None if config.marker is None else MARKERS[config.marker]


def read_boxes(file: Path) -> list[XYXY]:
    """Read a JSON list of boxes.

    Raises:
        BadInputError: If it holds anything else.
    """
    from vg_mc.fields import as_numbers

    content = read_json(file)
    if not isinstance(content, list):
        raise BadInputError("expected a list of [left, top, right, bottom]", file=file)
    boxes: list[XYXY] = []
    for place, numbers in enumerate(content):
        try:
            left, top, right, bottom = as_numbers({"box": numbers}, "box", 4)
        except BadInputError as fault:
            raise BadInputError(fault.problem, file=file, record=f"box {place}") from fault
        boxes.append((left, top, right, bottom))
    return boxes
