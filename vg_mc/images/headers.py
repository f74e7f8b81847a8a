"""Read the size and format of images from their headers, without decoding them."""

import io
import warnings
from pathlib import Path
from typing import BinaryIO, NamedTuple

from PIL import Image

from vg_mc.errors import BadInputError
from vg_mc.images.files import FORMATS, locate
from vg_mc.records import Photo

ENDINGS = {"JPEG": ".jpg", "PNG": ".png", "WEBP": ".webp", "GIF": ".gif", "BMP": ".bmp"}


class Header(NamedTuple):
    """Size of an image in pixels, and the file extension of its format."""

    width: int
    height: int
    ending: str


def header_of_file(folder: Path, file_name: str) -> Header:
    """Read the header of an image file inside `folder`.

    Raises:
        BadInputError: If the file is missing, outside the folder, or not an image.
    """
    path = locate(folder, Photo(-1, file_name, 0, 0))
    try:
        with path.open("rb") as file:
            return _header(file)
    except FileNotFoundError as error:
        raise BadInputError(f"the image {file_name} is missing in {folder}") from error
    except OSError as error:
        raise BadInputError(f"the image {file_name} cannot be read: {error.strerror}") from error


def header_of_bytes(content: bytes) -> Header:
    """Read the header of an encoded image in memory.

    Raises:
        BadInputError: If it is not an image.
    """
    return _header(io.BytesIO(content))


def _header(file: BinaryIO) -> Header:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(file, formats=FORMATS) as image:
                return Header(*image.size, ENDINGS[str(image.format)])
    except Exception as error:  # Pillow raises a dozen classes on damaged files
        raise BadInputError(f"expected an image, one of {', '.join(FORMATS)}") from error
