"""Layouts of answer files: how a file is recognized, and what each of its fields contains.

A layout is data. A file of any other layout can be read by naming its fields
(``--columns reply=model_output image=img``).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Literal

from vg_mc.boxes.conventions import NAMED_SIDES, Order, Unit
from vg_mc.errors import BadInputError

# Fields of an answer. A record needs a key: an id, or some of image, expression and target.
ID, IMAGE, EXPRESSION, TARGET, SPLIT = "id", "image", "expression", "target", "split"
BOX, REPLY, SCORE = "box", "reply", "score"
FIELDS = (ID, IMAGE, EXPRESSION, TARGET, SPLIT, BOX, REPLY, SCORE)

# Field -> name in the file. Dots separate the names of nested records; commas separate the names of
# four fields with one number each.
Columns = Mapping[str, str]

Origin = Literal["top-left", "bottom-left"]

VLM_R1_PROMPT = (
    "Please provide the bounding box coordinate of the region this sentence describes: {}."
)
INTERNVL_PROMPT = (
    "Please provide the bounding box coordinate of the region this sentence describes: "
    "<ref>{}</ref>"
)


@dataclass(frozen=True, slots=True)
class AnswerLayout:
    """Layout of the answers of one program.

    Attributes:
        name: Name in messages.
        known_by: Fields that identify the layout, in lower case.
        columns: Names in the file by field; missing fields are omitted.
        prompt: Prompt template with {} in place of the expression.
        order: Order of the numbers of a box, None if it is not fixed.
        unit: Unit of these numbers, None if it is not fixed.
        origin: Corner of the image that coordinates are measured from.
    """

    name: str
    known_by: frozenset[str]
    columns: Columns
    prompt: str = "{}"
    order: Order | None = None
    unit: Unit | None = None
    origin: Origin = "top-left"


_CORNERS = "left,top,right,bottom"

LAYOUTS = (
    AnswerLayout(
        "VLM-R1",
        frozenset({"question", "ground_truth", "model_output"}),
        {IMAGE: "image", EXPRESSION: "question", TARGET: "ground_truth", REPLY: "model_output"},
        VLM_R1_PROMPT,
    ),
    AnswerLayout(
        "LBYL-Net",
        frozenset({"image_name", "pred_bbox", "gt_bbox"}),
        {IMAGE: "image_name", TARGET: "gt_bbox", BOX: "pred_bbox"},
        order="xyxy",
        unit="pixels",
    ),
    AnswerLayout(
        "lmms-eval",
        frozenset({"doc_id", "doc", "filtered_resps"}),
        {
            IMAGE: "doc.file_name",
            EXPRESSION: "doc.answer",
            TARGET: "doc.bbox",
            REPLY: "filtered_resps",
        },
    ),
    AnswerLayout(
        "VLMEvalKit",
        frozenset({"index", "question", "answer", "prediction"}),
        {EXPRESSION: "question", TARGET: "answer", SPLIT: "split", REPLY: "prediction"},
        INTERNVL_PROMPT,
    ),
    AnswerLayout(
        "VisualReason-CodeGen",
        frozenset({"query", "answer", "image_path", "truth_answers"}),
        {IMAGE: "image_path", EXPRESSION: "query", TARGET: "truth_answers", REPLY: "answer"},
        order="xyxy",
        unit="pixels",
        origin="bottom-left",
    ),
    AnswerLayout(
        "Toloka WSDM Cup",
        frozenset({"image", "question", "left", "top", "right", "bottom"}),
        {IMAGE: "image", EXPRESSION: "question", BOX: _CORNERS},
        order="xyxy",
        unit="pixels",
    ),
    AnswerLayout(
        "COCO results by expression",
        frozenset({"expression_id", "category_id", "bbox", "score"}),
        {ID: "expression_id", BOX: "bbox", SCORE: "score"},
        order="xywh",
        unit="pixels",
    ),
)

# Usual names of fields in other files, in lower case.
USUAL: Mapping[str, tuple[str, ...]] = {
    ID: ("id", "expression_id", "sent_id"),
    IMAGE: ("image", "image_name", "file_name", "image_path", "img_path", "image_id"),
    EXPRESSION: ("expression", "sentence", "sent", "phrase", "query", "question"),
    TARGET: ("target", "ground_truth", "gt_bbox", "gt_box"),
    SPLIT: ("split",),
    BOX: ("box", "boxes", "bbox", "bboxes", "predicted_box", "pred_box", "pred_bbox"),
    REPLY: ("reply", "response", "prediction", "model_output", "output", "raw_response"),
    SCORE: ("score", "scores", "confidence"),
}


def layout_of(names: Sequence[str], columns: Columns) -> AnswerLayout:
    """Return the layout of records with fields `names`.

    Args:
        names: Fields of the first record.
        columns: Fields named by the user, which take precedence.

    Raises:
        BadInputError: If the layout is unknown, or several fields may be the answer.
    """
    _check_fields(columns)
    there = {name.lower() for name in names}
    found = next((layout for layout in LAYOUTS if layout.known_by <= there), None)
    if found is not None:
        return found
    named = {BOX, REPLY} & set(columns)
    usual = _usual_layout(there, exclude={BOX, REPLY} if named else set(), columns=columns)
    if not named and not {BOX, REPLY} & set(usual.columns):
        raise BadInputError(_unknown(names))
    return usual


def _usual_layout(there: set[str], exclude: set[str], columns: Columns) -> AnswerLayout:
    chosen: dict[str, str] = {}
    order: Order | None = None
    for field, usual in USUAL.items():
        present = [name for name in usual if name in there and name not in columns.values()]
        if field in columns or field in exclude or not present:
            continue
        if len(present) > 1 and field != IMAGE:
            raise BadInputError(_ambiguous(field, present))
        chosen[field] = present[0]
    four = next((each for each in NAMED_SIDES if there.issuperset(each)), None)
    if four is not None and BOX not in chosen and BOX not in exclude:
        chosen[BOX], order = ",".join(four), NAMED_SIDES[four]
    if BOX in chosen and REPLY in chosen:
        raise BadInputError(_ambiguous("the answer", [chosen[BOX], chosen[REPLY]]))
    return AnswerLayout("usual names of fields", frozenset(), chosen, order=order)


def _check_fields(columns: Columns) -> None:
    unknown = sorted(set(columns) - set(FIELDS))
    if unknown:
        close = get_close_matches(unknown[0], FIELDS, n=1)
        hint = f"did you mean {close[0]!r}?" if close else f"there are {', '.join(FIELDS)}"
        raise BadInputError(f"unknown field {unknown[0]!r}; {hint}", record="--columns")


def _ambiguous(what: str, names: Sequence[str]) -> str:
    return (
        f"{' and '.join(map(repr, names))} may both be {what}; name the one that is, such as "
        f"--columns reply={names[-1]}"
        if what == "the answer"
        else f"{' and '.join(map(repr, names))} may both be {what}; name the one that is: "
        f"--columns {what}={names[0]}"
    )


def _unknown(names: Sequence[str]) -> str:
    there = {name.lower() for name in names}
    nearest = max(LAYOUTS, key=lambda layout: len(layout.known_by & there))
    return (
        f"unknown layout with fields {', '.join(names[:12])}; the nearest is {nearest.name} "
        f"({', '.join(sorted(nearest.known_by))}). Name the fields: --columns id=... reply=..., "
        f"out of {', '.join(FIELDS)}"
    )
