"""Views: the ways of showing a region proposal to a model, each a pure function on pixels.

A marker leaves the whole photo in the picture and points at the region. A crop shows the region
alone, and keeps of the photo's resolution what resizing the whole photo would lose.
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
