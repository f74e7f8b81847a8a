"""Read the size and format of images from their headers, without decoding them."""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from PIL.Image import Transpose

from vg_mc.errors import BadInputError
from vg_mc.images.files import locate, located
from vg_mc.images.formats import ENDINGS
from vg_mc.images.opening import opened_image
from vg_mc.images.orientation import TO_SHOWN, TO_STORED, UPRIGHT, exif_orientation, oriented_size
from vg_mc.records import ImageFolder, Orientation, Photo


class Header(NamedTuple):
    """Size of an image in pixels, and the file extension of its format."""

    width: int
    height: int
    ending: str


def header_of_file(folder: ImageFolder, file_name: str) -> Header:
    """Read the header of an image file inside `folder`; the size is in the frame of the folder.

    Raises:
        BadInputError: If the file is missing, outside the folder, or not an image.
    """
    path = locate(folder, file_name)
    try:
        return _header(path, folder.orientation)
    except BadInputError as fault:
        raise BadInputError(f"{file_name} in {folder.path}: {fault.problem}") from fault


def header_of_bytes(content: bytes, orientation: Orientation) -> Header:
    """Read the header of an encoded image in memory.

    Raises:
        BadInputError: If it is not an image.
    """
    return _header(content, orientation)


def sizes_of_turned(folder: Path, file_name: str) -> Mapping[Orientation, tuple[int, int]] | None:
    """Return the size of an image in both frames; None without EXIF orientation or usable file."""
    try:
        path = locate(ImageFolder(folder), file_name)
        with opened_image(path) as image:
            if exif_orientation(image) == UPRIGHT:
                return None
            return {"stored": image.size, "shown": oriented_size(image, "shown")}
    except BadInputError:
        return None  # reported where the image is used


def turns_between(
    folder: ImageFolder, photos: Iterable[Photo], frame: Orientation
) -> dict[Photo, Transpose]:
    """Return how images with an EXIF orientation turn from `frame` to the frame of their folder.

    Images that cannot be read are missing; they are reported where they are used.
    """
    if frame == folder.orientation:
        return {}
    turns = TO_SHOWN if frame == "stored" else TO_STORED
    found = {}
    for photo in photos:
        with suppress(BadInputError), opened_image(located(folder, photo)) as image:
            if (value := exif_orientation(image)) != UPRIGHT:
                found[photo] = turns[value]
    return found


def _header(source: Path | bytes, orientation: Orientation) -> Header:
    with opened_image(source) as image:
        return Header(*oriented_size(image, orientation), ENDINGS[str(image.format)][0])
