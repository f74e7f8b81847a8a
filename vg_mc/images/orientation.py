"""The EXIF orientation: how the stored pixels of an image are turned and flipped to be shown."""

from contextlib import suppress

from PIL import Image
from PIL.ExifTags import Base
from PIL.Image import Transpose

from vg_mc.records import Orientation

UPRIGHT = 1

# From stored to shown pixels, by the value of the tag; others are invalid and ignored by viewers.
TO_SHOWN = {
    2: Transpose.FLIP_LEFT_RIGHT,
    3: Transpose.ROTATE_180,
    4: Transpose.FLIP_TOP_BOTTOM,
    5: Transpose.TRANSPOSE,
    6: Transpose.ROTATE_270,
    7: Transpose.TRANSVERSE,
    8: Transpose.ROTATE_90,
}
TO_STORED = TO_SHOWN | {6: Transpose.ROTATE_90, 8: Transpose.ROTATE_270}
SIDES_SWAPPED = (5, 6, 7, 8)


def exif_orientation(image: Image.Image) -> int:
    """Return the EXIF orientation from 1 to 8; 1 if the tag is missing, invalid or damaged.

    A PNG without EXIF data before its pixels is decoded.
    """
    if image.format == "PNG" and "exif" not in image.info:
        image.load()  # it may follow the pixels, whose errors are not to be suppressed
    value = UPRIGHT
    with suppress(Exception):  # of several classes, for damaged EXIF data, which viewers ignore
        value = image.getexif().get(Base.Orientation, UPRIGHT)
    return value if value in TO_SHOWN else UPRIGHT


def turn_of(image: Image.Image, orientation: Orientation) -> Transpose | None:
    """Return how Pillow's pixels of an image become those of a frame; call it before decoding."""
    always_shown = image.format == "TIFF"  # Pillow decodes TIFF with the orientation applied
    if (orientation == "shown") == always_shown:
        return None
    return (TO_STORED if always_shown else TO_SHOWN).get(exif_orientation(image))


def oriented_size(image: Image.Image, orientation: Orientation) -> tuple[int, int]:
    """Return width and height of an opened image in a frame, without decoding it."""
    width, height = image.size
    turn = turn_of(image, orientation)
    swapped = turn in [TO_SHOWN[value] for value in SIDES_SWAPPED]
    return (height, width) if swapped else (width, height)
