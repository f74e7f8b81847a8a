"""The table of layouts of stored detections, recognized by their fields.

A layout states what its fields mean: which one contains the box, and the order and unit of its four
numbers. ``data/README.md`` lists the layouts for users.

MAttNet writes ``x2 - x1 + 1`` as width (https://github.com/lichengunc/MAttNet,
``tools/run_detect.py``); the reader subtracts 1. ReCLIP and CPT use their boxes without such a
correction, and so does this module.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from vg_mc.boxes.conventions import BoxConvention

IMAGE_ID = "image_id"
FILE_NAMES = ("file_name", "filename", "image_name", "image_path", "img_path", "image")
ENTRY = "entry"  # field for a detection that is not a record of its own

_NAMES = ("category_name", "class_name", "category", "class", "label")
_IDS = ("category_id", "class_id", "category", "class", "label")
_CORNERS = BoxConvention("xyxy")
_SIDES = BoxConvention("xywh")
_FRACTIONS = BoxConvention("cxcywh", "unit")


class Layout(NamedTuple):
    """The fields of a detection in one layout.

    Attributes:
        name: Name in messages.
        box: Field with the box; None if its numbers are fields of the record.
        edges: Fields of the four numbers, unless the box is a list.
        convention: Order and unit of the numbers.
        surplus: Number of pixels to subtract from width and height.
        score: Field with the score.
        scored: Whether every detection has a score.
        names: Fields that may contain the category's name; the first one with a text is used.
        ids: Fields that may contain the category's id; the first one with an integer is used.
        ids_of_corpus: Whether the ids are by definition those of the corpus' categories.
        columns: Whether the fields contain lists, with one item for each box of an image.
        known_by: Further fields that identify the layout.
    """

    name: str
    box: str | None
    edges: tuple[str, str, str, str] | None = None
    convention: BoxConvention = _SIDES
    surplus: int = 0
    score: str = "score"
    scored: bool = True
    names: tuple[str, ...] = _NAMES
    ids: tuple[str, ...] = _IDS
    ids_of_corpus: bool = False
    columns: bool = False
    known_by: tuple[str, ...] = ()

    @property
    def fields(self) -> tuple[str, ...]:
        """All fields that are read, besides those of the image."""
        return (*([self.box] if self.box else self.edges or ()), self.score, *self.names, *self.ids)

    def fits(self, record: object) -> bool:
        """Return whether a record has a box in this layout, of which edges may be missing."""
        if not isinstance(record, Mapping):
            return False
        box = record.get(self.box) if self.box else None
        if isinstance(box, Mapping) and self.edges:
            return any(edge in box for edge in self.edges)
        return not self.missing(record)

    def missing(self, record: Mapping[object, object]) -> list[str]:
        """Return the identifying fields that a record lacks."""
        needed = [*([self.box] if self.box else self.edges or ()), *self.known_by]
        lacking = [name for name in needed if name not in record]
        if self.box is None or lacking:
            return lacking
        box = record[self.box]
        if self.edges is None:
            return [] if not isinstance(box, Mapping) else [f"{self.box} as a list"]
        edges = box if isinstance(box, Mapping) else {}
        return [f"{self.box}.{edge}" for edge in self.edges if edge not in edges]


MATTNET = Layout("MAttNet", "box", surplus=1, ids_of_corpus=True)
COCO_RESULTS = Layout("COCO results", "bbox", ids_of_corpus=True)
NAMED_SIDES = Layout(
    "COCO results with named sides", "bbox", ("x", "y", "width", "height"), ids_of_corpus=True
)
REFER = Layout("refer", "box", ids_of_corpus=True)
BY_IMAGE = Layout("ReCLIP or CPT", "box", scored=False, ids_of_corpus=True)
PIPELINE = Layout(
    "transformers' pipeline", "box", ("xmin", "ymin", "xmax", "ymax"), convention=_CORNERS
)
ULTRALYTICS = Layout(
    "Results.to_json of ultralytics", "box", ("x1", "y1", "x2", "y2"),
    convention=_CORNERS, score="confidence", names=("name",),
)  # fmt: skip
PANDAS = Layout(
    "results.pandas() of YOLOv5", None, ("xmin", "ymin", "xmax", "ymax"),
    convention=_CORNERS, score="confidence", names=("name",),
)  # fmt: skip
SUPERVISION = Layout(
    "the sinks of supervision", None, ("x_min", "y_min", "x_max", "y_max"),
    convention=_CORNERS, score="confidence",
)  # fmt: skip
GROUNDING_DINO = Layout(
    "Grounding DINO", "boxes", convention=_FRACTIONS, score="logits", names=("phrases",), ids=(),
    columns=True, known_by=("logits", "phrases"),
)  # fmt: skip
TENSORS = Layout(
    "torchvision", "boxes", convention=_CORNERS, score="scores",
    names=("text_labels", "labels"), ids=("labels",), columns=True, known_by=("scores",),
)  # fmt: skip
GROUNDED_SAM = Layout("Grounded SAM 2", "bbox", convention=_CORNERS, known_by=("class_name",))
TABLE = Layout("a Parquet file of vg_mc", "box", convention=_CORNERS, ids_of_corpus=True)
LABELS = Layout(
    "label files of YOLO", ENTRY, convention=_FRACTIONS, score="confidence", scored=False
)

# The layouts of a list of detections, of a mapping from images to lists, and of rows of a CSV or
# Parquet file. The first record that fits a layout decides.
LISTS = (
    MATTNET, COCO_RESULTS, NAMED_SIDES, PIPELINE, ULTRALYTICS, PANDAS, SUPERVISION,
    GROUNDING_DINO, TENSORS,
)  # fmt: skip
MAPPINGS = (BY_IMAGE, *LISTS[1:])
ROWS = (TABLE, COCO_RESULTS, PANDAS, SUPERVISION)

_ALL = dict.fromkeys(one.name for one in (*LISTS, REFER, BY_IMAGE, GROUNDED_SAM, LABELS, TABLE))
EXPECTED = f"expected detections in one of these layouts: {', '.join(_ALL)}"


def layout_of(records: Iterable[object], known: Sequence[Layout]) -> Layout | None:
    """Return the layout of the first record that fits one, or None."""
    fitting = (layout for record in records for layout in known if layout.fits(record))
    return next(fitting, None)


def nearest(records: Iterable[object], known: Sequence[Layout]) -> str:
    """Return the layout that the first record with fields is nearest to, and what it lacks."""
    first = next((one for one in records if isinstance(one, Mapping)), None)
    if first is None:
        return "found no record with named fields"
    closest = max(known, key=lambda layout: (_similarity(layout, first), layout is COCO_RESULTS))
    lacking = ", ".join(closest.missing(first))
    fields = ", ".join(map(str, first))
    return f"found the fields {fields}; nearest is {closest.name}, without {lacking}"


def _similarity(layout: Layout, record: Mapping[object, object]) -> int:
    """Return how many fields a record shares with a layout, less those that it lacks."""
    shared = sum(name in record for name in (*layout.fields, *layout.known_by))
    return shared - len(layout.missing(record))
