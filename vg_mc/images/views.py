"""The registry of views, their options, and drawing.

To add a view, write a frozen dataclass with a `draw` method in a module of this package and add an
instance to `VIEWS`. Its fields are listed in manifests and changed by flags such as ``--color``.

Sources of the values: CPT fills with (240, 0, 30) at 127 of 255 and draws no outline. FGVP draws
red lines of two pixels on the resized image, with the circle around a box enlarged by 1 %. ReCLIP
and FGVP blur with a standard deviation of 100 pixels; images of COCO are 640 pixels wide or high.
clip-refcoco is available as drawn by its code and as described in its README.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import Field, dataclass, fields, replace
from typing import Annotated, Any, ClassVar, Protocol

import tyro
from PIL import Image, ImageColor

from vg_mc.boxes.arithmetic import Boxes
from vg_mc.boxes.transforms import Fit
from vg_mc.errors import BadInputError
from vg_mc.images.crops import Crop
from vg_mc.images.highlights import Circle, Outside
from vg_mc.images.markers import CLIP_REFCOCO, Marker
from vg_mc.images.regions import Regions
from vg_mc.images.spotlight import Spotlight


class View(Protocol):
    """A frozen dataclass that draws candidate images."""

    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]

    def draw(self, regions: Regions) -> Iterator[Image.Image]:
        """Yield a candidate image for each box, of the same size as `regions.fitted`."""


VIEWS: dict[str, View] = {
    "clip-refcoco": CLIP_REFCOCO,
    "clip-refcoco-readme": Marker(color=(0, 255, 0), opacity=0.5, outline=2),
    "cpt-red": Marker(color=(240, 0, 30), opacity=127 / 255, outline=0),
    "outline": Marker(color=(255, 0, 0), opacity=0.0, outline=2),
    "circle-red": Circle(color=(255, 0, 0), outline=2, growth=0.01),
    "blur-outside": Outside(blur=100 / 640, saturation=1.0),
    "gray-outside": Outside(blur=0.0, saturation=0.0),
    "spotlight": Spotlight(darkness=0.8, reach=0.25),
    "crop": Crop(square="squashed"),
    "crop-padded": Crop(square="surroundings"),
    "crop-bars": Crop(square="bars"),
}
DEFAULT_VIEW = "clip-refcoco"
HELP = (
    "Views of each candidate; training uses the first one, which must be a marker. Available: "
    f"{', '.join(VIEWS)}; see docs/method.md."
)

# Former names of renamed views. They are accepted as aliases, and files of prepared datasets keep
# them, so that the files do not change.
FORMER_NAMES = {"clip-refcoco": "seed", "clip-refcoco-readme": "seed-readme"}
_PRESENT_NAMES = {former: name for name, former in FORMER_NAMES.items()}


def present_name(name: str) -> str:
    """Return the current name of a view, given its current or former name."""
    return _PRESENT_NAMES.get(name, name)


def name_in_files(name: str) -> str:
    """Return the name of a view in columns and files of a prepared dataset."""
    return FORMER_NAMES.get(name, name)


def draw_views(
    photo: Image.Image, boxes: Boxes, views: Sequence[View], size: int, fit: Fit
) -> Iterator[tuple[Image.Image, ...]]:
    """Yield the candidate images of each box, one per view.

    Args:
        photo: The RGB image in its original size.
        boxes: Boxes of shape (N, 4) in pixels of the image.
        views: The views to draw.
        size: Side of the square candidate images in pixels.
        fit: How the whole image becomes square, for views that show all of it.
    """
    regions = Regions.of(photo, boxes, size, fit)
    return zip(*(view.draw(regions) for view in views), strict=True)


def choose_views(names: Sequence[str], changes: Mapping[str, object]) -> dict[str, View]:
    """Return views by name, with changed properties.

    Args:
        names: Names in `VIEWS`, each once; training uses the first one.
        changes: New values of `color`, `opacity`, `outline` or `context`, for all views with the
            property. A color is a name or code that Pillow accepts, such as ``red`` or ``#f0001e``.

    Raises:
        ValueError: If a name is unknown or repeated, a value is invalid, or no view has the
            property.
    """
    names = [present_name(name) for name in names]
    if not names or len(set(names)) < len(names):
        raise ValueError(f"expected one or more views, each once, found {', '.join(names)!r}")
    for name in names:
        if name not in VIEWS:
            raise ValueError(f"unknown view {name!r}; available: {', '.join(VIEWS)}")
    views = {name: VIEWS[name] for name in names}
    for key, value in changes.items():
        having = [name for name, view in views.items() if key in _properties(view)]
        if not having:
            raise ValueError(f"{', '.join(names)}: no view has the property {key}")
        used: Any = ImageColor.getrgb(str(value))[:3] if key == "color" else value
        views |= {name: replace(views[name], **{key: used}) for name in having}
    return views


@dataclass(frozen=True)
class ViewOptions:
    """Options for drawing candidate images."""

    views: Annotated[tuple[str, ...], tyro.conf.arg(help=HELP)] = (DEFAULT_VIEW,)

    color: str | None = None
    """Color of lines and shading, a name or #rrggbb; by default that of the view."""

    opacity: float | None = None
    """Opacity of the shading, from 0 to 1; by default that of the view."""

    outline: int | None = None
    """Width of lines in pixels of the candidate image; by default that of the view."""

    context: float | None = None
    """Size of crops relative to the box, at least 1; by default 1."""

    def chosen(self) -> dict[str, View]:
        """Return the selected views with their properties.

        Raises:
            BadInputError: If a name or a property is invalid.
        """
        properties = ("color", "opacity", "outline", "context")
        values = {name: getattr(self, name) for name in properties}
        changes = {name: value for name, value in values.items() if value is not None}
        try:
            return choose_views(self.views, changes)
        except ValueError as error:
            raise BadInputError(str(error), record="--views") from error


def _properties(view: View) -> set[str]:
    return {each.name for each in fields(view)}
