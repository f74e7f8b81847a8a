"""Images embedded in tables, written to a folder once each."""

import hashlib
from pathlib import Path
from typing import NamedTuple

from vg_mc.errors import BadInputError
from vg_mc.images.coco_names import TRAIN_2014, coco_number
from vg_mc.images.headers import header_of_bytes
from vg_mc.records import ImageFolder
from vg_mc.system.atomic import whole_file
from vg_mc.system.fields import as_mapping


class KeptPhoto(NamedTuple):
    """An image file in the folder."""

    file_name: str
    width: int
    height: int


class EmbeddedPhotos:
    """Writes embedded images to a folder under normalized names.

    A COCO image is named by its COCO id, any other image by a hash of its bytes: mirrors repeat the
    image for every expression.

    Attributes:
        folder: The folder.
        is_written: Whether images are written to it, or only measured.
    """

    def __init__(self, folder: ImageFolder, *, is_written: bool = True) -> None:
        self.folder = folder
        self.is_written = is_written
        self._kept: dict[str, KeptPhoto] = {}

    def keep(self, image: object, name: str | None = None) -> KeptPhoto:
        """Write the image of a cell ``{bytes, path}`` unless it is already written.

        Args:
            image: The cell.
            name: File name of the image, if another cell contains it.

        Raises:
            BadInputError: If the cell contains no image, or a different file of that name exists.
        """
        content, path = as_mapping(image).get("bytes"), as_mapping(image).get("path")
        if not isinstance(content, bytes):
            problem = f"expected the bytes of an image, not {type(content).__name__}"
            raise BadInputError(problem)
        number = coco_number(name or (path if isinstance(path, str) else ""))
        named = f"{TRAIN_2014}{number:012d}" if number is not None else None
        key = named or hashlib.sha256(content).hexdigest()[:20]
        if key not in self._kept:
            header = header_of_bytes(content, self.folder.orientation)
            file_name = key + header.ending
            if self.is_written:
                self._write(self.folder.path / file_name, content)
            self._kept[key] = KeptPhoto(file_name, header.width, header.height)
        return self._kept[key]

    def _write(self, file: Path, content: bytes) -> None:
        try:
            if file.exists():
                if file.read_bytes() != content:
                    problem = f"{file} exists already and is a different image"
                    raise BadInputError(f"{problem}; choose another folder with --images")
                return
            with whole_file(file) as partial:
                partial.write_bytes(content)
        except OSError as fault:
            raise BadInputError(f"cannot write the image: {fault.strerror}", file=file) from fault
