"""Locate and decode image files, with errors that name the file.

Pixels are returned in the frame of the folder, which the boxes refer to. The decoded size must
match the annotations.
"""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import get_args

from PIL import Image

from vg_mc.errors import BadInputError
from vg_mc.images.coco_names import coco_name
from vg_mc.images.opening import opened_image, peculiarities_of, rgb_of
from vg_mc.images.orientation import exif_orientation, oriented_size
from vg_mc.records import ImageFolder, Orientation, Photo

MISSING_SHOWN = 20


def locate(folder: ImageFolder, file_name: str, record: str = "") -> Path:
    """Return the path of an image with all links resolved.

    Args:
        folder: Folder of the images.
        file_name: Path of the image inside `folder`.
        record: The image in messages, beside its file name.

    Raises:
        BadInputError: If the path lies outside `folder`.
    """
    try:
        path = (folder.path / file_name).resolve()
        path.relative_to(folder.path.resolve())
    except (OSError, RuntimeError, ValueError) as error:  # also a circle of links, a NUL
        problem = "expected a file name inside the image folder"
        if isinstance(error, ValueError) and _stays_inside(file_name):
            problem += ", found a link that leads out of it: --images must contain the files"
        raise BadInputError(problem, file=file_name, record=record) from error
    return path


def located(folder: ImageFolder, photo: Photo) -> Path:
    """Return the path of an image of a corpus, as `locate` does."""
    return locate(folder, photo.file_name, f"image {photo.image_id}")


def _stays_inside(name: str) -> bool:
    """Return whether a file name stays inside its folder if links are ignored."""
    path = Path(name)
    return not path.is_absolute() and ".." not in path.parts and "\0" not in name


def require_folder(folder: ImageFolder) -> None:
    """Check that the folder of images exists.

    Raises:
        BadInputError: If it does not exist.
    """
    if not folder.path.is_dir():
        raise BadInputError("no such folder", file=folder.path, record="--images")


def require_photos(folder: ImageFolder, photos: Iterable[Photo]) -> None:
    """Check that all image files exist, before a long run starts.

    Raises:
        BadInputError: If files are missing; it lists the first ones.
    """
    missing = [photo.file_name for photo in photos if not located(folder, photo).is_file()]
    if missing:
        require_folder(folder)
        named = ", ".join(missing[:MISSING_SHOWN])
        more = ", ..." if len(missing) > MISSING_SHOWN else ""
        problem = (
            f"{len(missing):,} images are missing: {named}{more}{_nearby(folder.path, missing[0])}"
        )
        raise BadInputError(problem, file=folder.path)


def _nearby(folder: Path, name: str) -> str:
    """Return a hint if a missing image lies in an adjacent folder or has a name of COCO 2017."""
    with os.scandir(folder) as entries:
        below = sorted(entry.name for entry in entries if entry.is_dir())
    for other in (folder.parent, *(folder / name_below for name_below in below)):
        if (other / name).is_file():
            return f"; the first one is in {other}, which may be the right --images"
    found = coco_name(name)
    if found and found.prefix and (folder / found.since_2017).is_file():
        there = f"found {found.since_2017}, a file name of COCO 2017"
        return f"; {there}; the images of COCO 2014 are required"
    return ""


def open_photo(
    folder: ImageFolder, photo: Photo, peculiarities: list[str] | None = None
) -> Image.Image:
    """Decode an image as RGB.

    Args:
        folder: Folder of the images.
        photo: The image to open.
        peculiarities: A list to which the names of found `PECULIARITIES` are appended.

    Raises:
        BadInputError: If the file is missing, not an image, damaged or too large, or its size
            differs from that in the annotations.
    """
    path = located(folder, photo)
    try:
        with opened_image(path) as image:
            _check_size(image, photo, folder.orientation)
            if peculiarities is not None:
                peculiarities += peculiarities_of(image, folder.orientation)
            return rgb_of(image, folder.orientation)
    except BadInputError as fault:
        record = f"image {photo.image_id}"
        raise BadInputError(fault.problem, file=path, record=record) from fault


def _check_size(image: Image.Image, photo: Photo, orientation: Orientation) -> None:
    width, height = oriented_size(image, orientation)
    if (width, height) == (photo.width, photo.height):
        return
    announced = f"{photo.width} x {photo.height}"
    problem = f"the image has {width} x {height} pixels, but {announced} in the annotations"
    for other in get_args(Orientation):
        if oriented_size(image, other) == (photo.width, photo.height):
            turned = f"the EXIF orientation of the file is {exif_orientation(image)}"
            problem += f"; {turned}, and --orientation {other} gives the announced size"
    raise BadInputError(problem)
