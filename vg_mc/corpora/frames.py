"""The frame of a corpus: whether boxes and image sizes refer to stored or to shown images.

They differ for images with an EXIF orientation, whose sizes are read from the files; sizes that
the annotations state may be those of either frame.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NamedTuple

import numpy as np

from vg_mc.boxes.arithmetic import as_boxes
from vg_mc.boxes.conventions import Sizes
from vg_mc.boxes.frames import Framed, FramedBoxes, framed_convention
from vg_mc.boxes.judging import DeclaredBoxes, convention_of
from vg_mc.errors import BadInputError
from vg_mc.images.headers import sizes_of_turned
from vg_mc.records import ImageFolder, Orientation, Photo

FRAMES: tuple[Orientation, ...] = ("stored", "shown")

Size = tuple[int, int]  # width, height in pixels


class PlacedBox(NamedTuple):
    """A box as written, its image, and the size of the image that the annotations state."""

    numbers: tuple[float, ...]
    photo: Photo
    stated: Size | None


@dataclass(frozen=True, slots=True)
class ImageFrames:
    """The image files of a corpus, and what is known of the frame of the boxes.

    Attributes:
        folder: Folder of the images, with the declared frame, or the default one.
        turned: Sizes in both frames of the images with an EXIF orientation, by file name.
        is_declared: Whether the frame of the folder is declared and need not be judged.
    """

    folder: ImageFolder
    turned: Mapping[str, Mapping[Orientation, Size]] = field(default_factory=dict)
    is_declared: bool = True

    @classmethod
    def of(
        cls,
        folder: ImageFolder,
        names: Iterable[str],
        *,
        is_declared: bool,
        beside: Path | None = None,
    ) -> "ImageFrames":
        """Read the EXIF orientation of the named images; missing files are reported elsewhere.

        Args:
            folder: Folder of the images, with the declared frame, or the default one.
            names: Names of images.
            is_declared: Whether the frame is declared.
            beside: Another folder, for images that are not in the first one.
        """
        folders = [folder.path, *([beside] if beside else [])]
        found = {}
        for name in dict.fromkeys(names):
            path = next((one for one in folders if (one / name).is_file()), folder.path)
            found[name] = sizes_of_turned(path, name)
        turned = {name: sizes for name, sizes in found.items() if sizes is not None}
        return cls(folder, turned, is_declared)

    def in_frame(self, photo: Photo, frame: Orientation) -> Photo:
        """Return an image with its size in a frame."""
        if photo.file_name not in self.turned:
            return photo
        width, height = self.turned[photo.file_name][frame]
        return replace(photo, width=width, height=height)

    def resized(self, photo: Photo, frame: Orientation) -> Photo:
        """Return an image with its size in a frame, in place of the size in the annotations.

        Raises:
            BadInputError: If the annotations state another size.
        """
        framed = self.in_frame(photo, frame)
        if not self.has_size(framed, (photo.width, photo.height)):
            size = f"{framed.width} x {framed.height}"
            problem = f"expected an image size of {size} pixels with EXIF orientation"
            raise BadInputError(f"{problem}, not {photo.width} x {photo.height}")
        return framed

    def has_size(self, photo: Photo, size: Size) -> bool:
        """Return True if an image has a size in any frame."""
        possible = self.turned.get(photo.file_name, {}).values()
        return size in possible or size == (photo.width, photo.height)

    def convention(
        self, placed: Sequence[PlacedBox], declared: DeclaredBoxes, file: Path
    ) -> Framed:
        """Return frame and convention of all boxes of a file.

        Raises:
            BadInputError: If they do not fit what is declared, or several conventions fit.
        """
        frame = self.folder.orientation
        numbers, images = as_boxes([box.numbers for box in placed]), [one.photo for one in placed]
        turned = np.array([photo.file_name in self.turned for photo in images], np.bool_)
        keys = [photo.image_id for photo in images]
        if not turned.any():
            sizes = self._sizes(images, frame)
            return Framed(frame, convention_of(numbers, sizes, keys, declared, file=file))
        framed = {frame: self._sizes(images, frame) for frame in FRAMES}
        boxes = FramedBoxes(numbers, keys, framed, turned)
        return framed_convention(
            boxes,
            declared,
            default=frame,
            stated=self._stated(placed),
            is_declared=self.is_declared,
            file=file,
        )

    def _sizes(self, photos: Sequence[Photo], frame: Orientation) -> Sizes:
        framed = (self.in_frame(photo, frame) for photo in photos)
        sizes = [(photo.width, photo.height) for photo in framed]
        return np.array(sizes, np.float64).reshape(-1, 2)

    def _stated(self, placed: Sequence[PlacedBox]) -> Orientation | None:
        """Return the only frame whose sizes are stated, None if there are both or neither."""
        agreeing = set()
        for box in placed:
            sizes = self.turned.get(box.photo.file_name, {})
            found = [frame for frame, size in sizes.items() if size == box.stated]
            agreeing |= set(found) if len(found) == 1 else set()
        return agreeing.pop() if len(agreeing) == 1 else None


FramesOf = Callable[[Iterable[str]], ImageFrames]  # returns the frames of images by their names
