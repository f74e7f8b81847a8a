"""Perceptual hashes of images: false positives among different images, and recall of copies.

    python -m benchmarks.image_copies FOLDER

compares all pairs of images of a folder, and each image with copies of it.
"""

import io
import time
from argparse import ArgumentParser
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from PIL import Image
from tabulate import tabulate

from vg_mc.images.fingerprints import (
    MOST_BITS,
    Bits,
    differing_bits,
    fingerprint_of,
    perceptual_bits,
)

QUALITIES = (50, 75, 95)
SIDES = (640, 224)  # longer sides of resized copies, in pixels
TURNS = {3: Image.Transpose.ROTATE_180, 6: Image.Transpose.ROTATE_90}  # by EXIF orientation


def main(argv: Sequence[str] | None = None) -> None:
    """Print the figures of the images in a folder."""
    parser = ArgumentParser(prog="python -m benchmarks.image_copies", allow_abbrev=False)
    parser.add_argument("folder", type=Path, help="folder of different images")
    contents = [path.read_bytes() for path in sorted(parser.parse_args(argv).folder.iterdir())]
    started = time.process_time()
    hashes = bits_of(contents)
    seconds = (time.process_time() - started) / len(contents)
    pairs = differing_bits(hashes, hashes)[np.triu_indices(len(contents), 1)]
    print(f"{len(contents)} images, {seconds * 1e3:.2f} ms each")
    print(
        f"{len(pairs):,} pairs: at least {pairs.min()} different bits, "
        f"{int((pairs <= MOST_BITS).sum())} alike (at most {MOST_BITS})"
    )
    found: dict[str, list[int]] = defaultdict(list)
    for own, content in zip(hashes, contents, strict=True):
        for name, copy in copies_of(content):
            found[name].append(int(differing_bits(own[None], bits_of([copy]))[0, 0]))
    rows = [
        [name, len(bits), max(bits), f"{np.mean(np.array(bits) <= MOST_BITS):.1%}"]
        for name, bits in found.items()
    ]
    print(tabulate(rows, ["copy", "images", "most bits", "recall"], tablefmt="github"))


def bits_of(contents: Sequence[bytes]) -> Bits:
    """Return the perceptual hashes of image files, (N, 4)."""
    return perceptual_bits([fingerprint_of(content) for content in contents])


def copies_of(content: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield the name and the file of each copy of an image."""
    with Image.open(io.BytesIO(content)) as opened:
        image = opened.convert("RGB")
    width, height = image.size
    for quality in QUALITIES:
        yield f"JPEG quality {quality}", _encoded(image, quality=quality)
    yield "PNG", _encoded(image, "PNG")
    yield "half the size", _encoded(image.resize((width // 2, height // 2)))
    for side in SIDES:
        ratio = side / max(width, height)
        resized = image.resize((max(1, round(width * ratio)), max(1, round(height * ratio))))
        yield f"{side} pixels", _encoded(resized)
    yield "stretched to a square", _encoded(image.resize((224, 224)))
    for orientation, transposition in TURNS.items():
        exif = Image.Exif()
        exif[0x0112] = orientation
        turned = image.transpose(transposition)
        yield f"EXIF orientation {orientation}", _encoded(turned, exif=exif.tobytes())
    yield "gray", _encoded(image.convert("L"))
    crop = (width // 40, height // 40, width - width // 40, height - height // 40)
    yield "without 2.5 % at each side", _encoded(image.crop(crop))


def _encoded(image: Image.Image, kind: str = "JPEG", **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **{"quality": 90, **options})
    return buffer.getvalue()


if __name__ == "__main__":
    main()
