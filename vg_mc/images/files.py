"""Locate and decode image files, with errors that name the file.

Pixels are returned as stored: the EXIF orientation is ignored, since COCO's boxes refer to the
stored pixels. The decoded size must match the annotations.
"""

import os
import warnings
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
from PIL import Image, UnidentifiedImageError
from PIL.ExifTags import Base

from vg_mc.errors import BadInputError
from vg_mc.images.coco_names import coco_name
from vg_mc.records import Photo

LARGEST_PHOTO = 50_000_000  # pixels; a larger image is an error or a decompression bomb
FORMATS = ["JPEG", "PNG", "WEBP", "GIF", "BMP"]
MISSING_SHOWN = 20

# Unusual properties of image files, and how each is handled.
PECULIARITIES = {
    "16 bits": "scaled to 8",
    "transparent": "laid on white",
    "CMYK": "converted to RGB",
    "EXIF rotation": "ignored",
}
UPRIGHT = 1  # EXIF orientation without rotation


def locate(folder: Path, photo: Photo) -> Path:
    """Return the path of an image with all links resolved.

    Raises:
        BadInputError: If the path lies outside `folder`.
    """
    try:
        path = (folder / photo.file_name).resolve()
        path.relative_to(folder.resolve())
    except (OSError, RuntimeError, ValueError) as error:  # also a circle of links, a NUL
        problem = "expected a file name inside the image folder"
        if isinstance(error, ValueError) and _stays_inside(photo.file_name):
            problem += ", found a link that leads out of it: --images must contain the files"
        record = f"image {photo.image_id}"
        raise BadInputError(problem, file=photo.file_name, record=record) from error
    return path


def _stays_inside(name: str) -> bool:
    """Return whether a file name stays inside its folder if links are ignored."""
    path = Path(name)
    return not path.is_absolute() and ".." not in path.parts and "\0" not in name


def require_folder(folder: Path) -> None:
    """Check that the folder of images exists.

    Raises:
        BadInputError: If it does not exist.
    """
    if not folder.is_dir():
        raise BadInputError("no such folder", file=folder, record="--images")


def require_photos(folder: Path, photos: Iterable[Photo]) -> None:
    """Check that all image files exist, before a long run starts.

    Raises:
        BadInputError: If files are missing; it lists the first ones.
    """
    missing = [photo.file_name for photo in photos if not locate(folder, photo).is_file()]
    if missing:
        require_folder(folder)
        named = ", ".join(missing[:MISSING_SHOWN])
        more = ", ..." if len(missing) > MISSING_SHOWN else ""
        problem = f"{len(missing):,} images are missing: {named}{more}{_nearby(folder, missing[0])}"
        raise BadInputError(problem, file=folder)


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


def open_photo(folder: Path, photo: Photo, peculiarities: list[str] | None = None) -> Image.Image:
    """Decode an image as RGB.

    Args:
        folder: Folder of the images.
        photo: The image to open.
        peculiarities: A list to which the names of found `PECULIARITIES` are appended.

    Raises:
        BadInputError: If the file is missing, not an image, damaged or too large, or its size
            differs from that in the annotations.
    """
    path = locate(folder, photo)
    record = f"image {photo.image_id}"
    try:
        with warnings.catch_warnings():
            # Pillow warns above 89 million pixels; `_check_size` rejects smaller images already.
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(path, formats=FORMATS) as image:
                _check_size(image.size, photo, path)
                if peculiarities is not None:
                    peculiarities += _peculiarities(image)
                return _as_rgb(image)
    except BadInputError:
        raise
    except Exception as error:  # Pillow raises a dozen classes on damaged files
        raise BadInputError(_problem(error, path), file=path, record=record) from error


def _problem(error: Exception, path: Path) -> str:
    """Return a message without the path, so that reports do not depend on the machine."""
    if isinstance(error, FileNotFoundError):
        return "the image is missing"
    if isinstance(error, Image.DecompressionBombError):
        return f"expected at most {LARGEST_PHOTO:,} pixels, found more"
    if isinstance(error, UnidentifiedImageError) and path.stat().st_size == 0:
        return "the file is empty"
    if isinstance(error, UnidentifiedImageError):
        return f"expected one of {', '.join(FORMATS)}; it may be the error page of a download"
    if isinstance(error, OSError) and error.strerror:
        return f"not a readable file: {error.strerror}"
    return f"damaged image: {error}"


def _check_size(size: tuple[int, int], photo: Photo, path: Path) -> None:
    if size[0] * size[1] > LARGEST_PHOTO:
        problem = f"{size[0]} x {size[1]} pixels exceed the maximum of {LARGEST_PHOTO:,}"
        raise BadInputError(problem, file=path, record=f"image {photo.image_id}")
    if size != (photo.width, photo.height):
        announced = f"{photo.width} x {photo.height}"
        problem = f"the image has {size[0]} x {size[1]} pixels, but {announced} in the annotations"
        raise BadInputError(problem, file=path, record=f"image {photo.image_id}")


def _peculiarities(image: Image.Image) -> Iterator[str]:
    facts = (
        image.mode.startswith("I"),
        image.has_transparency_data,
        image.mode == "CMYK",
        image.getexif().get(Base.Orientation, UPRIGHT) != UPRIGHT,
    )
    return (name for name, holds in zip(PECULIARITIES, facts, strict=True) if holds)


def _as_rgb(image: Image.Image) -> Image.Image:
    if image.mode == "RGB":
        image.load()
        return image
    if image.mode.startswith("I"):  # 16 bits: Pillow's conversion would clip most pixels to white
        values = np.asarray(image, dtype=np.float64) / 257
        return Image.fromarray(values.round().clip(0, 255).astype(np.uint8)).convert("RGB")
    if image.has_transparency_data:
        backdrop = Image.new("RGBA", image.size, "white")
        return Image.alpha_composite(backdrop, image.convert("RGBA")).convert("RGB")
    return image.convert("RGB")
