"""Photos stored turned, as phones do, with the EXIF orientation that shows them upright."""

from pathlib import Path

from PIL import Image
from PIL.Image import Transpose

# From shown to stored pixels, by EXIF orientation.
TURNS = {
    2: Transpose.FLIP_LEFT_RIGHT,
    3: Transpose.ROTATE_180,
    4: Transpose.FLIP_TOP_BOTTOM,
    5: Transpose.TRANSPOSE,
    6: Transpose.ROTATE_90,
    7: Transpose.TRANSVERSE,
    8: Transpose.ROTATE_270,
}


def save_turned(image: Image.Image, file: Path, orientation: int) -> None:
    """Save an upright image as a PNG file whose pixels are turned."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    image.transpose(TURNS[orientation]).save(file, "PNG", exif=exif)
