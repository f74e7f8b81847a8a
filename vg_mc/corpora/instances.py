"""Reader of COCO's ``instances.json``: images, annotated boxes and category names."""

from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path, PurePosixPath, PureWindowsPath

from vg_mc.boxes.arithmetic import as_boxes, xywh_to_xyxy
from vg_mc.boxes.clipping import cut_to_photo
from vg_mc.boxes.frames import Framed
from vg_mc.boxes.judging import DeclaredBoxes
from vg_mc.corpora.coco_files import REGION_OF_IMAGE, CocoTables, read_coco
from vg_mc.corpora.frames import FramesOf, ImageFrames, PlacedBox
from vg_mc.corpora.inspection import Inspection
from vg_mc.errors import BadInputError
from vg_mc.records import ANNOTATIONS, ImageFolder, Photo, Proposal
from vg_mc.system.fields import (
    as_integer,
    as_mapping,
    as_numbers,
    as_positive_integer,
    as_text,
    place,
)

COCO_BOXES = DeclaredBoxes("xywh", "pixels")
# Names of categories that stand for none; a detector never finds them.
_NO_NAMES = frozenset(
    {"", "n/a", "none", "unlabeled", "unlabelled", "background", "__background__"}
)


@dataclass(frozen=True, slots=True)
class Instances:
    """The usable part of an ``instances.json``.

    Attributes:
        annotations: Annotated regions per image id, in the order of the file.
        image_of: Image id per annotation id.
        region_of: Region per annotation id.
        categories: Names of the categories that a detector may find, by id.
        boxes: Convention of the boxes.
        images_folder: Folder of the images, and the frame of the boxes.
    """

    photos: dict[int, Photo] = field(default_factory=dict)
    annotations: dict[int, list[Proposal]] = field(default_factory=dict)
    image_of: dict[int, int] = field(default_factory=dict)
    region_of: dict[int, Proposal] = field(default_factory=dict)
    categories: dict[int, str] = field(default_factory=dict)
    boxes: str = ""
    images_folder: ImageFolder = field(default_factory=lambda: ImageFolder(Path()))


def read_instances(
    file: Path,
    needed: set[int],
    referenced: Collection[int],
    inspection: Inspection,
    tables: CocoTables | None = None,
    frames_of: FramesOf | None = None,
) -> Instances:
    """Read the images with an id in `needed` and all their annotations, including crowds.

    COCO contains zero-area annotations. One that no expression refers to is listed as rejected and
    does not become a candidate.

    Args:
        file: The file.
        needed: Ids of images.
        referenced: Ids of the annotations that expressions refer to.
        inspection: Handles bad records.
        tables: The content of the file, if it is already read.
        frames_of: Returns the frames of the images with the given names; None if boxes and sizes
            are known to be those of stored images.

    Raises:
        BadInputError: If the file is not a COCO file, or at the first bad record without
            ``skip_bad``.
    """
    images, annotations, listed, *_ = tables or read_coco(file)
    categories = _category_names(listed, file, inspection)
    instances = Instances(categories=_detectable(listed, categories))
    for position, record in enumerate(images):
        if _is_needed(record, "id", needed):
            with inspection.record(file, f"image {place(record, 'id', position)}"):
                _add_photo(instances, record)
    frames = ImageFrames(ImageFolder(file.parent))
    if frames_of is not None:
        frames = frames_of(photo.file_name for photo in instances.photos.values())
    framed = _framed(annotations, instances.photos, frames, file, inspection)
    inspection.notes += framed.notes
    for position, record in enumerate(annotations):
        if not _is_needed(record, "image_id", needed):
            continue
        name = f"annotation {place(record, 'id', position)}"
        with inspection.record(file, name):
            if _lacks_area(record) and as_annotation_id(record, "id") not in referenced:
                inspection.leave_out(
                    file, name, "zero-area annotation that no expression refers to"
                )
            else:
                _add_annotation(instances, record, categories)
    folder = replace(frames.folder, orientation=framed.orientation)
    return replace(instances, boxes=framed.judged.described, images_folder=folder)


def _category_names(categories: list[object], file: Path, inspection: Inspection) -> dict[int, str]:
    names = {}
    for position, record in enumerate(categories):
        with inspection.record(file, f"category {place(record, 'id', position)}"):
            names[as_integer(record, "id")] = as_text(record, "name")
    return names


def _detectable(records: list[object], names: dict[int, str]) -> dict[int, str]:
    """Return the categories without those that stand for none, or for a group of others.

    Roboflow writes the name of the project as category 0, the supercategory of all others.
    """
    written = [one for one in records if isinstance(one, dict)]
    groups = {str(one.get("supercategory")) for one in written
              if one.get("supercategory") != one.get("name")}  # fmt: skip
    roots = {str(one.get("id")) for one in written
             if one.get("supercategory") in (None, "", "none")}  # fmt: skip
    return {
        number: name
        for number, name in names.items()
        if name.strip().lower() not in _NO_NAMES and not (str(number) in roots and name in groups)
    }


def _category(record: object, categories: dict[int, str]) -> str | None:
    """Return the category of an annotation; 0 is no category unless the file defines it."""
    if as_mapping(record).get("category_id") is None:
        return None
    category_id = as_integer(record, "category_id")
    if category_id not in categories and category_id != 0:
        raise BadInputError(f"expected a category of the file, not category_id {category_id}")
    return categories.get(category_id)


def _is_needed(record: object, key: str, needed: set[int]) -> bool:
    """Return True if a record belongs to a needed image or has no valid image id."""
    value = record.get(key) if isinstance(record, dict) else None
    return not isinstance(value, int) or isinstance(value, bool) or value in needed


def _add_photo(instances: Instances, record: object) -> None:
    image_id = as_integer(record, "id")
    if image_id in instances.photos:
        raise BadInputError("expected every image once; an earlier record has the same id")
    instances.photos[image_id] = Photo(
        image_id=image_id,
        file_name=inner_path(as_text(record, "file_name")),
        width=as_positive_integer(record, "width"),
        height=as_positive_integer(record, "height"),
    )


@lru_cache(maxsize=2**16)  # names repeat: an image has several expressions
def inner_path(name: str) -> str:
    """Return `name` if it is a path inside the image folder.

    Raises:
        BadInputError: If it leads outside.
    """
    parts = PurePosixPath(name).parts
    leads_out = ".." in parts or PurePosixPath(name).is_absolute()
    if leads_out or PureWindowsPath(name).drive or "\\" in name or "\0" in name:
        raise BadInputError(f"expected a file name inside the image folder, not {name!r}")
    return name


def require_image(image_id: int, candidates: Instances) -> None:
    """Raise if an image has no annotated candidates.

    Raises:
        BadInputError: If it is not among `candidates`.
    """
    if image_id not in candidates.photos:
        raise BadInputError(f"expected an image in the file of --instances, not {image_id}")


def as_annotation_id(record: object, field: str) -> int:
    """Return the id of an annotation; RefCLEF's ``12_3``, region 3 of image 12, becomes 120003."""
    value = as_mapping(record).get(field)
    region = REGION_OF_IMAGE.fullmatch(value) if isinstance(value, str) else None
    if region is None:
        return as_integer(record, field)
    return int(region[1]) * 10_000 + int(region[2])


def _framed(
    annotations: list[object],
    photos: dict[int, Photo],
    frames: ImageFrames,
    file: Path,
    inspection: Inspection,
) -> Framed:
    """Judge all readable boxes before the first bad one raises an error; resize turned images."""
    placed = []
    for record in annotations:
        with suppress(BadInputError, KeyError):  # reported when the record itself is read
            photo = photos[as_integer(record, "image_id")]
            numbers = as_numbers(record, "bbox", 4)
            placed.append(PlacedBox(numbers, photo, (photo.width, photo.height)))
    framed = frames.convention(placed, COCO_BOXES, file)
    for image_id in list(photos):
        with inspection.record(file, f"image {image_id}"):
            photos[image_id] = frames.resized(photos.pop(image_id), framed.orientation)
    return framed


def _lacks_area(record: object) -> bool:
    """Return True if a side of the box is 0; a negative one is reported as an error."""
    try:
        sides = as_numbers(record, "bbox", 4)[2:]
    except BadInputError:
        return False  # reported when the record itself is read
    return min(sides) == 0


def _add_annotation(instances: Instances, record: object, categories: dict[int, str]) -> None:
    annotation_id, image_id = as_annotation_id(record, "id"), as_integer(record, "image_id")
    if annotation_id in instances.region_of:
        raise BadInputError("expected every annotation once; an earlier one has the same id")
    if image_id not in instances.photos:
        raise BadInputError(
            f"expected an image of the file, but image {image_id} is missing or unusable"
        )
    photo, xywh = instances.photos[image_id], as_numbers(record, "bbox", 4)
    region = Proposal(
        box=cut_to_photo(xywh_to_xyxy(as_boxes(xywh)), xywh, photo.width, photo.height),
        score=1.0,
        category=_category(record, categories),
        source=ANNOTATIONS,
        annotation_id=annotation_id,
    )
    instances.annotations.setdefault(image_id, []).append(region)
    instances.image_of[annotation_id] = image_id
    instances.region_of[annotation_id] = region
