"""The EXIF orientation: how the stored pixels of an image are turned and flipped to be shown."""

import os
import struct
from contextlib import suppress
from typing import IO

import numpy as np
from PIL import Image
from PIL.ExifTags import Base
from PIL.Image import Transpose
from PIL.PngImagePlugin import PngImageFile

from vg_mc.boxes.arithmetic import Boxes
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

# A turn swaps x and y, if it does, before it flips an axis.
SWAPPING = frozenset(TO_SHOWN[value] for value in SIDES_SWAPPED)
FLIPPING_X = frozenset(
    {Transpose.FLIP_LEFT_RIGHT, Transpose.ROTATE_180, Transpose.TRANSVERSE, Transpose.ROTATE_270}
)
FLIPPING_Y = frozenset(
    {Transpose.FLIP_TOP_BOTTOM, Transpose.ROTATE_180, Transpose.TRANSVERSE, Transpose.ROTATE_90}
)

PNG_START = 8  # bytes of the signature
PNG_METADATA = (b"eXIf", b"iTXt", b"tEXt", b"zTXt")


def exif_orientation(image: Image.Image) -> int:
    """Return the EXIF orientation from 1 to 8; 1 if the tag is missing, invalid or damaged."""
    if isinstance(image, PngImageFile) and image.fp is not None and _metadata_follows(image.fp):
        image.load()  # not below, where the errors of its pixels would be suppressed
    value = UPRIGHT
    with suppress(Exception):  # of several classes, for damaged EXIF data, which viewers ignore
        # Not the method of PNG files, which decodes them if there are no EXIF data.
        value = Image.Image.getexif(image).get(Base.Orientation, UPRIGHT)
    return value if value in TO_SHOWN else UPRIGHT


def _metadata_follows(file: IO[bytes]) -> bool:
    """Return whether a PNG file has metadata behind its pixels; its chunks are skipped."""
    place, behind = file.tell(), False
    file.seek(PNG_START)
    try:
        while len(head := file.read(8)) == 8:  # length and type
            length, kind = struct.unpack(">I4s", head)
            if behind and kind in PNG_METADATA:
                return True
            behind |= kind == b"IDAT"
            file.seek(length + 4, os.SEEK_CUR)  # and a checksum
    finally:
        file.seek(place)
    return False


def turn_of(image: Image.Image, orientation: Orientation) -> Transpose | None:
    """Return how Pillow's pixels of an image become those of a frame; call it before decoding."""
    always_shown = image.format == "TIFF"  # Pillow decodes TIFF with the orientation applied
    if (orientation == "shown") == always_shown:
        return None
    return (TO_STORED if always_shown else TO_SHOWN).get(exif_orientation(image))


def turned_boxes(
    corners: Boxes,  # (N, 4)
    size: tuple[int, int],
    turn: Transpose,
) -> Boxes:
    """Return boxes, (N, 4), after an image of the given width and height has been turned."""
    width, height = size
    turned = np.array(corners)
    if turn in SWAPPING:
        turned, (width, height) = turned[:, [1, 0, 3, 2]], (height, width)
    if turn in FLIPPING_X:
        turned[:, [0, 2]] = width - turned[:, [2, 0]]
    if turn in FLIPPING_Y:
        turned[:, [1, 3]] = height - turned[:, [3, 1]]
    return turned


def oriented_size(image: Image.Image, orientation: Orientation) -> tuple[int, int]:
    """Return width and height of an opened image in a frame, without decoding it."""
    width, height = image.size
    turn = turn_of(image, orientation)
    swapped = turn in [TO_SHOWN[value] for value in SIDES_SWAPPED]
    return (height, width) if swapped else (width, height)
