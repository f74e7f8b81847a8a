"""COCO's ``instances.json``: images, their annotated boxes, and the names of categories."""

from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath, PureWindowsPath

from vg_mc import boxes
from vg_mc.corpora.inspection import Inspection
from vg_mc.faults import BadInputError
from vg_mc.fields import (
    as_integer,
    as_list,
    as_mapping,
    as_numbers,
    as_positive_integer,
    as_text,
    place,
    read_json,
)
from vg_mc.records import XYXY, Photo, Proposal

NO_CATEGORY = 0  # COCO counts categories from 1; 0 is written where a source gave none
ANNOTATIONS = "annotations"


@dataclass(frozen=True, slots=True)
class Instances:
    """The usable part of an ``instances.json``.

    Attributes:
        annotations: Annotated regions per image id, in the order of the file.
        image_of: The image of every annotation, by its id.
        region_of: The region of every annotation, by its id.
    """

    photos: dict[int, Photo] = field(default_factory=dict)
    annotations: dict[int, list[Proposal]] = field(default_factory=dict)
    image_of: dict[int, int] = field(default_factory=dict)
    region_of: dict[int, Proposal] = field(default_factory=dict)


def read_instances(file: Path, needed: set[int], inspection: Inspection) -> Instances:
    """Read the images with an id in `needed` and all their annotations, crowds included.

    Raises:
        BadInputError: If the file is no COCO file, or at the first bad record without ``skip_bad``.
    """
    content = read_json(file)
    try:
        images, annotations = as_list(content, "images"), as_list(content, "annotations")
        categories = _category_names(as_list(content, "categories"))
    except BadInputError as fault:
        raise BadInputError(fault.problem, file=file, record=fault.record) from fault

    instances = Instances()
    for position, record in enumerate(images):
        if _concerns(record, "id", needed):
            with inspection.record(file, f"image {place(record, 'id', position)}"):
                _add_photo(instances, record)
    for position, record in enumerate(annotations):
        if _concerns(record, "image_id", needed):
            with inspection.record(file, f"annotation {place(record, 'id', position)}"):
                _add_annotation(instances, record, categories)
    return instances


def _category_names(categories: list[object]) -> dict[int, str]:
    names = {NO_CATEGORY: ""}
    for position, record in enumerate(categories):
        try:
            names[as_integer(record, "id")] = as_text(record, "name")
        except BadInputError as fault:
            where = f"category {place(record, 'id', position)}"
            raise BadInputError(fault.problem, record=where) from fault
    return names


def _concerns(record: object, key: str, needed: set[int]) -> bool:
    """Tell whether a record belongs to a needed image, or is too broken to say."""
    value = record.get(key) if isinstance(record, dict) else None
    return not isinstance(value, int) or isinstance(value, bool) or value in needed


def _add_photo(instances: Instances, record: object) -> None:
    image_id = as_integer(record, "id")
    if image_id in instances.photos:
        raise BadInputError("expected every image once, but an earlier record has the same id")
    instances.photos[image_id] = Photo(
        image_id=image_id,
        file_name=_inner_path(as_text(record, "file_name")),
        width=as_positive_integer(record, "width"),
        height=as_positive_integer(record, "height"),
    )


def _inner_path(name: str) -> str:
    """Return `name` if it cannot lead out of the folder of images."""
    parts = PurePosixPath(name).parts
    leads_out = ".." in parts or PurePosixPath(name).is_absolute()
    if leads_out or PureWindowsPath(name).drive or "\\" in name or "\0" in name:
        raise BadInputError(f"expected a file name inside the folder of images, not {name!r}")
    return name


def _add_annotation(instances: Instances, record: object, categories: dict[int, str]) -> None:
    annotation_id, image_id = as_integer(record, "id"), as_integer(record, "image_id")
    if annotation_id in instances.region_of:
        raise BadInputError("expected every annotation once, but an earlier one has the same id")
    if image_id not in instances.photos:
        raise BadInputError(f"expected an image of the file, but there is no usable one {image_id}")
    category_id = as_integer({"category_id": NO_CATEGORY, **as_mapping(record)}, "category_id")
    if category_id not in categories:
        raise BadInputError(f"expected a category of the file, not {category_id}")
    region = Proposal(
        box=_box_inside(as_numbers(record, "bbox", 4), instances.photos[image_id]),
        score=1.0,
        category=categories[category_id],
        source=ANNOTATIONS,
        annotation_id=annotation_id,
    )
    instances.annotations.setdefault(image_id, []).append(region)
    instances.image_of[annotation_id] = image_id
    instances.region_of[annotation_id] = region


def _box_inside(xywh: tuple[float, ...], photo: Photo) -> XYXY:
    """Turn COCO's box into corners, cut to the photo where more than a pixel of it remains."""
    if xywh[2] <= 0 or xywh[3] <= 0:
        raise BadInputError(f"expected a bbox with an area, not {list(xywh)}")
    box = boxes.xywh_to_xyxy(boxes.as_boxes(xywh))
    inside = boxes.clipped(box, photo.width, photo.height)
    remaining = float(boxes.areas(inside)[0])
    if remaining <= 0 or ((inside != box).any() and remaining <= 1):
        size = f"{photo.width} x {photo.height}"
        raise BadInputError(f"expected a bbox on the image of {size} pixels, not {list(xywh)}")
    left, top, right, bottom = inside[0].tolist()
    return left, top, right, bottom
