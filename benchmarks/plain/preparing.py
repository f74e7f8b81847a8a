"""Preparation in the baseline: one full-size JPEG file per candidate, on a copy of the image.

clip-refcoco reads an image once and draws three layers on each copy of it, each blended over the
whole image: ticks at the corners, an outline and a fill, followed by a solid outline. The
parameters are those of clip-refcoco; the code is not.
"""

import json
import multiprocessing
from collections import defaultdict
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

import cv2

from vg_mc.records import XYXY

LIMEGREEN = (50, 205, 50)  # the same in OpenCV's order of colours
OPACITY = 0.5
FILL = OPACITY / 3  # the drawing tool uses a third of the given value
OUTLINE = 2
TICK = 7
QUALITY = 95  # OpenCV's default

Photos = list[tuple[Path, int, list[XYXY]]]  # file, image id and boxes of each


def draw_all(photos: Photos, folder: Path, processes: int, *, read_again: bool) -> None:
    """Write ``<image id>_<number of the box>.jpg`` for every box.

    With `read_again`, the image is read again for each of its boxes.
    """
    draw = partial(_draw_some, folder, read_again)
    if processes == 1:
        draw(photos)
        return
    context = multiprocessing.get_context("spawn")
    shares = [photos[first::processes] for first in range(processes)]
    with ProcessPoolExecutor(processes, mp_context=context) as pool:
        list(pool.map(draw, shares))


def _draw_some(folder: Path, read_again: bool, photos: Photos) -> None:
    for file, image_id, boxes in photos:
        photo = _read(file)
        for number, box in enumerate(boxes):
            candidate = _marked(_read(file) if read_again and number else photo, box)
            name = str(folder / f"{image_id}_{number}.jpg")
            cv2.imwrite(name, candidate, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])


def _read(file: Path) -> cv2.typing.MatLike:
    photo = cv2.imread(str(file))
    assert photo is not None, f"{file} cannot be read"
    return photo


def _marked(photo: cv2.typing.MatLike, box: XYXY) -> cv2.typing.MatLike:
    left, top, right, bottom = (int(corner) for corner in box)
    corners = (left, top), (right, bottom)
    candidate = photo.copy()

    layer = candidate.copy()
    for x, inwards in ((left, TICK), (right, -TICK)):
        for y, down in ((top, TICK), (bottom, -TICK)):
            cv2.line(layer, (x, y), (x + inwards, y), LIMEGREEN, OUTLINE + 1)
            cv2.line(layer, (x, y), (x, y + down), LIMEGREEN, OUTLINE + 1)
    cv2.addWeighted(layer, OPACITY, candidate, 1 - OPACITY, 0, candidate)

    layer = candidate.copy()
    cv2.rectangle(layer, *corners, LIMEGREEN, OUTLINE)
    cv2.addWeighted(layer, OPACITY, candidate, 1 - OPACITY, 0, candidate)

    layer = candidate.copy()
    cv2.rectangle(layer, *corners, LIMEGREEN, cv2.FILLED)
    cv2.addWeighted(layer, FILL, candidate, 1 - FILL, 0, candidate)
    return cv2.rectangle(candidate, *corners, LIMEGREEN, OUTLINE)


def read_detections(file: Path, confidence: float) -> dict[int, list[XYXY]]:
    """Return the stored boxes of each image, best first."""
    boxes = defaultdict(list)
    for found in sorted(json.loads(file.read_text()), key=lambda found: -found["score"]):
        if found["score"] >= confidence:
            left, top, width, height = found["box"]
            boxes[found["image_id"]].append((left, top, left + width - 1, top + height - 1))
    return boxes
