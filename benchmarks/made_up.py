"""Synthetic images of COCO's size with boxes and expressions, and with realistic file sizes.

Everything is derived from the number of the image, so that each process creates the same corpus.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from vg_mc.records import XYXY, Corpus, ImageFolder, Photo, Proposal, ReferringExpression

WIDTH, HEIGHT = 640, 480
BOXES = 10  # drawn in each photo
QUALITY = 90
GRAIN = 7  # standard deviation of the noise, for realistic file sizes

COLOURS = ["red", "blue", "white", "black", "green", "yellow", "brown", "gray", "striped", "dark"]
THINGS = [
    "man", "woman", "kid", "shirt", "car", "bus", "dog", "horse", "pizza", "bowl", "chair", "couch",
]  # fmt: skip
PLACES = ["on the left", "on the right", "in the middle", "at the top", "in back", "closest to us"]


@dataclass(frozen=True, slots=True)
class Shape:
    """Numbers of boxes and expressions per image.

    Attributes:
        name: Name in tables.
        boxes: Candidates per image, at most `BOXES`.
        expressions: Expressions of consecutive images, repeated cyclically.
    """

    name: str
    boxes: int
    expressions: tuple[int, ...]


OFFICIAL = Shape("RefCOCO's testA", 10, (7, 8))  # 7.5 expressions, and as detectors find them
SCENES = Shape("scenes", 5, (7,))  # --corpus scenes has 4.8 objects and 6.9 sentences
MINI = Shape("refcoco_mini", 8, (1, 2))  # its training split: 1.5, and 8.0 stored detections


def make_corpus(folder: Path, photos: dict[str, int], shape: Shape = OFFICIAL) -> Corpus:
    """Return a corpus with the given numbers of images per split; missing images are drawn."""
    folder.mkdir(parents=True, exist_ok=True)
    splits = [split for split, count in photos.items() for _ in range(count)]
    regions = {image_id: _regions(image_id)[: shape.boxes] for image_id in range(len(splits))}
    sentences = _sentences(max(shape.expressions) * (len(splits) + 1))
    expressions: list[ReferringExpression] = []
    for image_id, split in enumerate(splits):
        for number in range(shape.expressions[image_id % len(shape.expressions)]):
            meant = regions[image_id][number % shape.boxes]
            expressions.append(
                ReferringExpression(
                    expression_id=len(expressions),
                    ref_id=meant.annotation_id or 0,
                    image_id=image_id,
                    annotation_id=meant.annotation_id,
                    text=sentences[len(expressions)],
                    target=meant.box,
                    category="",
                    split=split,
                )
            )
    return Corpus(
        name="made-up",
        images_folder=ImageFolder(folder),
        photos={image_id: _photo(folder, image_id) for image_id in regions},
        expressions=expressions,
        annotations=regions,
        source_files=[],
        rejected=[],
    )


def _photo(folder: Path, image_id: int) -> Photo:
    photo = Photo(image_id, f"{image_id:06d}.jpg", WIDTH, HEIGHT)
    path = folder / photo.file_name
    if not path.exists():
        draw_photo(image_id, WIDTH, HEIGHT, path)
    return photo


def draw_photo(image_id: int, width: int, height: int, path: Path) -> None:
    """Draw a colour gradient, some shapes and noise, and save them as a JPEG file."""
    generator = np.random.default_rng([image_id, 0])
    near, far = generator.uniform(0, 255, size=(2, 3))
    slope = np.linspace(0, 1, width)[None, :, None] * np.linspace(0.3, 1, height)[:, None, None]
    image = Image.fromarray((near + (far - near) * slope).astype(np.uint8))
    pen = ImageDraw.Draw(image)
    for number, (left, top, right, bottom) in enumerate(_boxes(image_id)):
        red, green, blue = generator.integers(0, 256, size=3).tolist()
        shape = pen.ellipse if number % 2 else pen.rectangle
        shape((left, top, right, bottom), fill=(red, green, blue))
    grainy = np.asarray(image) + generator.normal(0, GRAIN, size=(height, width, 1))
    Image.fromarray(grainy.clip(0, 255).astype(np.uint8)).save(path, quality=QUALITY)


def _boxes(image_id: int) -> list[XYXY]:
    generator = np.random.default_rng([image_id, 1])
    sizes = generator.uniform(30, 280, size=(BOXES, 2))
    corners = generator.uniform(0, 1, size=(BOXES, 2)) * ((WIDTH, HEIGHT) - sizes)
    boxes = np.hstack([corners, corners + sizes]).round(2).tolist()
    return [(left, top, right, bottom) for left, top, right, bottom in boxes]


def _regions(image_id: int) -> list[Proposal]:
    return [
        Proposal(box, 1.0, "", "annotations", annotation_id=image_id * BOXES + number)
        for number, box in enumerate(_boxes(image_id))
    ]


def _sentences(count: int) -> list[str]:
    """Generate distinct expressions of 4 to 9 words; a repeated one would be encoded only once."""
    generator = np.random.default_rng(0)
    sentences: dict[str, None] = {}
    while len(sentences) < count:
        colour, other_colour = generator.choice(COLOURS, 2, replace=False)
        thing, other_thing = generator.choice(THINGS, 2, replace=False)
        place = generator.choice(PLACES)
        short = f"{colour} {thing} {place}"
        long = f"{thing} {place} near the {other_colour} {other_thing}"
        sentences[short if generator.random() < 0.5 else long] = None
    return list(sentences)
