"""The official evaluation splits at full size, with synthetic images and detections.

The input is the lists published by MiniGPT-4 (github.com/Vision-CAIR/MiniGPT-4): one JSON file per
split, such as ``refcoco+_testA.json``, with ``{img_id, sents, bbox, height, width}`` per
expression. Expressions, boxes and image sizes are real. The images are colour gradients with noise,
with the dimensions and about the file size of images of COCO.
"""

import csv
import json
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.made_up import draw_photo
from vg_mc.system.fields import read_json
from vg_mc.system.progress import progress_bar

BOXES = 10  # detections per image: the targets, and random boxes
SHIFT = 4.0  # error of each side of a synthetic detection of a target, in pixels
COLUMNS = ("image", "image_id", "expression", "left", "top", "width", "height", "split")


@dataclass(frozen=True, slots=True)
class OfficialSplit:
    """A split as input files of prepare_data.py.

    Attributes:
        name: Name such as ``refcoco+_testA``.
        split: Split in the table, such as ``testA``.
        table: CSV file with one row per expression, for ``--corpus table``.
        detections: COCO results with `BOXES` detections per image.
    """

    name: str
    split: str
    table: Path
    detections: Path


def make_splits(source: Path, folder: Path) -> list[OfficialSplit]:
    """Write the table, the detections and missing images of every split in `source`."""
    photos = folder / "photos"
    photos.mkdir(parents=True, exist_ok=True)
    splits, sizes = [], {}
    for path in sorted(source.glob("*.json")):
        sentences = read_json(path)
        assert isinstance(sentences, list), path
        splits.append(_write_split(path.stem, sentences, folder))
        for sentence in sentences:
            sizes[_image_id(sentence)] = (sentence["width"], sentence["height"])
    missing = [
        (photos / photo_name(image_id), image_id, *size)
        for image_id, size in sizes.items()
        if not (photos / photo_name(image_id)).exists()
    ]
    with ProcessPoolExecutor() as pool:
        written = pool.map(_write_photo, missing, chunksize=16)
        list(progress_bar(written, description="photos", total=len(missing)))
    return splits


def photo_name(image_id: int) -> str:
    """Return the file name of an image."""
    return f"{image_id:012d}.jpg"


def _write_photo(task: tuple[Path, int, int, int]) -> None:
    path, image_id, width, height = task
    draw_photo(image_id, width, height, path)


def _image_id(sentence: dict[str, str]) -> int:
    return int(sentence["img_id"].split("_")[2])  # COCO_train2014_000000580957_4


def _write_split(name: str, sentences: list[dict[str, str]], folder: Path) -> OfficialSplit:
    short, home = name.rpartition("_")[2], folder / name
    split = OfficialSplit(name, short, home / f"{short}.csv", home / "detections.json")
    split.table.parent.mkdir(exist_ok=True)
    with split.table.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        for sentence in sentences:
            image_id = _image_id(sentence)
            text, box = sentence["sents"], sentence["bbox"]
            writer.writerow([photo_name(image_id), image_id, text, *box, short])
    split.detections.write_text(json.dumps(_detections(sentences)))
    return split


def _detections(sentences: list[dict[str, str]]) -> list[dict[str, object]]:
    """Return synthetic detections: every target, and random boxes up to ten in total."""
    meant: dict[int, dict[tuple[float, ...], None]] = {}
    sizes = {}
    for sentence in sentences:
        image_id = _image_id(sentence)
        meant.setdefault(image_id, {})[tuple(map(float, sentence["bbox"]))] = None
        sizes[image_id] = (float(sentence["width"]), float(sentence["height"]))
    detections: list[dict[str, object]] = []
    for image_id, targets in meant.items():
        generator = np.random.default_rng(image_id)
        found = np.array(list(targets)) + generator.uniform(-SHIFT, SHIFT, (len(targets), 4))
        others = _anywhere(generator, max(0, BOXES - len(targets)), sizes[image_id])
        boxes = np.concatenate([found, others])
        boxes[:, 2:] = boxes[:, 2:].clip(min=SHIFT)
        scores = generator.uniform(0.3, 1, len(boxes)).round(3).tolist()
        detections += [
            {"image_id": image_id, "bbox": box, "score": score, "category_id": 1}
            for box, score in zip(boxes.round(2).tolist(), scores, strict=True)
        ]
    return detections


def _anywhere(
    generator: np.random.Generator, count: int, size: tuple[float, float]
) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    """Return random boxes (count, 4) inside an image, as left, top, width, height."""
    sides = generator.uniform(0.05, 0.6, (count, 2)) * size
    corners = generator.uniform(0, 1, (count, 2)) * (size - sides)
    return np.hstack([corners, sides])
