"""Views: the ways of showing a region proposal to a model, each a pure function on pixels.

A marker leaves the whole photo in the picture and points at the region. A crop shows the region
alone, and keeps of the photo's resolution what resizing the whole photo would lose.
"""

from vg_mc.views.choosing import VIEWS, choose_views
from vg_mc.views.cropping import Crop
from vg_mc.views.drawing import View, draw_views
from vg_mc.views.pointing import Circle, Outside

__all__ = ["VIEWS", "Circle", "Crop", "Outside", "View", "choose_views", "draw_views"]
