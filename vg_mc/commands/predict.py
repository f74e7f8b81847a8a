"""``python -m vg_mc predict``: photos and expressions of one's own in, drawn answers out."""

import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import tyro
from PIL.ExifTags import Base

from vg_mc.commands.failing import plain_errors
from vg_mc.commands.grounders import PICTURES
from vg_mc.commands.pointing import check_grounder, frame_color, load_grounder, proposer_of
from vg_mc.config import parse_config
from vg_mc.faults import BadInputError
from vg_mc.fields import read_json
from vg_mc.fitting import Fit
from vg_mc.preparation.settings import WhenEmpty
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

    model: str = ""
    """For the grounder clip: RUN/best of a run, or any other model that evaluate.py takes; for
    subject-match-model and pseudo-query-model also sentence:ID_OR_FOLDER."""

    grounder: str = "clip"
    """What answers, as for evaluate.py: clip, or without a model subject-match, pseudo-query,
    biggest-box, most-confident, random; or subject-match-model, pseudo-query-model."""

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

    views: tuple[str, ...] = ()
    """What clip looks at, as for prepare_data.py: markers or crops, in place of the marker that the
    run of the model was trained with; pseudo-query names colours if crop is among them."""

    fit: Fit | None = None
    """Fit in place of the one that the run of the model was trained with."""

    prompts: tuple[str, ...] = ("{}",)
    """How clip words expressions, like "a photo of {}"; {} stands for the expression, {subject} for
    its subject alone, which spaCy finds."""

    combine: Literal["mean", "sum", "max"] = "mean"
    """What becomes of its logits, where it looks at several views or reads several wordings."""

    text_similarity: Literal["exact", "vectors"] = "exact"
    """How subject-match compares the subject with category names: the same name or a synonym, or
    the cosine of spaCy's vectors, which need a model that has some, like en_core_web_md."""

    place_words: bool = False
    """Words like "left" and "second from right" decide between candidates that subject-match finds
    equal."""

    spacy_model: str = "en_core_web_sm"
    """The spaCy model that finds subjects, by name or its folder."""

    seed: int = 0
    """Seed of the grounder random."""

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

    check_grounder(config)
    choice = proposer_of(config)
    boxes = None if config.boxes is None else read_boxes(config.boxes)
    questions = read_questions(config.photo, config.expressions, boxes)
    single = config.output.suffix.lower() in PICTURE_ENDINGS
    asked = sum(len(question.expressions) for question in questions)
    if single and asked > 1:
        problem = f"expected a folder for {asked} answers, not the name of a picture"
        raise BadInputError(problem, file=config.output, record="--output")
    grounder = load_grounder(config, choice, questions)
    answers = []
    for name, answer in answered(config, grounder, questions, single=single):
        record = answer_record(name, answer)
        if config.json:
            print(json.dumps(record, ensure_ascii=False))
        else:
            print(f"{answer_text(name, answer, chances=tells_chances(config))}\n")
        answers.append((name, answer))
    if not single:
        write_answers(answers, config.output)
    print(f"drawn in {config.output}", file=sys.stderr)


def answered(
    config: PredictConfig, grounder: "Grounder", questions: list["Question"], *, single: bool
) -> Iterator[tuple[str, "Answer"]]:
    """Answer some photos at a time, and draw each answer; yield it with the name of its photo."""
    from vg_mc.pointing.questions import opened
    from vg_mc.reports.answers import write_answer_picture

    drawn, color, chances = 0, frame_color(grounder.drawing), tells_chances(config)
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
                write_answer_picture(image, answer, color, file, chances=chances)
                yield Path(str(question.image)).name, answer


def tells_chances(config: PredictConfig) -> bool:
    """Whether probabilities can be believed: those of a model, or at a temperature of the user's.

    The logits of most other grounders are ranks, whose softmax is the same whatever was asked.
    """
    return config.grounder == PICTURES or config.temperature is not None


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
