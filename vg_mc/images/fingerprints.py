"""Fingerprints of image files, by which the same image is recognised under another name.

The hash of its bytes identifies a file. A perceptual hash (pHash: signs of the low frequencies of
the gray image) identifies an image that was encoded again or resized: of 256 bits, copies of
photos differed in at most 18 and copies of generated scenes in at most 20, while different photos
differed in at least 100 and different scenes in at least 74 (benchmarks/image_copies.py).
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import imagehash
import numpy as np
from numpy.typing import NDArray

from vg_mc.images.opening import opened_image, rgb_of

SIDE = 16  # the perceptual hash has SIDE x SIDE bits
DECODED_SIDE = 128  # pixels; the hash needs 64, and a JPEG is decoded faster at a smaller size
MOST_BITS = 32  # images whose perceptual hashes differ in at most this many bits are alike

Bits = NDArray[np.uint64]  # (N, 4), perceptual hashes


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """The two hashes of an image file as hexadecimal digits.

    Attributes:
        sha256: Hash of the bytes of the file.
        perceptual: Hash of the image as shown, upright by its EXIF orientation.
    """

    sha256: str
    perceptual: str


def fingerprint_of(content: bytes) -> Fingerprint:
    """Return the fingerprint of an image file.

    Raises:
        BadInputError: If it is not an image.
    """
    with opened_image(content) as image:
        image.draft("RGB", (DECODED_SIDE, DECODED_SIDE))
        bits = imagehash.phash(rgb_of(image, "shown"), hash_size=SIDE).hash
    return Fingerprint(hashlib.sha256(content).hexdigest(), np.packbits(bits).tobytes().hex())


def perceptual_bits(fingerprints: Sequence[Fingerprint]) -> Bits:
    """Return the perceptual hashes as an array."""
    joined = bytes.fromhex("".join(one.perceptual for one in fingerprints))
    return np.frombuffer(joined, dtype=np.uint64).reshape(len(fingerprints), -1)


def differing_bits(
    first: Bits,  # (N, 4)
    second: Bits,  # (M, 4)
) -> NDArray[np.int64]:
    """Return the number of bits in which each pair of perceptual hashes differs, (N, M)."""
    differences = np.bitwise_count(first[:, None] ^ second[None])
    return np.asarray(differences.sum(axis=2, dtype=np.int64))
