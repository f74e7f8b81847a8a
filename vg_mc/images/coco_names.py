"""Parse file names of COCO images.

COCO 2014 uses names such as ``COCO_train2014_000000581857.jpg``, COCO 2017 uses
``000000581857.jpg``. RefCOCO appends the number of an annotation:
``COCO_train2014_000000581857_16.jpg``.
"""

import re
from pathlib import PurePosixPath
from typing import NamedTuple

TRAIN_2014 = "COCO_train2014_"

_NAME = re.compile(r"(?:(COCO_(?:train|val|test)20\d\d_)(\d{12})(?:_\d+)?|(\d{12}))(\.\w+)")


class CocoName(NamedTuple):
    """The parts of a file name of COCO.

    Attributes:
        prefix: Prefix such as ``COCO_train2014_``; empty in names of 2017.
        number: The image id.
        ending: File extension such as ``.jpg``.
    """

    prefix: str
    number: int
    ending: str

    @property
    def since_2017(self) -> str:
        """The name of the same image in COCO 2017."""
        return f"{self.number:012d}{self.ending}"


def coco_name(file_name: str) -> CocoName | None:
    """Parse a file name, ignoring its folder; return None if it is not a name of COCO."""
    found = _NAME.fullmatch(PurePosixPath(file_name).name)
    return found and CocoName(found[1] or "", int(found[2] or found[3]), found[4])


def coco_number(file_name: str) -> int | None:
    """Return the image id in a name of COCO 2014, None for other names.

    Names of COCO 2017 are not accepted, since other datasets also use twelve digits.
    """
    found = coco_name(file_name)
    return found.number if found and found.prefix else None
