"""A copy of an image is found in another encoding, size and orientation; other images are not."""

import io
from itertools import combinations

import numpy as np
import pytest
from PIL import Image

from vg_mc.images.fingerprints import (
    MOST_BITS,
    differing_bits,
    fingerprint_of,
    perceptual_bits,
)

ROTATE_90 = Image.Transpose.ROTATE_90


def scene(seed: int) -> Image.Image:
    """Draw blurred blobs, which have the low frequencies of a photo."""
    small = np.random.default_rng(seed).integers(0, 256, (9, 12, 3), np.uint8)
    return Image.fromarray(small).resize((480, 360), Image.Resampling.BICUBIC)


def encoded(image: Image.Image, kind="JPEG", **options) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def turned(orientation: int) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = orientation
    return exif.tobytes()


def bits(first: bytes, second: bytes) -> int:
    both = perceptual_bits([fingerprint_of(first), fingerprint_of(second)])
    return int(differing_bits(both[:1], both[1:])[0, 0])


COPIES = {
    "encoded again": lambda image: encoded(image, quality=50),
    "as PNG": lambda image: encoded(image, "PNG"),
    "half the size": lambda image: encoded(image.resize((240, 180)), quality=90),
    "a thumbnail": lambda image: encoded(image.resize((96, 72)), quality=75),
    "stretched": lambda image: encoded(image.resize((224, 224)), quality=90),
    "gray": lambda image: encoded(image.convert("L")),
    "turned by EXIF": lambda image: encoded(image.transpose(ROTATE_90), exif=turned(6)),
}


@pytest.mark.parametrize("copy", COPIES)
def test_copies_look_alike_and_are_other_files(copy):
    for seed in range(5):
        image = scene(seed)
        original, other = encoded(image, quality=95), COPIES[copy](image)

        assert bits(original, other) <= MOST_BITS
        assert fingerprint_of(original).sha256 != fingerprint_of(other).sha256


def test_the_same_file_has_the_same_fingerprint():
    assert fingerprint_of(encoded(scene(0))) == fingerprint_of(encoded(scene(0)))


def test_different_images_differ_by_far_more():
    files = [encoded(scene(seed)) for seed in range(20)]

    assert min(bits(*pair) for pair in combinations(files, 2)) > 2 * MOST_BITS


def test_bits_are_counted_in_pairs():
    zeros, ones = np.zeros((1, 4), np.uint64), np.full((2, 4), 2**64 - 1, np.uint64)
    ones[1, 0] = 2**63

    assert differing_bits(zeros, np.concatenate([zeros, ones])).tolist() == [[0, 256, 193]]


def test_real_photos_are_told_apart_and_their_copies_found(shared):
    photos = sorted((shared / "data" / "refcoco_mini" / "images").iterdir())[:20]
    files = [photo.read_bytes() for photo in photos]
    hashes = perceptual_bits([fingerprint_of(file) for file in files])
    copies = [
        fingerprint_of(encoded(Image.open(photo).convert("RGB").resize((224, 224)), quality=75))
        for photo in photos
    ]

    found = differing_bits(hashes, perceptual_bits(copies)) <= MOST_BITS

    assert (found == np.eye(len(photos), dtype=bool)).all()
