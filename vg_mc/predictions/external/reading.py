"""Reader of answer files of other systems: one `ExternalAnswer` per record."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import isfinite, isnan
from pathlib import Path

from vg_mc.boxes.conventions import Order, Unit
from vg_mc.corpora.cells import numbers_in, whole_number_in
from vg_mc.corpora.nested import value_at
from vg_mc.errors import BadInputError
from vg_mc.predictions.external.layouts import (
    BOX,
    EXPRESSION,
    ID,
    IMAGE,
    REPLY,
    SCORE,
    SPLIT,
    TARGET,
    AnswerLayout,
    Columns,
    Origin,
    layout_of,
)
from vg_mc.predictions.external.records import is_empty, records_of
from vg_mc.system.fields import as_mapping
from vg_mc.text.replies import Four, RepliedBox, Several, read_reply

Kind = str  # such as "box", "no reply" or "several boxes"
Cells = Mapping[object, object]


@dataclass(frozen=True, slots=True)
class ReadingOptions:
    """Declarations about a file of answers.

    Attributes:
        columns: Names in the file by field; they override those of the layout.
        prompt: Prompt template with {} in place of the expression; None for that of the layout.
        order: Order of the four numbers; None for that of the layout or the syntax, else xyxy.
        unit: Unit of the numbers; None for that of the layout or the syntax.
        origin: Corner that coordinates are measured from; None for that of the layout.
        split: Value of the field with the split of each answer, for files with several splits.
    """

    columns: Columns
    prompt: str | None = None
    order: Order | None = None
    unit: Unit | None = None
    origin: Origin | None = None
    split: str | None = None


@dataclass(frozen=True, slots=True)
class ExternalAnswer:
    """An answer and the key of its expression.

    Attributes:
        record: Position in the file.
        image: Name of the image, or its id.
        target: The target in the file, which is only used to find the expression.
        boxes: All boxes of the answer, unconverted.
        has_reply: Whether there is any text or box.
        has_point: Whether there is a point and no box.
        in_reasoning: Whether the boxes are from the reasoning of a model.
    """

    record: str
    expression_id: int | None
    image: str | int | None
    expression: str | None
    target: tuple[float, ...] | None
    boxes: tuple[RepliedBox, ...]
    has_reply: bool
    has_point: bool = False
    in_reasoning: bool = False

    @property
    def is_scored(self) -> bool:
        """Whether every box has a score."""
        return bool(self.boxes) and all(box.score is not None for box in self.boxes)

    def ranked(self, several: Several) -> tuple[Kind, tuple[RepliedBox, ...]]:
        """Return the kind of answer, and the boxes that count, best first."""
        if not self.boxes:
            kind = "unparsable" if self.has_reply else "no reply"
            return "point instead of a box" if self.has_point else kind, ()
        if len({box.numbers for box in self.boxes}) == 1:
            return "box in the reasoning only" if self.in_reasoning else "box", self.boxes[:1]
        if self.is_scored:
            best_first = sorted(self.boxes, key=lambda box: -(box.score or 0.0))
            return "several boxes with scores", tuple(best_first)
        if several == "wrong":
            return "several boxes", ()
        return f"several boxes, {several} used", (self.boxes[-1 if several == "last" else 0],)


@dataclass(frozen=True, slots=True)
class AnswerFile:
    """The content of a file of answers.

    Attributes:
        layout: Name of its layout.
        origin: Corner that coordinates are measured from.
        left_out: Number of records that were left out, by reason.
    """

    path: Path
    layout: str
    origin: Origin
    answers: Sequence[ExternalAnswer]
    left_out: Mapping[str, int]


def read_answers(file: Path, options: ReadingOptions, split: str) -> AnswerFile:
    """Read a file of answers.

    Args:
        file: CSV, TSV, xlsx, JSON lines, Parquet, or JSON with a list or mapping of records.
        options: Declarations about the file.
        split: The split that is scored.

    Raises:
        BadInputError: If the layout is unknown, or at the first record without a key.
    """
    rows = list(_rows(file))
    filled = [(record, cells) for record, cells in rows if not is_empty(cells)]
    if not filled:
        raise BadInputError("expected answers, found none", file=file)
    names = list(dict.fromkeys(str(name) for _, cells in filled for name in cells))
    try:
        layout = layout_of(names, options.columns)
    except BadInputError as fault:
        raise BadInputError(fault.problem, file=file, record=fault.record) from fault
    reader = _Reader({**layout.columns, **options.columns}, layout, options)
    _require_columns(options.columns, [cells for _, cells in filled], names, file)
    chosen, others = _of_split(filled, reader.columns, options.split, split, file)
    answers = []
    for record, cells in chosen:
        try:
            answers.append(reader.answer(record, cells))
        except BadInputError as fault:
            raise BadInputError(fault.problem, file=file, record=record) from fault
    left_out = Counter({"empty rows": len(rows) - len(filled), "answers of other splits": others})
    return AnswerFile(file, layout.name, options.origin or layout.origin, answers, +left_out)


def _rows(file: Path) -> Iterator[tuple[str, Cells]]:
    for record, row in records_of(file):
        if isinstance(row, BadInputError):
            raise BadInputError(row.problem, file=file, record=record)
        try:
            yield record, _with_lower_names(as_mapping(row))
        except BadInputError as fault:
            raise BadInputError(fault.problem, file=file, record=record) from fault


def _with_lower_names(cells: Cells) -> Cells:
    return {
        str(name).lower(): _with_lower_names(value) if isinstance(value, Mapping) else value
        for name, value in cells.items()
    }


def _require_columns(
    columns: Columns, rows: Sequence[Cells], names: Sequence[str], file: Path
) -> None:
    """Check that every named column has a value in some record."""
    for field, path in columns.items():
        if all(_value(cells, path) is None for cells in rows):
            problem = f"no record has a value in {path!r}; there are {', '.join(names[:12])}"
            raise BadInputError(problem, file=file, record=f"--columns {field}={path}")


def _of_split(
    rows: list[tuple[str, Cells]], columns: Columns, wanted: str | None, split: str, file: Path
) -> tuple[list[tuple[str, Cells]], int]:
    """Return the rows of one split, and the number of the other rows."""
    path = columns.get(SPLIT)
    named = [None if path is None else _value(cells, path) for _, cells in rows]
    there = sorted({str(name) for name in named if name is not None})
    if wanted is None and len(there) < 2:
        return rows, 0
    chosen = wanted or split
    if chosen not in there:
        problem = f"the answers are of the splits {', '.join(there) or '(none named)'}"
        hint = "name the one to score with --file-split"
        raise BadInputError(f"{problem}; {hint}", file=file, record=f"split {chosen}")
    own = [row for row, name in zip(rows, named, strict=True) if str(name) == chosen]
    return own, len(rows) - len(own)


def _value(cells: Cells, path: str) -> object:
    """Return the value at a path, or the list of values at several paths separated by commas."""
    if "," not in path:
        return value_at(cells, path.lower())
    values = [value_at(cells, part.strip().lower()) for part in path.split(",")]
    return None if None in values else values


@dataclass(frozen=True, slots=True)
class _Reader:
    """Converts records of one layout."""

    columns: Columns
    layout: AnswerLayout
    options: ReadingOptions

    def answer(self, record: str, cells: Cells) -> ExternalAnswer:
        """Return the answer of a record.

        Raises:
            BadInputError: If it does not state its expression, or a score is not a number.
        """
        given = {field: _value(cells, path) for field, path in self.columns.items()}
        number = whole_number_in(given.get(ID))
        expression, image = given.get(EXPRESSION), whole_number_in(given.get(IMAGE))
        answer = ExternalAnswer(
            record=record,
            expression_id=number if isinstance(number, int) else None,
            image=image if isinstance(image, str | int) and image != "" else None,
            expression=self._without_prompt(expression) if isinstance(expression, str) else None,
            target=four_numbers(given.get(TARGET)),
            boxes=(),
            has_reply=False,
        )
        if answer.expression_id is None and answer.expression is None and answer.target is None:
            keys = {field: given.get(field) for field in (ID, EXPRESSION, TARGET)}
            raise BadInputError(
                f"expected a whole number as id, an expression or a target, found {keys}; "
                "name their fields with --columns id=..."
            )
        return self._with_boxes(answer, given)

    def _with_boxes(self, answer: ExternalAnswer, given: Mapping[str, object]) -> ExternalAnswer:
        value = given.get(BOX) if given.get(BOX) not in (None, "") else given.get(REPLY)
        plain = _plain_boxes(value)
        if plain:
            scores = _scores(given.get(SCORE), len(plain))
            boxes = (
                RepliedBox(four, "xyxy", None, "numbers", score=score)
                for four, score in zip(plain, scores, strict=True)
            )
            declared = tuple(self._as_declared(box, self.layout.order) for box in boxes)
            return replace(answer, boxes=declared, has_reply=True)
        text = _text_of(value)
        reply = read_reply(text)
        boxes_found = [self._as_declared(box, None) for box in reply.boxes]
        if len(boxes_found) == 1 and boxes_found[0].score is None:
            boxes_found = [replace(boxes_found[0], score=_scores(given.get(SCORE), 1)[0])]
        return replace(
            answer,
            boxes=tuple(boxes_found),
            has_reply=bool(text.strip()),
            has_point=reply.has_point,
            in_reasoning=reply.in_reasoning,
        )

    def _as_declared(self, box: RepliedBox, order: Order | None) -> RepliedBox:
        """Apply the declared order and unit, unless location tokens fix them."""
        if box.is_fixed:
            return box
        return replace(
            box,
            order=self.options.order or order or box.order,
            unit=self.options.unit or box.unit or self.layout.unit,
        )

    def _without_prompt(self, text: str) -> str:
        before, _, after = (self.options.prompt or self.layout.prompt).partition("{}")
        is_prompt = text.startswith(before) and text.endswith(after)
        if is_prompt and len(text) >= len(before) + len(after):
            return text[len(before) : len(text) - len(after)]
        return text


def four_numbers(value: object) -> Four | None:
    """Return a list or a text of four finite numbers as a box, None for other values."""
    numbers = numbers_in(list(value) if isinstance(value, tuple) else value)
    if not isinstance(numbers, list) or len(numbers) != 4:
        return None
    if not all(isinstance(x, int | float) and not isinstance(x, bool) for x in numbers):
        return None
    first, second, third, fourth = map(float, numbers)
    return (first, second, third, fourth) if isfinite(first + second + third + fourth) else None


def _plain_boxes(value: object) -> list[Four]:
    """Return the boxes of a list of numbers or of a list of such lists; none for other values."""
    four = four_numbers(value)
    if four is not None:
        return [four]
    if not isinstance(value, list) or any(isinstance(each, str) for each in value):
        return []  # texts are replies
    boxes = [box for each in value if (box := four_numbers(each)) is not None]
    return boxes if len(boxes) == len(value) else []


def _text_of(reply: object) -> str:
    if isinstance(reply, str):
        return reply
    if isinstance(reply, list | tuple) and all(isinstance(each, str) for each in reply):
        return "\n".join(reply)
    missing = reply is None or (isinstance(reply, float) and isnan(reply))
    return "" if missing else json.dumps(reply, default=str)


def _scores(value: object, count: int) -> list[float | None]:
    """Return a score for each of `count` boxes, None without scores."""
    values = numbers_in(value)
    scores = values if isinstance(values, list) else [values]
    if scores in ([None], [""], []):
        return [None] * count
    if len(scores) != count:
        raise BadInputError(f"expected {count} scores for {count} boxes, found {value!r}")
    return [_score(each) for each in scores]


def _score(value: object) -> float:
    try:
        return float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        raise BadInputError(f"expected a number as {SCORE}, found {value!r}") from None
