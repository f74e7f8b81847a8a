"""Conversion of the rows of a file to the fields of expression records, by the layout of each."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from vg_mc.boxes.conventions import NAMED_SIDES, Order
from vg_mc.boxes.judging import DeclaredBoxes
from vg_mc.corpora import expression_records as names
from vg_mc.corpora.cells import box_in, is_empty, numbers_in, whole_number_in
from vg_mc.corpora.nested import Record, first_value, unrolled
from vg_mc.corpora.row_images import Fields, RowImages, file_name_in
from vg_mc.corpora.table_layouts import (
    OWN,
    Names,
    TableLayout,
    box_paths,
    layout_of,
    matches,
    unknown_layout,
    with_columns,
)
from vg_mc.errors import BadInputError
from vg_mc.records import Orientation

WHOLE_NUMBERS = frozenset(
    {
        names.EXPRESSION_ID,
        names.REF_ID,
        names.IMAGE_ID,
        names.ANNOTATION_ID,
        names.WIDTH,
        names.HEIGHT,
    }
)


class RowFields(NamedTuple):
    """The fields of an expression record, and what is stated about its box."""

    fields: Fields
    boxes: DeclaredBoxes


class RowReader:
    """Converts the rows of one file.

    Attributes:
        empty: Number of rows without any expression.
        orientations: The frames of boxes that the layouts of rows state, None for none.
    """

    def __init__(self, split: str, columns: Names, images: RowImages) -> None:
        self.empty = 0
        self.orientations: set[Orientation | None] = set()
        self._split = split
        self._columns = columns
        self._images = images
        self._layout: TableLayout | None = None
        self._lower = False

    def records(self, row: Record) -> Iterator[RowFields | BadInputError]:
        """Yield the records of a row: one per expression.

        Raises:
            BadInputError: If the row has no known layout, or is unusable as a whole.
        """
        if self._lower:
            row = _lowered(row)
        layout = self._layout
        if layout is None or not matches(layout, row):
            layout, row = self._found(row)
        count = 0
        for part in [row] if layout.records_in is None else layout.records_in(row):
            for one in [part] if isinstance(part, BadInputError) else self._parts(part, layout):
                count += 1
                yield one
        self.empty += not count

    def _found(self, row: Record) -> tuple[TableLayout, Record]:
        """Return the layout of a row and the row with the names that the layout has."""
        layout = layout_of(row)
        lowered = _lowered(row)
        if layout is None and len(lowered) == len(row) and lowered.keys() != row.keys():
            layout = layout_of(lowered)
            self._lower = layout is not None
        row = lowered if self._lower else row
        if self._columns:
            layout = with_columns(layout, row, self._columns)
        layout = layout or self._layout  # so that a field that is missing is named
        if layout is None:
            raise unknown_layout(row)
        self._layout = layout
        self.orientations.add(layout.orientation)
        return layout, row

    def _parts(self, row: Record, layout: TableLayout) -> Iterator[RowFields]:
        for part in unrolled(row, layout.paths) if layout.is_nested else [row]:
            common, boxes = self._common(part, layout)
            said = common.get(names.EXPRESSION)
            if isinstance(said, list) and len(said) > 1:
                for text in said:
                    expression = _without_prompt(text, layout)
                    yield RowFields({**common, names.EXPRESSION: expression}, boxes)
            else:
                only = said[0] if isinstance(said, list) and said else said
                common[names.EXPRESSION] = _without_prompt(only, layout)
                yield RowFields(common, boxes)

    def _common(self, row: Record, layout: TableLayout) -> tuple[Fields, DeclaredBoxes]:
        """Return all fields of a record; its expression may be a list."""
        fields: Fields = {names.SPLIT: self._split}
        for name, path in layout.columns.items():
            if name == names.BOX:
                continue
            value = row[path] if path in row else first_value(row, path)
            if not is_empty(value):
                fields[name] = whole_number_in(value) if name in WHOLE_NUMBERS else value
        if names.IMAGE in fields:
            fields |= self._image(fields[names.IMAGE], row, layout)
        box, boxes = _box(row, layout)
        fields[names.BOX] = box
        return fields, boxes

    def _image(self, value: object, row: Record, layout: TableLayout) -> Fields:
        key = None if layout.image_key is None else row.get(layout.image_key)
        embedded = self._images.fields_of(value, key)
        if embedded is not None:
            return embedded
        if layout is OWN:
            return {names.IMAGE: file_name_in(value) if isinstance(value, Mapping) else value}
        name = file_name_in(value)
        if not isinstance(name, str):
            return {names.IMAGE: name}
        if layout.image_stem is not None:
            found = layout.image_stem.fullmatch(name)
            name = f"{found[1] if found else name}.jpg"
        return {names.IMAGE: self._images.found(name, layout.image_names)}


def _lowered(row: Record) -> Record:
    return {str(name).strip().lower(): value for name, value in row.items()}


def _without_prompt(text: object, layout: TableLayout) -> object:
    """Return the expression in a prompt.

    Raises:
        BadInputError: If the layout has prompts, and the text is none of them.
    """
    if not layout.prompts or not isinstance(text, str):
        return text
    found = (pattern.fullmatch(text) for pattern in layout.prompts)
    expression = next((one[1] for one in found if one), None)
    if expression is None:
        problem = "expected a prompt with <ref>...</ref> or 'this sentence describes: ...'"
        raise BadInputError(f"{problem}, not {text!r}")
    return expression


def _box(row: Record, layout: TableLayout) -> tuple[object, DeclaredBoxes]:
    """Return the box of a row and what is known of it."""
    paths = (box_paths(row) if layout is OWN else layout.columns[names.BOX]) or names.BOX
    four = paths.split(",")
    order: Order | None
    if len(four) > 1:
        value: object = numbers_in([first_value(row, path) for path in four])
        order = NAMED_SIDES.get(tuple(path.rpartition(".")[2].lower() for path in four))
    else:
        value, order = box_in(first_value(row, paths))
    if layout.last_pixel and isinstance(value, list) and len(value) == len("xyxy"):
        value = [
            *value[:2],
            *(one - 1 if isinstance(one, int | float) else one for one in value[2:]),
        ]
    stated = layout.boxes if order is None else DeclaredBoxes(order, layout.boxes.unit)
    return value, stated
