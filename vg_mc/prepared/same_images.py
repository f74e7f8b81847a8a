"""Recognition of the same image in several prepared datasets, independent of its file name.

Images are the same if their files are identical, or if both have the name of one COCO image. Other
file names count only if a dataset has no fingerprints. Images that look alike are probably the
same, encoded again or resized; these are reported separately.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from vg_mc.images.coco_names import coco_name
from vg_mc.images.fingerprints import MOST_BITS, Fingerprint, differing_bits, perceptual_bits
from vg_mc.prepared.dataset import PreparedDataset
from vg_mc.prepared.image_hashes import read_hashes
from vg_mc.records import Photo

ROWS_AT_ONCE = 256  # of a comparison of all pairs


@dataclass(frozen=True, slots=True)
class KnownImages:
    """The images of several datasets; the same image has the same key in all of them.

    Attributes:
        keys: Key of each image by its id, for each dataset.
        fingerprints: Fingerprint of each image by key; missing for images known by name only.
        named_only: Names of the datasets without fingerprints.
    """

    keys: list[dict[int, str]]
    fingerprints: dict[str, Fingerprint]
    named_only: list[str]


def photo_key(file_name: str) -> str:
    """Return a key of an image by its name.

    It is the number of a COCO image, which is the same in all corpora, and the file name of any
    other image.
    """
    return _coco_key(file_name) or f"name {file_name}"


def _coco_key(file_name: str) -> str:
    found = coco_name(file_name)
    return f"COCO {found.number}" if found and found.ending == ".jpg" else ""


def known_images(datasets: Mapping[str, PreparedDataset]) -> KnownImages:
    """Return the images of datasets, which are given by unique names."""
    hashes = {name: read_hashes(one.folder, one.manifest) for name, one in datasets.items()}
    named_only = [name for name, found in hashes.items() if not found]
    signs = [
        {
            image_id: _signs(photo, hashes[name].get(image_id), by_name=bool(named_only))
            for image_id, photo in dataset.photos().items()
        }
        for name, dataset in datasets.items()
    ]
    joined = _Joined()
    for of_image in (found for of_dataset in signs for found in of_dataset.values()):
        joined.join(of_image)
    keys = [
        {image_id: joined.first(found[0]) for image_id, found in of_dataset.items()}
        for of_dataset in signs
    ]
    fingerprints = {
        of_dataset[image_id]: fingerprint
        for of_dataset, found in zip(keys, hashes.values(), strict=True)
        for image_id, fingerprint in found.items()
    }
    return KnownImages(keys, fingerprints, named_only)


def alike(
    first: Collection[str],  # keys
    second: Collection[str],  # keys
    fingerprints: Mapping[str, Fingerprint],
) -> Iterator[tuple[str, str]]:
    """Yield the pairs of different images with similar perceptual hashes.

    Images without fingerprints are skipped.
    """
    rows, columns = ([key for key in keys if key in fingerprints] for keys in (first, second))
    if not rows or not columns:
        return
    others = perceptual_bits([fingerprints[key] for key in columns])
    for start in range(0, len(rows), ROWS_AT_ONCE):
        some = rows[start : start + ROWS_AT_ONCE]
        bits = differing_bits(perceptual_bits([fingerprints[key] for key in some]), others)
        for row, column in np.argwhere(bits <= MOST_BITS).tolist():
            if some[row] != columns[column]:
                yield some[row], columns[column]


def _signs(photo: Photo, fingerprint: Fingerprint | None, *, by_name: bool) -> list[str]:
    """Return what identifies an image: images that have one of these in common are the same."""
    of_file = "" if fingerprint is None else f"file {fingerprint.sha256}"
    name = photo_key(photo.file_name) if by_name else _coco_key(photo.file_name)
    return [sign for sign in (name, of_file) if sign]


class _Joined:
    """Sets of signs that belong to one image, by a chain of signs to the first one of its set."""

    def __init__(self) -> None:
        self._earlier: dict[str, str] = {}

    def first(self, sign: str) -> str:
        """Return the sign that represents the set of a sign."""
        while sign in self._earlier:
            sign = self._earlier[sign]
        return sign

    def join(self, signs: list[str]) -> None:
        """Join the sets of all signs of one image."""
        representatives = [self.first(sign) for sign in signs]
        for one in representatives[1:]:
            if one != representatives[0]:
                self._earlier[one] = representatives[0]
