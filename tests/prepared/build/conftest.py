"""A tiny corpus with real photos, and settings to prepare it."""

import json
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from vg_mc.images.markers import CLIP_REFCOCO
from vg_mc.prepared.build.settings import Drawing, PreparationSettings
from vg_mc.proposers.choice import ProposerChoice
from vg_mc.records import Corpus, ImageFolder, Photo, Proposal, ReferringExpression

ANNOTATIONS = ProposerChoice("annotations")
WIDTH, HEIGHT = 48, 32
BOXES = [(2.0, 3.0, 12.0, 15.0), (20.0, 5.0, 30.5, 28.0), (33.0, 1.0, 47.0, 31.0)]


def photo_name(image_id: int) -> str:
    return f"{image_id:03}.jpg"


def region(box, annotation_id: int) -> Proposal:
    return Proposal(box, 1.0, "circle", "annotations", annotation_id)


def make_corpus(folder: Path, regions: dict[str, list[int]]) -> Corpus:
    """Make photos with as many regions as `regions` lists for each split, each referred to once."""
    images = folder / "images"
    images.mkdir(parents=True)
    photos, expressions, annotations = {}, [], {}
    counts = [(split, count) for split, counts in regions.items() for count in counts]
    for image_id, (split, count) in enumerate(counts, start=1):
        noise = np.random.default_rng(image_id).integers(0, 256, (HEIGHT, WIDTH, 3), np.uint8)
        Image.fromarray(noise).save(images / photo_name(image_id))
        photos[image_id] = Photo(image_id, photo_name(image_id), WIDTH, HEIGHT)
        annotations[image_id] = [
            region(box, 10 * image_id + number) for number, box in enumerate(BOXES[:count])
        ]
        expressions += [
            ReferringExpression(
                expression_id=1000 + one.annotation_id,
                ref_id=500 + one.annotation_id,
                image_id=image_id,
                annotation_id=one.annotation_id,
                text=f"object {one.annotation_id}",
                target=one.box,
                category=one.category,
                split=split,
            )
            for one in annotations[image_id]
        ]
    source = folder / "instances.json"
    source.write_text("{}")
    return Corpus("tiny", ImageFolder(images), photos, expressions, annotations, [source], [])


def make_settings(corpus: Corpus, **changes) -> PreparationSettings:
    settings = PreparationSettings(
        drawing=Drawing({"clip-refcoco": CLIP_REFCOCO}, image_size=24, fit="squash"),
        train_proposer=ANNOTATIONS,
        proposer=ANNOTATIONS,
        splits=tuple(dict.fromkeys(one.split for one in corpus.expressions)),
        skip_bad=False,
    )
    return replace(settings, **changes)


@dataclass
class FakeDetector:
    """Finds the same boxes on every photo, and remembers which photos it was shown."""

    boxes: list[tuple[float, float, float, float]]
    seen: list[tuple[int, tuple[int, ...]]]

    def propose(self, photos, pixels, sentences):
        self.seen += [
            (photo.image_id, array.shape) for photo, array in zip(photos, pixels, strict=True)
        ]
        assert all(sentences)
        assert len(sentences) == len(photos)
        found = [Proposal(box, 0.5, "thing", "yolo") for box in self.boxes]
        return [list(found) for _ in photos]


@pytest.fixture
def detector(monkeypatch) -> FakeDetector:
    """Stand in for every detector of this process: two boxes on targets, one apart from all."""
    fake = FakeDetector([BOXES[0], (1.0, 1.0, 13.0, 16.0), (14.0, 18.0, 19.0, 31.0)], [])
    monkeypatch.setattr("vg_mc.proposers.building.build_proposer", lambda _: fake)
    return fake


@pytest.fixture
def stored_file(tmp_path) -> Path:
    """Store a box on a target and one apart from all for the photos 1 to 6, as COCO results."""
    detections = [
        {"image_id": image_id, "bbox": box, "score": score}
        for image_id in range(1, 7)
        for box, score in (((2, 3, 10, 12), 0.9), ((14, 18, 5, 13), 0.5))
    ]
    file = tmp_path / "stored.json"
    file.write_text(json.dumps(detections))
    return file


@pytest.fixture
def make():
    """Give tests the makers above, which they cannot import."""

    class Makers:
        corpus = staticmethod(make_corpus)
        settings = staticmethod(make_settings)
        photo_name = staticmethod(photo_name)
        boxes = BOXES

    return Makers
