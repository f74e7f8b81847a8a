"""Drawing the views of a photo's regions: it is resized once for all views of the whole photo.

The views that have names, and how their properties are changed.

Where the figures come from: CPT fills with (240, 0, 30) at 127 of 255; FGVP draws red lines of two
pixels on the resized photo, its circle around a box grown by 1 %; ReCLIP and FGVP blur the photo
with a standard deviation of 100 pixels, and photos of COCO are 640 pixels wide or high.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, replace
from typing import Any

from PIL import Image, ImageColor

from vg_mc.boxes.arithmetic import Boxes
from vg_mc.boxes.transforms import Fit, fit_photo, place
from vg_mc.images.crops import Crop, crop_out
from vg_mc.images.highlights import Circle, Outside, encircle, set_apart
from vg_mc.images.markers import MARKERS, Marker, draw
from vg_mc.records import XYXY

View = Marker | Circle | Outside | Crop


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
    picture = fit_photo(photo, size, fit)
    placed = place(*photo.size, size, fit).forward(boxes)
    drawn = [
        crop_out(photo, _corners(boxes), view, size)
        if isinstance(view, Crop)
        else _pointed(picture, _corners(placed), view)
        for view in views
    ]
    return zip(*drawn, strict=True)


def _pointed(
    picture: Image.Image, boxes: list[XYXY], view: Marker | Circle | Outside
) -> Iterator[Image.Image]:
    if isinstance(view, Circle):
        return encircle(picture, boxes, view)
    if isinstance(view, Outside):
        return set_apart(picture, boxes, view)
    return draw(picture, boxes, view)


def _corners(boxes: Boxes) -> list[XYXY]:
    return [(left, top, right, bottom) for left, top, right, bottom in boxes.tolist()]


VIEWS: dict[str, View] = {
    **MARKERS,
    "circle-red": Circle(color=(255, 0, 0), outline=2, growth=0.01),
    "blur-outside": Outside(blur=100 / 640, saturation=1.0),
    "gray-outside": Outside(blur=0.0, saturation=0.0),
    "crop": Crop(square="squashed"),
    "crop-padded": Crop(square="surroundings"),
    "crop-bars": Crop(square="bars"),
}


def choose_views(names: Sequence[str], changes: Mapping[str, object]) -> dict[str, View]:
    """Return the views called `names`, with the given properties in place of their own.

    Args:
        names: Of `VIEWS`, each once; the first is the one that is trained on.
        changes: Values of `color`, `opacity`, `outline` or `context`, for all views that have such
            a property. A color is anything that Pillow reads, such as ``red`` or ``#f0001e``.

    Raises:
        ValueError: If a name or a value is not usable, or no view has the property.
    """
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
        views |= {name: _changed(views[name], key, used) for name in having}
    return views


def _changed(view: Any, key: str, value: Any) -> View:  # noqa: ANN401 - any view, any property
    changed: View = replace(view, **{key: value})
    return changed


def _properties(view: View) -> set[str]:
    return {each.name for each in fields(view)}
