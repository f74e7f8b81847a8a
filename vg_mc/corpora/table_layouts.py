"""Layouts of flat files: the fields that identify each, and what they mean.

A layout is data. Paths of fields are dotted, lead through lists, and separate alternatives by ``|``
(see `corpora.nested`).
"""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace

from vg_mc.boxes.conventions import NAMED_SIDES
from vg_mc.boxes.judging import UNDECLARED, DeclaredBoxes
from vg_mc.corpora import expression_records as names
from vg_mc.corpora.label_studio import file_names, regions_of
from vg_mc.corpora.nested import OR, Record, field_names, has_path
from vg_mc.errors import BadInputError
from vg_mc.records import Orientation

FLAG = "--columns"
FIELDS_NAMED = 12  # fields of a file that are listed in a message

Names = Mapping[str, str]  # fields of `expression_records` -> paths in the file


@dataclass(frozen=True, slots=True)
class TableLayout:
    """The format in which a program stores expressions.

    Attributes:
        name: Name in messages.
        known_by: Paths of fields that every record has.
        columns: Paths of the fields of `expression_records`; the box may have four, separated by
            commas.
        boxes: What is known of the boxes.
        orientation: Frame of the boxes, None if the program does not define it.
        last_pixel: Whether right and bottom are one pixel too large.
        prompts: Patterns of texts around the expression, which is their first group.
        image_stem: Pattern whose first group is the file name without its ending, which is .jpg.
        image_names: Names under which the image of a record may lie in the image folder; None for
            the name in the record only.
        image_key: Field that other records name in place of an embedded image that they share.
        records_in: Converts a record of the file to records with the `columns`.
        paths: All paths in `columns`.
        is_nested: Whether any of them leads into a nested record.
    """

    name: str
    known_by: frozenset[str]
    columns: Names
    boxes: DeclaredBoxes = UNDECLARED
    orientation: Orientation | None = None
    last_pixel: bool = False
    prompts: tuple[re.Pattern[str], ...] = ()
    image_stem: re.Pattern[str] | None = None
    image_names: Callable[[str], list[str]] | None = None
    image_key: str | None = None
    records_in: Callable[[Record], Iterable[Record | BadInputError]] | None = None
    paths: tuple[str, ...] = field(init=False)
    is_nested: bool = field(init=False)

    def __post_init__(self) -> None:
        """Collect the paths of all fields."""
        separator = re.compile(rf"[{OR},]")
        paths = [path for paths in self.columns.values() for path in separator.split(paths)]
        object.__setattr__(self, "paths", tuple(dict.fromkeys(paths)))
        object.__setattr__(self, "is_nested", any("." in path for path in paths))


def endings_of_path(name: str) -> list[str]:
    """Return a path, then the same path without its first folders."""
    parts = name.lstrip("./").split("/")
    return ["/".join(parts[start:]) for start in range(len(parts))]


def visual_genome_names(name: str) -> list[str]:
    """Return the places of an image in Visual Genome's two folders."""
    return [name, f"VG_100K/{name}", f"VG_100K_2/{name}"]


_SIZES = {names.WIDTH: "width", names.HEIGHT: "height"}
_CORNERS = DeclaredBoxes("xyxy", "pixels")
_SIDES = DeclaredBoxes("xywh", "pixels")
_PROMPTS = (
    re.compile(r".*<ref>(.*)</ref>.*", re.DOTALL),
    re.compile(r".*\bthis sentence describes: ?(.*?)\.?", re.DOTALL),
)
_REFERENCE = "ref_list.ref_info"

OWN = TableLayout(
    "this package",
    frozenset({names.IMAGE, names.EXPRESSION}),
    {name: name for name in (
        names.IMAGE, names.EXPRESSION, names.BOX, names.SPLIT, names.CATEGORY,
        names.EXPRESSION_ID, names.REF_ID, names.IMAGE_ID, names.ANNOTATION_ID,
    )},
)  # fmt: skip

BENCHMARK = TableLayout(
    "jxu124's refcoco-benchmark",
    frozenset({"image", "ref_list.ann_info.bbox", f"{_REFERENCE}.sentences"}),
    {names.IMAGE: "image", names.IMAGE_ID: "image_id", names.BOX: "ref_list.ann_info.bbox",
     names.ANNOTATION_ID: "ref_list.ann_info.id", names.REF_ID: f"{_REFERENCE}.ref_id",
     names.EXPRESSION_ID: f"{_REFERENCE}.sentences.sent_id",
     names.EXPRESSION: f"{_REFERENCE}.sentences.sent|{_REFERENCE}.sentences.raw"},
    _SIDES,
)  # fmt: skip

LAYOUTS = (
    TableLayout(
        "MiniGPT-v2",
        frozenset({"img_id", "sents", "bbox"}),
        {names.IMAGE: "img_id", names.EXPRESSION: "sents", names.BOX: "bbox", **_SIZES},
        _SIDES,
        image_stem=re.compile(r"(COCO_\w+?20\d\d_\d{12})(?:_\d+)?"),
    ),
    TableLayout(
        "VLM-R1",
        frozenset({"image", "normal_caption", "bbox_list"}),
        {names.IMAGE: "image", names.EXPRESSION: "normal_caption", names.BOX: "bbox_list",
         **_SIZES},
        _CORNERS,
        image_names=endings_of_path,
    ),
    TableLayout(
        "VLM-R1 without bbox_list",
        frozenset({"image", "normal_caption", "solution"}),
        {names.IMAGE: "image", names.EXPRESSION: "normal_caption", names.BOX: "solution", **_SIZES},
        _CORNERS,
        last_pixel=True,
        image_names=endings_of_path,
    ),
    TableLayout(
        "VLM-R1 with prompts only",
        frozenset({"image", "problem", "solution"}),
        {names.IMAGE: "image", names.EXPRESSION: "problem", names.BOX: "solution", **_SIZES},
        _CORNERS,
        last_pixel=True,
        prompts=_PROMPTS,
        image_names=endings_of_path,
    ),
    TableLayout(
        "VLMEvalKit",
        frozenset({"index", "image", "question", "answer"}),
        {names.IMAGE: "image", names.EXPRESSION: "question", names.BOX: "answer",
         names.SPLIT: "split|category"},
        DeclaredBoxes("xyxy", "unit"),
        prompts=_PROMPTS,
        image_key="index",
    ),
    TableLayout(
        "InternVL and Qwen-VL",
        frozenset({"image", "sent", "bbox"}),
        {names.IMAGE: "image", names.EXPRESSION: "sent", names.BOX: "bbox", **_SIZES},
        _CORNERS,
        image_names=endings_of_path,
    ),
    TableLayout(
        "Toloka's WSDM Cup",
        frozenset({"image", "question", "left", "top", "right", "bottom"}),
        {names.IMAGE: "image", names.EXPRESSION: "question", names.BOX: "left,top,right,bottom",
         **_SIZES},
        _CORNERS,
        image_names=file_names,
    ),
    TableLayout(
        "Visual Genome's region descriptions",
        frozenset({"regions.phrase", "regions.x", "regions.width"}),
        {names.IMAGE: "regions.image_id|id", names.EXPRESSION: "regions.phrase",
         names.BOX: "regions.x,regions.y,regions.width,regions.height",
         names.EXPRESSION_ID: "regions.region_id", names.IMAGE_ID: "regions.image_id|id"},
        _SIDES,
        image_stem=re.compile("(.+)"),
        image_names=visual_genome_names,
    ),
    BENCHMARK,
    TableLayout(
        "MDETR",  # as joined by `coco_expressions.captioned_images`
        frozenset({"image.caption", "annotation.bbox"}),
        {names.IMAGE: "image.file_name", names.EXPRESSION: "image.caption",
         names.BOX: "annotation.bbox", names.WIDTH: "image.width", names.HEIGHT: "image.height",
         names.IMAGE_ID: "image.original_id", names.EXPRESSION_ID: "image.id",
         names.ANNOTATION_ID: "annotation.original_id", names.CATEGORY: "category"},
        _SIDES,
    ),
    TableLayout(
        "Label Studio",
        frozenset({"data", "annotations.result"}),
        {names.IMAGE: "image", names.EXPRESSION: "expression", names.BOX: "box",
         names.CATEGORY: "category", names.SPLIT: "split", **_SIZES},
        DeclaredBoxes("xywh", "percent"),
        "shown",  # by a browser; the size may be stored
        image_names=file_names,
        records_in=regions_of,
    ),
)  # fmt: skip

# Files of other kinds that are easily taken for tables, by their fields.
ELSEWHERE = {
    frozenset(
        {"original_width", "x"}
    ): "use Label Studio's JSON export: JSON_MIN and CSV do not say "
    "which text belongs to which region",
    frozenset({"ann_id", "ref_id", "sentences"}): "use --corpus refer for references of REFER",
    frozenset({"conversations"}): "conversations of chat models have no field for the box",
}


def layout_of(row: Record) -> TableLayout | None:
    """Return the layout of a record, None if it has the fields of none."""
    return next((one for one in (OWN, *LAYOUTS) if matches(one, row)), None)


def matches(layout: TableLayout, row: Record) -> bool:
    """Return whether a record has the identifying fields of a layout."""
    if layout is OWN:
        return layout.known_by <= row.keys() and box_paths(row) is not None
    return all(path in row or has_path(row, path) for path in layout.known_by)


def box_paths(row: Record) -> str | None:
    """Return the column or the four columns of the box in a table of this package."""
    if names.BOX in row:
        return names.BOX
    found = next((four for four in NAMED_SIDES if all(name in row for name in four)), None)
    return None if found is None else ",".join(found)


def with_columns(layout: TableLayout | None, row: Record, columns: Names) -> TableLayout:
    """Return the layout of a file whose fields are named by the user, otherwise those of `layout`.

    Raises:
        BadInputError: If a name is not that of a field, or a required field is not named.
    """
    unknown = [name for name in columns if name not in OWN.columns and name not in _SIZES]
    if unknown:
        known = ", ".join([*OWN.columns, *_SIZES])
        raise BadInputError(f"no field is called {unknown[0]}; the fields are {known}", record=FLAG)
    columns = {name: _paths_in(row, paths) for name, paths in columns.items()}
    base = layout or OWN
    box = columns.get(names.BOX) or (box_paths(row) if base is OWN else base.columns[names.BOX])
    named = {**base.columns, **columns, names.BOX: box or ""}
    required = (names.IMAGE, names.EXPRESSION, names.BOX)
    missing = [
        name
        for name in required
        if not any(has_path(row, path) or path in row for path in re.split(r"[|,]", named[name]))
    ]
    if missing:
        there = _listed(row)
        wanted = " ".join(f"{name}=..." for name in missing)
        raise BadInputError(f"expected {FLAG} {wanted} for a file with the fields {there}")
    known_by = frozenset(path for path in columns.values() if OR not in path and "," not in path)
    changed = replace(base, name=f"{FLAG}", known_by=known_by, columns=named)
    return replace(changed, boxes=UNDECLARED, last_pixel=False) if names.BOX in columns else changed


def _paths_in(row: Record, paths: str) -> str:
    """Return the paths of a user in lower case where a record has them so, as from a CSV file."""

    def found(path: str) -> str:
        lowered = path.lower()
        return lowered if has_path(row, lowered) and not has_path(row, path) else path

    return "".join(found(part) for part in re.split(r"([|,])", paths))


def unknown_layout(row: Record) -> BadInputError:
    """Return the error for a record of no known layout, with the nearest one."""
    there = set(row) | {path.split(".")[-1] for path in field_names(_parsed(row))}
    for fields, hint in ELSEWHERE.items():
        if fields <= there:
            return BadInputError(f"{hint}; the fields are {_listed(row)}")
    nearest = max((OWN, *LAYOUTS), key=lambda layout: _overlap(layout, row))
    missing = [path for path in sorted(nearest.known_by) if not has_path(row, path)]
    if nearest is OWN and box_paths(row) is None:
        fours = ", ".join(" ".join(columns) for columns in NAMED_SIDES)
        missing.append(f"{names.BOX} (or four like {fours})")
    return BadInputError(
        f"expected a table of a known layout, found the fields {_listed(row)}. The nearest is that "
        f"of {nearest.name}, which also has {' and '.join(missing)}. Name the fields of another "
        f"layout: {FLAG} image=... expression=... box=..."
    )


def _parsed(row: Record) -> Record:
    """Return a row with the values of cells that contain JSON."""
    parsed = dict(row)
    for name, value in row.items():
        if isinstance(value, str) and value.startswith(("[{", "{")):
            with suppress(ValueError, RecursionError):
                parsed[name] = json.loads(value)
    return parsed


def _overlap(layout: TableLayout, row: Record) -> float:
    """Return the fraction of the identifying fields that a record has."""
    known = [*layout.known_by, *([layout.columns[names.BOX]] if layout is OWN else [])]
    return sum(has_path(row, path) for path in known) / len(known)


def _listed(row: Record) -> str:
    found = list(field_names(row))
    return ", ".join(found[:FIELDS_NAMED]) + (", ..." if len(found) > FIELDS_NAMED else "")
