"""The three boxes that most inputs show, and checks of a prepared dataset against them.

A box is right if it has the annotated coordinates and if the stored image has its color there: the
second fails if boxes and pixels are in different frames.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np

from vg_mc.commands.config import parse_config
from vg_mc.commands.prepare_data import PrepareConfig, run
from vg_mc.prepared.dataset import PreparedDataset, open_prepared
from vg_mc.records import XYXY

COLORS = ("red", "green", "blue")  # in the order of the channels
RED, GREEN, BLUE = (20, 30, 100, 90), (60, 170, 180, 230), (150, 40, 250, 160)
UPRIGHT: Mapping[str, XYXY] = dict(zip(COLORS, (RED, GREEN, BLUE), strict=True))
TURNED: Mapping[str, XYXY] = {  # in the frame that EXIF orientation 6 shows
    color: (top, left, bottom, right) for color, (left, top, right, bottom) in UPRIGHT.items()
}
FIVE_TIMES: Mapping[str, XYXY] = {
    color: (5 * left, 5 * top, 5 * right, 5 * bottom)
    for color, (left, top, right, bottom) in UPRIGHT.items()
}
OBJECTS = {"bowl": "red", "dog": "blue", "car": "green"}  # categories of the colored boxes
OFF_BY_ONE = 0.99  # pixels; coordinates in shares of 1000 are rounded, but by less

PREPARED = "prepared"
SMALL = ["--image-size", "32", "--whole-images", "1600"]  # no image is larger


def prepare(folder: Path, scratch: Path, flags: Sequence[str]) -> PreparedDataset:
    """Prepare a dataset with whole images; `{}` in a flag is the folder of the case."""
    placed = [flag.replace("{}", str(folder)) for flag in flags]
    output = ["--output", str(scratch / PREPARED), "--num-workers", "1"]
    run(parse_config(PrepareConfig, [*output, *SMALL, *placed]))
    return open_prepared(scratch / PREPARED)


def right_targets(dataset: PreparedDataset, boxes: Mapping[str, XYXY]) -> str:
    """Return how many targets are the boxes of the color in their expression, by split."""
    counts = {split: _right_of_split(dataset, split, boxes) for split in sorted(dataset.splits)}
    rejected = int(dataset.manifest["rejected"])
    said = [f"{split} {count}" for split, count in counts.items()]
    said += [f"{rejected} rejected"] if rejected else []
    said += [f"noted: {one}" for one in _conventions_in(dataset.manifest.get("notes", []))]
    return ", ".join(said)


def _conventions_in(notes: Iterable[str]) -> list[str]:
    """Return the box conventions that the notes say were inferred."""
    return [
        found[0] for note in notes if (found := re.search(r"\w+ in (pixels|unit|per\S+)", note))
    ]


def _right_of_split(dataset: PreparedDataset, split: str, boxes: Mapping[str, XYXY]) -> str:
    expressions = dataset.expressions(split)
    rows = zip(expressions.image_ids, expressions.texts, expressions.targets.tolist(), strict=True)
    right = [
        _is_right(dataset, int(image_id), color_in(text), box, boxes)
        for image_id, text, box in rows
    ]
    return f"{sum(right)} of {len(right)}"


def right_candidates(dataset: PreparedDataset, boxes: Mapping[str, XYXY]) -> str:
    """Return how many detections are one of the boxes, and the color of each category."""
    found = dataset.detections()
    named: dict[str, set[str]] = {}
    right = total = 0
    for image_id, proposals in found.items():
        for one in proposals:
            total += 1
            colors = [c for c in COLORS if _is_right(dataset, image_id, c, one.box, boxes)]
            right += bool(colors)
            named.setdefault(one.category or "no category", set()).update(colors)
    listed = (f"{name}: {'/'.join(sorted(colors))}" for name, colors in sorted(named.items()))
    return f"{right} of {total} ({', '.join(listed)})"


def color_in(text: str) -> str:
    """Return the color that an expression names, directly or by its object; "" for none."""
    words = re.findall(r"\w+", text)
    named = [OBJECTS.get(word, word) for word in words]
    return next((word for word in named if word in COLORS), "")


def color_of(box: Sequence[float] | None) -> str:
    """Return the color of the box of `UPRIGHT` that a box is."""
    same = (color for color, one in UPRIGHT.items() if box is not None and _is_near(box, one))
    return next(same, "none of the boxes")


def _is_near(box: Sequence[float], other: XYXY) -> bool:
    return bool(np.abs(np.array(box) - other).max() <= OFF_BY_ONE)


def _is_right(
    dataset: PreparedDataset,
    image_id: int,
    color: str,
    box: Sequence[float],
    boxes: Mapping[str, XYXY],
) -> bool:
    if color not in boxes or not _is_near(box, boxes[color]):
        return False
    left, top, right, bottom = box
    (image,) = dataset.images(np.array([image_id]))
    pixels = np.asarray(image)
    middle = pixels[int(top + bottom) // 2, int(left + right) // 2]
    return COLORS[int(middle.argmax())] == color
