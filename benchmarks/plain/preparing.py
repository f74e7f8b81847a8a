"""The plain way to draw candidates: a full-size JPEG for each, from a photo that is read anew."""

import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

import cv2
import numpy as np

from vg_mc.records import XYXY

LIMEGREEN = (50, 205, 50)  # the same in OpenCV's order of colours
FILL = 1 / 6  # half, of which the drawing tool of clip-refcoco takes a third
OUTLINE = 2
QUALITY = 95  # what OpenCV takes when it is not told

Photos = list[tuple[Path, int, list[XYXY]]]  # file, image id and boxes of each


def draw_all(photos: Photos, folder: Path, processes: int) -> None:
    """Write ``<image id>_<number of the box>.jpg`` for every box."""
    if processes == 1:
        draw_some(folder, photos)
        return
    context = multiprocessing.get_context("spawn")
    shares = [photos[first::processes] for first in range(processes)]
    with ProcessPoolExecutor(processes, mp_context=context) as pool:
        list(pool.map(partial(draw_some, folder), shares))


def draw_some(folder: Path, photos: Photos) -> None:
    """Draw the candidates of some photos, one by one."""
    for file, image_id, boxes in photos:
        for number, box in enumerate(boxes):
            candidate = cv2.imread(str(file))
            assert candidate is not None, f"{file} cannot be read"
            left, top, right, bottom = (int(corner) for corner in box)
            region = candidate[top:bottom, left:right]
            colour = np.full_like(region, LIMEGREEN)
            candidate[top:bottom, left:right] = cv2.addWeighted(region, 1 - FILL, colour, FILL, 0)
            cv2.rectangle(candidate, (left, top), (right, bottom), LIMEGREEN, OUTLINE)
            name = str(folder / f"{image_id}_{number}.jpg")
            cv2.imwrite(name, candidate, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
