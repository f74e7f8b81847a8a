"""File names of COCO's images.

Of 2014 they are ``COCO_train2014_000000581857.jpg``, since 2017 ``000000581857.jpg``. RefCOCO
appends the number of an annotation: ``COCO_train2014_000000581857_16.jpg``.
"""

import re
from pathlib import PurePosixPath
from typing import NamedTuple

TRAIN_2014 = "COCO_train2014_"

_NAME = re.compile(r"(?:(COCO_(?:train|val|test)20\d\d_)(\d{12})(?:_\d+)?|(\d{12}))(\.\w+)")


class CocoName(NamedTuple):
    """A file name of COCO, taken apart.

    Attributes:
        prefix: As in ``COCO_train2014_``; empty in names since 2017.
        number: The image id.
        ending: As in ``.jpg``.
    """

    prefix: str
    number: int
    ending: str

    @property
    def since_2017(self) -> str:
        """The name of the same image since 2017."""
        return f"{self.number:012d}{self.ending}"


def coco_name(file_name: str) -> CocoName | None:
    """Take a file name apart, whatever its folder; None for names that are not COCO's."""
    found = _NAME.fullmatch(PurePosixPath(file_name).name)
    return found and CocoName(found[1] or "", int(found[2] or found[3]), found[4])


def coco_number(file_name: str) -> int | None:
    """Return the image id in a name of 2014, None for other names.

    Twelve digits alone may be anybody's name.
    """
    found = coco_name(file_name)
    return found.number if found and found.prefix else None
