"""Drawing the views of a photo's regions: it is resized once for all views of the whole photo."""

from collections.abc import Iterator, Sequence

from PIL import Image

from vg_mc.boxes import Boxes
from vg_mc.fitting import Fit, fit_photo, place
from vg_mc.markers import Marker, draw
from vg_mc.records import XYXY
from vg_mc.views.cropping import Crop, crop_out
from vg_mc.views.pointing import Circle, Outside, encircle, set_apart

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
    placed = place(*photo.size, size, fit).to_picture(boxes)
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
