"""Exact, invertible transforms between an image and a model input, for pixels and boxes.

All of them map x and y independently, so a transform of boxes is a scale and an offset per axis.
Nothing is rounded: an image that is resized to whole pixels has the scale of those whole pixels.

`Squash` and `Letterbox` fit a whole image into a square. CLIP's own preprocessing crops the center,
which removes an eighth of a 640x480 image on either side with all boxes there.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from vg_mc.boxes.arithmetic import Boxes, areas, as_boxes
from vg_mc.records import XYXY

Fit = Literal["squash", "letterbox"]
RGB = tuple[int, int, int]
Size = tuple[int, int]  # width, height in pixels

# CLIP's mean colour: after normalising, the bars of a letterbox are zero.
BAR_COLOR: RGB = (123, 117, 104)


@dataclass(frozen=True, slots=True)
class Affine:
    """A map of coordinates, ``output = input * scale + offset`` along x and y.

    Attributes:
        scale: A negative value flips the axis; zero has no inverse.
        offset: In pixels of the output.
    """

    scale: tuple[float, float] = (1.0, 1.0)
    offset: tuple[float, float] = (0.0, 0.0)

    @classmethod
    def between(cls, size: Size, resized: Size) -> "Affine":
        """Return the map from an image of `size` to the same image `resized`."""
        return cls(scale=(resized[0] / size[0], resized[1] / size[1]))

    def forward(self, boxes: Boxes) -> Boxes:
        """Map boxes (N, 4) of the input to the output."""
        return self._ordered(boxes * (*self.scale, *self.scale) + (*self.offset, *self.offset))

    def backward(self, boxes: Boxes) -> Boxes:
        """Map boxes (N, 4) of the output to the input."""
        return self._ordered((boxes - (*self.offset, *self.offset)) / (*self.scale, *self.scale))

    def then(self, following: "Affine") -> "Affine":
        """Return the map that applies this one first and `following` second."""
        (x_scale, y_scale), (x_offset, y_offset) = following.scale, following.offset
        return Affine(
            scale=(self.scale[0] * x_scale, self.scale[1] * y_scale),
            offset=(self.offset[0] * x_scale + x_offset, self.offset[1] * y_scale + y_offset),
        )

    def _ordered(self, boxes: Boxes) -> Boxes:
        """Swap left and right, or top and bottom, along a flipped axis."""
        columns = [0, 1, 2, 3]
        for axis in (0, 1):
            if self.scale[axis] < 0:
                columns[axis], columns[axis + 2] = axis + 2, axis
        return boxes if columns == [0, 1, 2, 3] else boxes[:, columns]


@dataclass(frozen=True, slots=True)
class Geometry:
    """The effect of a transform on coordinates, for images of one size.

    Attributes:
        size: Width and height of the output.
        affine: From pixels of the image to pixels of the output.
        content: The box of the output that shows the image; what lies outside it is padding.
    """

    size: Size
    affine: Affine
    content: XYXY

    @classmethod
    def identity(cls, size: Size) -> "Geometry":
        """Return the geometry of an image that stays as it is."""
        return cls(size, Affine(), (0.0, 0.0, float(size[0]), float(size[1])))

    def forward(self, boxes: Boxes) -> Boxes:
        """Map boxes (N, 4) from the image to the output; they may leave it."""
        return self.affine.forward(boxes)

    def backward(self, boxes: Boxes) -> Boxes:
        """Map boxes (N, 4) from the output to the image."""
        return self.affine.backward(boxes)

    def visible(self, boxes: Boxes) -> Boxes:
        """Map boxes (N, 4) of the image to the output, clipped to the part that shows the image.

        A box of which nothing is visible has no area.
        """
        left, top, right, bottom = self.content
        return np.clip(self.forward(boxes), [left, top] * 2, [right, bottom] * 2)

    def visible_share(self, boxes: Boxes) -> NDArray[np.float64]:
        """Return the visible share of the area of each box (N, 4) of the image, shape (N,)."""
        whole, shown = areas(self.forward(boxes)), areas(self.visible(boxes))
        return np.divide(shown, whole, out=np.zeros_like(whole), where=whole > 0)

    def then(self, following: "Geometry") -> "Geometry":
        """Return the geometry of both, `following` being that of an image of this one's size."""
        content = following.visible(as_boxes([self.content]))[0].tolist()
        return Geometry(following.size, self.affine.then(following.affine), tuple(content))


class Transform(Protocol):
    """A transform of an image and of its boxes."""

    def geometry(self, size: Size) -> Geometry:
        """Return the geometry for images of this size."""

    def apply(self, image: Image.Image) -> Image.Image:
        """Transform the pixels of an RGB image."""


@dataclass(frozen=True, slots=True)
class Squash:
    """Stretch a whole image to a square, ignoring its aspect ratio."""

    side: int

    def geometry(self, size: Size) -> Geometry:
        """Return the geometry for images of this size."""
        return _stretched(size, (self.side, self.side))

    def apply(self, image: Image.Image) -> Image.Image:
        """Transform the pixels of an RGB image."""
        return _resized(image, (self.side, self.side))


@dataclass(frozen=True, slots=True)
class Placed:
    """Fit a whole image into a part of a square; the rest is padding.

    Attributes:
        side: Side of the square in pixels.
        fit: Whether the image is stretched to the part or keeps its aspect ratio.
        share: Side of the part as a fraction of `side`, in (0, 1].
        at: Position along x and y, from 0 (left, top) to 1.
        color: Color of the padding.
    """

    side: int
    fit: Fit
    share: float = 1.0
    at: tuple[float, float] = (0.5, 0.5)
    color: RGB = BAR_COLOR

    def geometry(self, size: Size) -> Geometry:
        """Return the geometry for images of this size."""
        inner = self._inner(size)
        left, top = (
            float(int((self.side - length) * at)) for length, at in zip(inner, self.at, strict=True)
        )
        content = (left, top, left + inner[0], top + inner[1])
        affine = Affine(Affine.between(size, inner).scale, (left, top))
        return Geometry((self.side, self.side), affine, content)

    def apply(self, image: Image.Image) -> Image.Image:
        """Transform the pixels of an RGB image."""
        square = Image.new("RGB", (self.side, self.side), self.color)
        left, top = self.geometry(image.size).affine.offset
        square.paste(_resized(image, self._inner(image.size)), (int(left), int(top)))
        return square

    def _inner(self, size: Size) -> Size:
        part = max(1, round(self.side * self.share))
        return (part, part) if self.fit == "squash" else _longer_side(size, part)


@dataclass(frozen=True, slots=True)
class Letterbox:
    """Fit a whole image into a square, keep its aspect ratio, and pad two sides."""

    side: int
    color: RGB = BAR_COLOR

    def geometry(self, size: Size) -> Geometry:
        """Return the geometry for images of this size."""
        return self._placed.geometry(size)

    def apply(self, image: Image.Image) -> Image.Image:
        """Transform the pixels of an RGB image."""
        return self._placed.apply(image)

    @property
    def _placed(self) -> Placed:
        return Placed(self.side, "letterbox", color=self.color)


@dataclass(frozen=True, slots=True)
class LongerSide:
    """Resize an image so that its longer side has `side` pixels; a smaller one stays as it is."""

    side: int

    def geometry(self, size: Size) -> Geometry:
        """Return the geometry for images of this size."""
        return _stretched(size, self._size(size))

    def apply(self, image: Image.Image) -> Image.Image:
        """Transform the pixels of an RGB image."""
        return _resized(image, self._size(image.size))

    def _size(self, size: Size) -> Size:
        return _longer_side(size, min(self.side, max(size)))


@dataclass(frozen=True, slots=True)
class Crop:
    """Cut out a window of whole pixels; where it leaves the image, the output is padded."""

    left: int
    top: int
    right: int
    bottom: int
    color: RGB = BAR_COLOR

    def geometry(self, size: Size) -> Geometry:
        """Return the geometry for images of this size."""
        window = (self.right - self.left, self.bottom - self.top)
        left, top = float(max(0, -self.left)), float(max(0, -self.top))
        right, bottom = (
            float(min(extent, limit - start))
            for extent, limit, start in zip(window, size, (self.left, self.top), strict=True)
        )
        affine = Affine(offset=(-self.left, -self.top))
        return Geometry(window, affine, (left, top, max(left, right), max(top, bottom)))

    def apply(self, image: Image.Image) -> Image.Image:
        """Transform the pixels of an RGB image."""
        window = (self.right - self.left, self.bottom - self.top)
        padded = Image.new("RGB", window, self.color)
        padded.paste(image, (-self.left, -self.top))
        return padded


@dataclass(frozen=True, slots=True)
class HorizontalFlip:
    """Flip an image horizontally."""

    def geometry(self, size: Size) -> Geometry:
        """Return the geometry for images of this size."""
        whole = Geometry.identity(size)
        return Geometry(size, Affine((-1.0, 1.0), (float(size[0]), 0.0)), whole.content)

    def apply(self, image: Image.Image) -> Image.Image:
        """Transform the pixels of an RGB image."""
        return image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)


@dataclass(frozen=True, slots=True)
class Compose:
    """A sequence of transforms; an empty one is the identity."""

    steps: tuple[Transform, ...] = ()

    def geometry(self, size: Size) -> Geometry:
        """Return the geometry for images of this size."""
        whole = Geometry.identity(size)
        for step in self.steps:
            whole = whole.then(step.geometry(whole.size))
        return whole

    def apply(self, image: Image.Image) -> Image.Image:
        """Transform the pixels of an RGB image."""
        for step in self.steps:
            image = step.apply(image)
        return image


FITS: dict[Fit, Callable[[int], Transform]] = {"squash": Squash, "letterbox": Letterbox}


def place(width: int, height: int, size: int, fit: Fit) -> Affine:
    """Return where an image of `width` x `height` lies in a square input of `size` pixels."""
    return FITS[fit](size).geometry((width, height)).affine


def fit_photo(photo: Image.Image, size: int, fit: Fit) -> Image.Image:
    """Resize an RGB image to a square of `size` pixels."""
    return FITS[fit](size).apply(photo)


def _stretched(size: Size, resized: Size) -> Geometry:
    content = (0.0, 0.0, float(resized[0]), float(resized[1]))
    return Geometry(resized, Affine.between(size, resized), content)


def _resized(image: Image.Image, size: Size) -> Image.Image:
    """Resize bicubically with antialiasing, as CLIP was trained."""
    return image.resize(size, Image.Resampling.BICUBIC)


def _longer_side(size: Size, side: int) -> Size:
    scale = side / max(size)
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))
