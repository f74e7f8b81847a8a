"""Images outside a corpus, decoded in one frame."""

import re
from pathlib import Path
from typing import NamedTuple

from PIL import Image

from vg_mc.errors import BadInputError
from vg_mc.images.opening import ImageLike, opened_image, peculiarities_of, rgb_of
from vg_mc.records import Orientation, Photo

_LAST_NUMBER = re.compile(r"(\d{1,18})$")  # COCO_train2014_000000581857 has the image id 581857
NO_ID = -1


class OpenedImage(NamedTuple):
    """The record of an image, its RGB pixels, and the names of its `PECULIARITIES`."""

    photo: Photo
    image: Image.Image
    peculiarities: list[str]


def opened(image: ImageLike | OpenedImage, orientation: Orientation) -> OpenedImage:
    """Decode an image in a frame, unless it is decoded already.

    The image id is the number at the end of the file name, as in COCO, or -1, so that stored
    detections are found by image id or by file name.

    Raises:
        BadInputError: If the file does not exist or is not a valid image.
    """
    if isinstance(image, OpenedImage):
        return image
    path = Path(image).resolve() if isinstance(image, (str, Path)) else None
    try:
        with opened_image(path or image) as source:
            peculiarities = peculiarities_of(source, orientation)
            rgb = rgb_of(source, orientation)
    except BadInputError as fault:
        named = None if path is None else Path(str(image))
        raise BadInputError(fault.problem, file=named) from fault
    if path is None:
        return OpenedImage(Photo(NO_ID, "", *rgb.size), rgb, peculiarities)
    found = _LAST_NUMBER.search(path.stem)
    image_id = int(found[1]) if found else NO_ID
    return OpenedImage(Photo(image_id, path.name, *rgb.size), rgb, peculiarities)
