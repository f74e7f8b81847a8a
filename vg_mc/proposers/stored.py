"""Read stored detections, validate each record, and keep the numbers as they are written."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vg_mc.boxes.arithmetic import Boxes, as_boxes
from vg_mc.boxes.conventions import ORDERS, BoxConvention, Order, Sizes
from vg_mc.boxes.judging import UNDECLARED, DeclaredBoxes
from vg_mc.errors import BadInputError
from vg_mc.proposers.detection_files import stored_records
from vg_mc.proposers.detection_formats import Layout
from vg_mc.proposers.image_keys import ImageKey
from vg_mc.records import Rejected
from vg_mc.system.fields import as_mapping, as_number, as_numbers

ORDER_FLAG, UNIT_FLAG = "--proposals-format", "--proposals-unit"

FEWEST_FLAT = 3  # fewer boxes without an area are errors of single records
MOST_FLAT = 0.05  # share of the boxes of a file


@dataclass(frozen=True, slots=True)
class StoredDetections:
    """The content of a file of detections.

    Attributes:
        file: The file.
        layout: Its layout.
        convention: Order and unit of its boxes as declared by flags or by the layout.
        by_flag: Whether a flag declares the convention.
        rows_of: Row numbers of the detections of each image, in the order of the file.
        numbers: The four numbers of each box (N, 4), as written.
        scores: Scores (N,).
        categories: Name of each category, its id where the record has no name, or None.
        records: Number of records in the file, valid and rejected.
        rejected: Invalid records with the reasons.
        skip_bad: Whether invalid records are collected instead of raising.
    """

    file: Path
    layout: Layout
    convention: BoxConvention
    by_flag: bool
    rows_of: dict[ImageKey, list[int]]
    numbers: Boxes
    scores: NDArray[np.float64]
    categories: list[str | int | None]
    records: int
    rejected: list[Rejected]
    skip_bad: bool

    def corners(self, numbers: Boxes, sizes: Sizes) -> Boxes:
        """Convert boxes of the file, (N, 4), to corners in pixels of images of the given sizes."""
        corners = self.convention.to_xyxy(numbers, sizes)
        if self.convention.order == "xywh":
            corners[:, 2:] -= self.layout.surplus
        return corners


def read_detections(
    file: Path, *, skip_bad: bool, declared: DeclaredBoxes = UNDECLARED
) -> StoredDetections:
    """Read a file of detections in one of the layouts of `detection_formats`.

    Args:
        file: The file, or a folder with label files of YOLO.
        skip_bad: Collect invalid records instead of raising at the first one.
        declared: What flags state about the boxes; they override the layout.

    Raises:
        BadInputError: If the layout is unknown, or a record is invalid and `skip_bad` is False.
    """
    layout, records = stored_records(file)
    convention = _convention(layout, declared, file)
    rows_of: dict[ImageKey, list[int]] = defaultdict(list)
    numbers: list[tuple[float, ...]] = []
    scores: list[float] = []
    categories: list[str | int | None] = []
    rejected: list[Rejected] = []
    flat = []
    total = 0
    for record in records:
        total += 1
        try:
            fields = _fields(record.content)
            key, box, score = ImageKey.of(fields), _numbers(fields, layout), _score(fields, layout)
        except BadInputError as fault:
            if not skip_bad:
                raise BadInputError(fault.problem, file=file, record=record.name) from fault
            rejected.append(Rejected(file.name, record.name, fault.problem))
            continue
        if not _has_area(box, convention.order, layout.surplus):
            flat.append((record.name, box))
            continue
        rows_of[key].append(len(numbers))
        numbers.append(box)
        scores.append(score)
        categories.append(_category(fields, layout))
    rejected += _of_flat(flat, numbers, convention, layout, file, skip_bad=skip_bad)
    return StoredDetections(
        file=file,
        layout=layout,
        convention=convention,
        by_flag=declared != UNDECLARED,
        rows_of=dict(rows_of),
        numbers=as_boxes(numbers),
        scores=np.array(scores, dtype=np.float64),
        categories=categories,
        records=total,
        rejected=rejected,
        skip_bad=skip_bad,
    )


def _convention(layout: Layout, declared: DeclaredBoxes, file: Path) -> BoxConvention:
    """Return what flags declare, and otherwise the layout."""
    order, unit = declared.order, declared.unit
    if layout.edges is not None and order not in (None, layout.convention.order):
        problem = f"the fields {', '.join(layout.edges)} are {layout.convention.order}, not {order}"
        raise BadInputError(problem, file=file, record=ORDER_FLAG)
    return BoxConvention(order or layout.convention.order, unit or layout.convention.unit)


def _fields(content: object) -> Mapping[object, object]:
    if isinstance(content, BadInputError):
        raise content
    return as_mapping(content)


def _numbers(fields: Mapping[object, object], layout: Layout) -> tuple[float, ...]:
    if layout.edges is None:
        return as_numbers(fields, str(layout.box), 4)
    box = fields if layout.box is None else as_mapping(fields.get(layout.box))
    return tuple(as_number(box, edge) for edge in layout.edges)


def _score(fields: Mapping[object, object], layout: Layout) -> float:
    if not layout.scored and layout.score not in fields:
        return 1.0
    score = as_number(fields, layout.score)
    if not 0 <= score <= 1:
        raise BadInputError(f"expected a {layout.score} from 0 to 1, found {score}")
    return score


def _category(fields: Mapping[object, object], layout: Layout) -> str | int | None:
    """Return the name of the category, its id if there is no name, or None."""
    for name in layout.names:
        value = fields.get(name)
        if isinstance(value, str) and value:
            return value
    for name in layout.ids:
        value = fields.get(name)
        if isinstance(value, float) and value.is_integer():
            return int(value)  # pandas writes a column of ids with gaps as floats
        if isinstance(value, int) and not isinstance(value, bool):
            return value
    return None


def _has_area(box: tuple[float, ...], order: Order, surplus: int) -> bool:
    first, second, third, fourth = box
    if order in ("xyxy", "yxyx"):
        return third > first and fourth > second
    return third > surplus and fourth > surplus


def _of_flat(
    flat: list[tuple[str, tuple[float, ...]]],
    others: list[tuple[float, ...]],
    convention: BoxConvention,
    layout: Layout,
    file: Path,
    *,
    skip_bad: bool,
) -> list[Rejected]:
    """Return the boxes without an area as rejected, unless they show that the order is another.

    Raises:
        BadInputError: If all boxes have an area in another order, or at the first box without one
            if `skip_bad` is False.
    """
    count = len(flat) + len(others)
    if len(flat) >= FEWEST_FLAT and len(flat) > MOST_FLAT * count:
        boxes = [*(box for _, box in flat), *others]
        fitting = [order for order in ORDERS if all(_has_area(box, order, 0) for box in boxes)]
        if fitting:
            raise BadInputError(
                f"{len(flat):,} of {count:,} boxes have no area, read as {convention}; they have "
                f"one as {' or '.join(fitting)}. Declare the order with {ORDER_FLAG}",
                file=file,
            )
    rejected = [Rejected(file.name, name, _no_area(box, convention, layout)) for name, box in flat]
    for fault in rejected if not skip_bad else ():
        raise BadInputError(fault.reason, file=file, record=fault.record)
    return rejected


def _no_area(box: tuple[float, ...], convention: BoxConvention, layout: Layout) -> str:
    if convention.order in ("xyxy", "yxyx"):
        return f"expected left < right and top < bottom, found {list(box)}"
    meaning = " (this layout adds 1 to both)" if layout.surplus else ""
    problem = f"expected a width and a height above {layout.surplus}{meaning}"
    return f"{problem}, found {box[2]} and {box[3]}"
