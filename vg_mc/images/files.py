"""Opening photos: one convention for pixels, and an error that names the file.

Raw pixels as stored, EXIF rotation ignored: COCO's boxes are drawn on those. The decoded size must
be the announced one, or boxes and pixels would silently disagree.
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

LARGEST_PHOTO = 50_000_000  # pixels; a larger one is an error or a decompression bomb
FORMATS = ["JPEG", "PNG", "WEBP", "GIF", "BMP"]
MISSING_SHOWN = 20

# What a user may want to know of photos, and what is done about it.
PECULIARITIES = {
    "16 bits": "scaled to 8",
    "transparent": "laid on white",
    "CMYK": "turned into RGB",
    "EXIF rotation": "ignored",
}
UPRIGHT = 1  # of EXIF's orientations


def locate(folder: Path, photo: Photo) -> Path:
    """Return the path of a photo, which must lie inside `folder` once all links are followed."""
    try:
        path = (folder / photo.file_name).resolve()
        path.relative_to(folder.resolve())
    except (OSError, RuntimeError, ValueError) as error:  # also a circle of links, a NUL
        problem = "expected a file name that leads nowhere but into the folder of images"
        if isinstance(error, ValueError) and _stays_inside(photo.file_name):
            problem += ", not a link to elsewhere: --images is to hold the files themselves"
        record = f"image {photo.image_id}"
        raise BadInputError(problem, file=photo.file_name, record=record) from error
    return path


def _stays_inside(name: str) -> bool:
    """Tell whether a file name would stay in its folder if no link was on the way."""
    path = Path(name)
    return not path.is_absolute() and ".." not in path.parts and "\0" not in name


def require_folder(folder: Path) -> None:
    """Look whether the folder of photos that a user named is there.

    Raises:
        BadInputError: If it is not.
    """
    if not folder.is_dir():
        raise BadInputError("there is no such folder", file=folder, record="--images")


def require_photos(folder: Path, photos: Iterable[Photo]) -> None:
    """Look whether all files are there, so that a long run does not stop at one after the other.

    Raises:
        BadInputError: If some are missing; it names the first.
    """
    missing = [photo.file_name for photo in photos if not locate(folder, photo).is_file()]
    if missing:
        require_folder(folder)
        named = ", ".join(missing[:MISSING_SHOWN])
        more = ", ..." if len(missing) > MISSING_SHOWN else ""
        problem = f"{len(missing):,} photos are missing: {named}{more}{_nearby(folder, missing[0])}"
        raise BadInputError(problem, file=folder)


def _nearby(folder: Path, name: str) -> str:
    """Say where a photo is that was looked for one folder too high or too low."""
    with os.scandir(folder) as entries:
        below = sorted(entry.name for entry in entries if entry.is_dir())
    for other in (folder.parent, *(folder / name_below for name_below in below)):
        if (other / name).is_file():
            return f"; the first is in {other}: is that --images?"
    found = coco_name(name)
    if found and found.prefix and (folder / found.since_2017).is_file():
        there = f"{found.since_2017} is there, as COCO names its photos since 2017"
        return f"; {there}: those of 2014 are needed"
    return ""


def open_photo(folder: Path, photo: Photo, peculiarities: list[str] | None = None) -> Image.Image:
    """Decode a photo as RGB.

    Args:
        folder: Where the photos are.
        photo: Which one.
        peculiarities: What is found that `PECULIARITIES` names is added to it.

    Raises:
        BadInputError: If it is missing, not an image, damaged, too large, or of another size than
            the annotations say.
    """
    path = locate(folder, photo)
    record = f"image {photo.image_id}"
    try:
        with warnings.catch_warnings():
            # Pillow only warns from 89 million pixels on, where we refuse.
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
    """Say what is wrong without the path, which the report of another machine would not have."""
    if isinstance(error, FileNotFoundError):
        return "the photo is missing"
    if isinstance(error, Image.DecompressionBombError):
        return f"more pixels than the allowed {LARGEST_PHOTO:,}"
    if isinstance(error, UnidentifiedImageError) and path.stat().st_size == 0:
        return "the file is empty"
    if isinstance(error, UnidentifiedImageError):
        return f"expected one of {', '.join(FORMATS)}; is it the error page of a download?"
    if isinstance(error, OSError) and error.strerror:
        return f"not a readable file: {error.strerror}"
    return f"a damaged photo: {error}"


def _check_size(size: tuple[int, int], photo: Photo, path: Path) -> None:
    if size[0] * size[1] > LARGEST_PHOTO:
        problem = f"{size[0]} x {size[1]} pixels are more than the allowed {LARGEST_PHOTO:,}"
        raise BadInputError(problem, file=path, record=f"image {photo.image_id}")
    if size != (photo.width, photo.height):
        announced = f"{photo.width} x {photo.height}"
        problem = f"the photo has {size[0]} x {size[1]} pixels, the annotations say {announced}"
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
    if image.mode.startswith("I"):  # 16 bits: Pillow's own conversion clips nearly all to white
        values = np.asarray(image, dtype=np.float64) / 257
        return Image.fromarray(values.round().clip(0, 255).astype(np.uint8)).convert("RGB")
    if image.has_transparency_data:
        backdrop = Image.new("RGBA", image.size, "white")
        return Image.alpha_composite(backdrop, image.convert("RGBA")).convert("RGB")
    return image.convert("RGB")
