"""Width and height of photos that no annotation tells: read from the header, nothing is decoded."""

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
    """What the first bytes of a photo say."""

    width: int
    height: int
    ending: str  # of the file name that the photo's format should have


def header_of_file(folder: Path, file_name: str) -> Header:
    """Read the header of a photo inside `folder`.

    Raises:
        BadInputError: If it is missing, outside of the folder, or no photo.
    """
    path = locate(folder, Photo(-1, file_name, 0, 0))
    try:
        with path.open("rb") as file:
            return _header(file)
    except FileNotFoundError as error:
        raise BadInputError(f"expected the photo {file_name} in {folder}") from error
    except OSError as error:
        raise BadInputError(f"expected a readable photo {file_name}: {error.strerror}") from error


def header_of_bytes(content: bytes) -> Header:
    """Read the header of a photo in memory.

    Raises:
        BadInputError: If it is no photo.
    """
    return _header(io.BytesIO(content))


def _header(file: BinaryIO) -> Header:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(file, formats=FORMATS) as image:
                return Header(*image.size, ENDINGS[str(image.format)])
    except Exception as error:  # Pillow raises a dozen classes on damaged files
        raise BadInputError(f"expected a photo, one of {', '.join(FORMATS)}") from error
