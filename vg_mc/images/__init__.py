"""Views, which draw candidate images of regions, and access to image files.

A marker highlights the region within the whole image. A crop shows the region alone, at a higher
resolution than the resized image has.
"""

from vg_mc.images.crops import Crop
from vg_mc.images.highlights import Circle, Outside
from vg_mc.images.markers import Marker
from vg_mc.images.regions import Regions
from vg_mc.images.views import (
    DEFAULT_VIEW,
    VIEWS,
    View,
    ViewOptions,
    choose_views,
    draw_views,
    present_name,
)

__all__ = [
    "DEFAULT_VIEW",
    "VIEWS",
    "Circle",
    "Crop",
    "Marker",
    "Outside",
    "Regions",
    "View",
    "ViewOptions",
    "choose_views",
    "draw_views",
    "present_name",
]
