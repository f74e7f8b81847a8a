"""The official evaluation splits at their real size, with photos, candidates and files made up.

Input are the lists that MiniGPT-4 publishes (github.com/Vision-CAIR/MiniGPT-4): one JSON file per
split, such as ``refcoco+_testA.json``, with ``{img_id, sents, bbox, height, width}`` per sentence.
Sentences, boxes and sizes are the real ones. The photos are not: a slope of colour and grain, as
large and about as heavy as a photo of COCO.
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

BOXES = 10  # per photo: those that are meant, and others to fill up
SHIFT = 4.0  # pixels by which a side of a made-up detection misses the box that is meant
COLUMNS = ("image", "image_id", "expression", "left", "top", "width", "height", "split")


@dataclass(frozen=True, slots=True)
class OfficialSplit:
    """A split as files that prepare_data.py reads.

    Attributes:
        name: Such as ``refcoco+_testA``.
        split: What the table calls it, such as ``testA``.
        table: CSV with a row per sentence, for the corpus ``table``.
        detections: COCO results with `BOXES` detections per photo.
    """

    name: str
    split: str
    table: Path
    detections: Path


def make_splits(source: Path, folder: Path) -> list[OfficialSplit]:
    """Write table, detections and missing photos of every split in `source`."""
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
    """Return the file name of a photo."""
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
    """Detect, in made-up fashion, every box that is meant and as many others as make ten."""
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
    """Return boxes (count, 4) as left, top, width, height, each inside a photo of that size."""
    sides = generator.uniform(0.05, 0.6, (count, 2)) * size
    corners = generator.uniform(0, 1, (count, 2)) * (size - sides)
    return np.hstack([corners, sides])
