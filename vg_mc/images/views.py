"""Views: the registered ways of showing a region to a model.

To add a view, write a frozen dataclass with a `draw` method in a file of this folder and name it in
`VIEWS`. Its fields are the properties that a manifest lists and that flags such as ``--color``
change.

Where the figures come from: CPT fills with (240, 0, 30) at 127 of 255 and draws no line; FGVP draws
red lines of two pixels on the resized photo, its circle around a box grown by 1 %; ReCLIP and FGVP
blur the photo with a standard deviation of 100 pixels, and photos of COCO are 640 pixels wide or
high. Of clip-refcoco both are offered: what it drew, and what its README says.
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
    """A frozen dataclass that draws regions."""

    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]

    def draw(self, regions: Regions) -> Iterator[Image.Image]:
        """Yield a square image of the size of `regions.fitted` for each box."""


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
    "How a region is shown, in one or several views; models train on the first, a marker. There "
    f"are {', '.join(VIEWS)}; see docs/method.md."
)

# Views that were renamed. The former names are accepted wherever a view is named, and files of
# prepared datasets keep them, so that their bytes stay the same.
FORMER_NAMES = {"clip-refcoco": "seed", "clip-refcoco-readme": "seed-readme"}
_PRESENT_NAMES = {former: name for name, former in FORMER_NAMES.items()}


def present_name(name: str) -> str:
    """Return the name of a view that may be given by a former one."""
    return _PRESENT_NAMES.get(name, name)


def name_in_files(name: str) -> str:
    """Return the name of a view in columns and files of a prepared dataset."""
    return FORMER_NAMES.get(name, name)


def draw_views(
    photo: Image.Image, boxes: Boxes, views: Sequence[View], size: int, fit: Fit
) -> Iterator[tuple[Image.Image, ...]]:
    """Yield the pictures of each box, one for each view, all of them square.

    Args:
        photo: In RGB, as large as it was opened.
        boxes: In pixels of the photo (N, 4).
        views: What to draw of each box.
        size: Side of the pictures in pixels.
        fit: How the whole photo becomes square, where a view shows the whole of it.
    """
    regions = Regions.of(photo, boxes, size, fit)
    return zip(*(view.draw(regions) for view in views), strict=True)


def choose_views(names: Sequence[str], changes: Mapping[str, object]) -> dict[str, View]:
    """Return the views called `names`, with the given properties in place of their own.

    Args:
        names: Of `VIEWS`, each once; the first is the one that is trained on.
        changes: Values of `color`, `opacity`, `outline` or `context`, for all views that have such
            a property. A color is anything that Pillow reads, such as ``red`` or ``#f0001e``.

    Raises:
        ValueError: If a name or a value is not usable, or no view has the property.
    """
    names = [present_name(name) for name in names]
    if not names or len(set(names)) < len(names):
        raise ValueError(f"expected one view or several, each once, not {', '.join(names)!r}")
    for name in names:
        if name not in VIEWS:
            raise ValueError(f"no view is called {name!r}; there are {', '.join(VIEWS)}")
    views = {name: VIEWS[name] for name in names}
    for key, value in changes.items():
        having = [name for name, view in views.items() if key in _properties(view)]
        if not having:
            raise ValueError(f"{', '.join(names)}: nothing here has the property {key}")
        used: Any = ImageColor.getrgb(str(value))[:3] if key == "color" else value
        views |= {name: replace(views[name], **{key: used}) for name in having}
    return views


@dataclass(frozen=True)
class ViewOptions:
    """How a region is shown."""

    views: Annotated[tuple[str, ...], tyro.conf.arg(help=HELP)] = (DEFAULT_VIEW,)

    color: str | None = None
    """Colour in place of the views' own: a name or #rrggbb."""

    opacity: float | None = None
    """Opacity of the shading in place of the views' own, from 0 to 1."""

    outline: int | None = None
    """Width of lines in pixels of the picture, in place of the views' own."""

    context: float | None = None
    """Crops show so many times the width and height of the box; 1 by default."""

    def chosen(self) -> dict[str, View]:
        """Return the views with their properties.

        Raises:
            BadInputError: If a name or a property is not usable.
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
