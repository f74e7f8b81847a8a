"""Reader of answer files of other systems.

A known layout is an entry of `LAYOUTS`: the fields that identify it, and the mapping of fields. Any
other file can be read by naming its fields (``--columns reply=model_output image=img``).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Literal

from vg_mc.boxes.conventions import Order, Unit
from vg_mc.corpora.expression_records import numbers_in, whole_number_in
from vg_mc.corpora.nested import value_at
from vg_mc.corpora.rows import rows_of
from vg_mc.errors import BadInputError
from vg_mc.system.fields import as_mapping, read_json
from vg_mc.text.replies import RepliedBox, Several, boxes_in_reply

# Fields of an answer. A record needs a key: an id, or some of image, expression and target. A
# record with neither box nor reply is counted as an answer of the kind "no reply".
ID, IMAGE, EXPRESSION, TARGET = "id", "image", "expression", "target"
BOX, REPLY, SCORE = "box", "reply", "score"
FIELDS = (ID, IMAGE, EXPRESSION, TARGET, BOX, REPLY, SCORE)

Columns = Mapping[str, str]  # field -> name in the file; dots separate names of nested records

Kind = Literal["box", "no reply", "unparsable", "several boxes"]


@dataclass(frozen=True, slots=True)
class AnswerLayout:
    """Layout of the answers of one program.

    Attributes:
        name: Name in messages.
        known_by: Fields that identify the layout.
        columns: Names in the file by field; missing fields are omitted.
        prompt: Prompt template with {} in place of the expression.
    """

    name: str
    known_by: frozenset[str]
    columns: Columns
    prompt: str = "{}"


VLM_R1_PROMPT = (
    "Please provide the bounding box coordinate of the region this sentence describes: {}."
)

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
    ),
    AnswerLayout(
        "lmms-eval",
        frozenset({"doc_id", "doc", "filtered_resps"}),
        {IMAGE: "doc.file_name", EXPRESSION: "doc.answer", REPLY: "filtered_resps"},
    ),
    AnswerLayout("ids and replies", frozenset({ID, REPLY}), {ID: ID, REPLY: REPLY}),
    AnswerLayout("ids and boxes", frozenset({ID, BOX}), {ID: ID, BOX: BOX, SCORE: SCORE}),
    AnswerLayout(
        "images, expressions and replies",
        frozenset({IMAGE, EXPRESSION, REPLY}),
        {IMAGE: IMAGE, EXPRESSION: EXPRESSION, REPLY: REPLY},
    ),
    AnswerLayout(
        "images, expressions and boxes",
        frozenset({IMAGE, EXPRESSION, BOX}),
        {IMAGE: IMAGE, EXPRESSION: EXPRESSION, BOX: BOX, SCORE: SCORE},
    ),
)


@dataclass(frozen=True, slots=True)
class ExternalAnswer:
    """An answer and the key of its expression.

    Attributes:
        record: Position in the file.
        target: The target in the file, which is only used to find the expression.
        boxes: All boxes of the answer, unconverted.
        has_reply: Whether there is any text or box.
        score: Confidence of the box, None if the file has none.
    """

    record: str
    expression_id: int | None
    image: str | None
    expression: str | None
    target: tuple[float, ...] | None
    boxes: tuple[RepliedBox, ...]
    has_reply: bool
    score: float | None

    def choice(self, several: Several) -> tuple[Kind, RepliedBox | None]:
        """Return the kind of answer, and the box that counts."""
        if not self.has_reply:
            return "no reply", None
        if not self.boxes:
            return "unparsable", None
        if len(set(self.boxes)) > 1 and several == "wrong":
            return "several boxes", None
        return "box", self.boxes[-1 if several == "last" else 0]


def read_answers(
    file: Path, *, columns: Columns, prompt: str | None, order: Order | None, unit: Unit | None
) -> list[ExternalAnswer]:
    """Read a file of answers.

    Args:
        file: CSV, TSV, JSON lines, Parquet, or JSON with a list or mapping of records.
        columns: Names in the file by field, for unknown layouts; they override those of a layout.
        prompt: Prompt template with {} in place of the expression; None for that of the layout.
        order: Order of boxes that are plain numbers; None for xyxy.
        unit: Unit of these boxes; None if the syntax of every reply defines it.

    Raises:
        BadInputError: If the layout is unknown, or at the first record without a key.
    """
    answers: list[ExternalAnswer] = []
    layout: AnswerLayout | None = None
    for record, row in _records(file):
        if isinstance(row, BadInputError):
            raise BadInputError(row.problem, file=file, record=record)
        cells = as_mapping(row)
        if layout is None:
            layout = _layout_of(cells, columns, file)
        named = {**layout.columns, **columns}
        try:
            answers.append(_answer(cells, named, prompt or layout.prompt, record, order, unit))
        except BadInputError as fault:
            raise BadInputError(fault.problem, file=file, record=record) from fault
    if not answers:
        raise BadInputError("expected answers, found none", file=file)
    return answers


def _records(file: Path) -> Iterator[tuple[str, object]]:
    """Yield all records. In JSON, they are a list, a list ``results``, or values of a mapping."""
    if file.suffix.lower() != ".json":
        yield from rows_of(file)
        return
    content = read_json(file)
    if isinstance(content, dict) and isinstance(content.get("results"), list):
        content = content["results"]
    pairs = content.items() if isinstance(content, dict) else enumerate(_as_list(content, file))
    yield from ((f"record {place}", row) for place, row in pairs)


def _as_list(content: object, file: Path) -> list[object]:
    if not isinstance(content, list):
        raise BadInputError("expected a list or a mapping of answers", file=file)
    return content


def _layout_of(cells: Mapping[object, object], columns: Columns, file: Path) -> AnswerLayout:
    unknown = sorted(set(columns) - set(FIELDS))
    if unknown:
        close = get_close_matches(unknown[0], FIELDS, n=1)
        hint = f"did you mean {close[0]!r}?" if close else f"there are {', '.join(FIELDS)}"
        raise BadInputError(f"unknown field {unknown[0]!r}; {hint}", record="--columns")
    found = [layout for layout in LAYOUTS if layout.known_by <= set(cells)]
    if found:
        return found[0]
    if {BOX, REPLY} & set(columns):
        return AnswerLayout("named columns", frozenset(), {})
    names = [str(name) for name in cells]
    nearest = max(LAYOUTS, key=lambda layout: len(layout.known_by & set(names)))
    raise BadInputError(
        f"unknown layout with fields {', '.join(names[:12])}; the nearest is {nearest.name} "
        f"({', '.join(sorted(nearest.known_by))}). Name the fields: --columns id=... reply=...",
        file=file,
    )


def _answer(
    cells: Mapping[object, object],
    columns: Columns,
    prompt: str,
    record: str,
    order: Order | None,
    unit: Unit | None,
) -> ExternalAnswer:
    given = {field: value_at(cells, path) for field, path in columns.items()}
    expression = given.get(EXPRESSION)
    boxes, has_reply = _boxes(given, order, unit)
    number = whole_number_in(given.get(ID))
    answer = ExternalAnswer(
        record=record,
        expression_id=number if isinstance(number, int) else None,
        image=given[IMAGE] if isinstance(given.get(IMAGE), str) else None,  # type: ignore[arg-type]
        expression=_without(prompt, expression) if isinstance(expression, str) else None,
        target=_four(given.get(TARGET)),
        boxes=boxes,
        has_reply=has_reply,
        score=_score(given.get(SCORE)),
    )
    if answer.expression_id is None and answer.expression is None and answer.target is None:
        raise BadInputError(f"expected an id, an expression or a target among {list(cells)[:12]}")
    return answer


def _boxes(
    given: Mapping[str, object], order: Order | None, unit: Unit | None
) -> tuple[tuple[RepliedBox, ...], bool]:
    four = _four(given.get(BOX))
    if four is not None:
        first, second, third, fourth = four
        box = RepliedBox((first, second, third, fourth), order or "xyxy", unit, "numbers")
        return (box,), True
    text = _reply_text(given.get(REPLY) if given.get(REPLY) is not None else given.get(BOX))
    found = (_as_declared(box, order, unit) for box in boxes_in_reply(text))
    return tuple(found), bool(text.strip())


def _reply_text(reply: object) -> str:
    if isinstance(reply, str):
        return reply
    return "\n".join(map(str, reply)) if isinstance(reply, list | tuple) else ""


def _as_declared(box: RepliedBox, order: Order | None, unit: Unit | None) -> RepliedBox:
    """Apply the declared order and unit to a box whose syntax does not define its unit."""
    return replace(box, order=order or box.order, unit=unit) if box.unit is None else box


def _without(prompt: str, text: str) -> str:
    before, _, after = prompt.partition("{}")
    if text.startswith(before) and text.endswith(after) and len(text) >= len(before) + len(after):
        return text[len(before) : len(text) - len(after)]
    return text


def _four(value: object) -> tuple[float, ...] | None:
    numbers = numbers_in(value)
    if not isinstance(numbers, list) or len(numbers) != 4:
        return None
    if not all(isinstance(x, int | float) and not isinstance(x, bool) for x in numbers):
        return None
    return tuple(float(number) for number in numbers)


def _score(value: object) -> float | None:
    try:
        return None if value in (None, "") else float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        raise BadInputError(f"expected a number as {SCORE}, found {value!r}") from None
