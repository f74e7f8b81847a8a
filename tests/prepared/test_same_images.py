"""Images of prepared datasets are the same by content; names count where there is no other sign."""

import io
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from vg_mc.commands import prepare_data
from vg_mc.prepared.auditing import audit
from vg_mc.prepared.dataset import open_prepared
from vg_mc.prepared.image_hashes import FOLDER, read_hashes
from vg_mc.prepared.manifest import CHECKSUM, write_manifest
from vg_mc.prepared.same_images import photo_key
from vg_mc.prepared.verification import verify

A, B = (f"COCO_train2014_{number:012}.jpg" for number in (1, 2))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (A, "train2014/COCO_train2014_000000000001.jpg"),
        (A, "COCO_train2014_000000000001_16.jpg"),
        (A, "000000000001.jpg"),
        (A, "COCO_val2014_000000000001.jpg"),  # 2017 gave photos of both the same numbers
    ],
)
def test_a_photo_of_coco_is_known_by_its_number(one, other):
    assert photo_key(one) == photo_key(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [(A, B), ("1.jpg", A), ("a/1.jpg", "b/1.jpg"), ("000000000001.png", A), ("1.jpg", "01.jpg")],
)
def test_other_photos_are_known_by_their_file(one, other):
    assert photo_key(one) != photo_key(other)


def photo(seed: int, quality: int = 95, side: int = 240) -> bytes:
    small = np.random.default_rng(seed).integers(0, 256, (9, 12, 3), np.uint8)
    image = Image.fromarray(small).resize((side * 4 // 3, side), Image.Resampling.BICUBIC)
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=quality)
    return buffer.getvalue()


@pytest.fixture
def prepared(tmp_path):
    """Prepare photos with one expression each, as one split of a dataset."""

    def of(split: str, photos: dict[str, bytes]):
        folder = tmp_path / split
        (folder / "images").mkdir(parents=True)
        for name, content in photos.items():
            (folder / "images" / name).write_bytes(content)
        rows = [
            {"image": name, "expression": "it", "box": [5, 5, 90, 80], "split": split}
            for name in photos
        ]
        (folder / f"{split}.json").write_text(json.dumps(rows))
        prepare_data.main(
            ["--corpus", "table", "--annotations", str(folder / f"{split}.json"), "--image-size",
             "16", "--box-format", "xyxy", "--box-unit", "pixels", "--num-workers", "1",
             "--output", str(folder / "prepared")]
        )  # fmt: skip
        return open_prepared(folder / "prepared")

    return of


def test_the_same_file_under_another_name_is_a_leak(prepared):
    train = prepared("train", {"9000.jpg": photo(0), "9001.jpg": photo(1)})
    val = prepared("val", {"a.jpg": photo(0), "b.jpg": photo(2)})

    found = audit([train, val])

    (sharing,) = found.shared
    assert (sharing.photos, sharing.expressions, sharing.leaks) == (1, 1, True)
    assert sharing.probable == []
    assert found.fair == ["9001.jpg"]
    assert found.named_only == []


def test_another_file_of_the_same_name_is_another_image(prepared):
    found = audit([prepared("train", {"1.jpg": photo(0)}), prepared("val", {"1.jpg": photo(1)})])

    assert found.shared == []
    assert found.fair == ["1.jpg"]


def test_a_photo_of_coco_is_the_same_in_every_encoding(prepared):
    found = audit([prepared("train", {A: photo(0)}), prepared("val", {A: photo(0, quality=60)})])

    assert [(one.photos, one.probable) for one in found.shared] == [(1, [])]


@pytest.mark.parametrize("copy", [photo(0, quality=50), photo(0, side=120)])
def test_a_copy_encoded_again_or_resized_is_probably_the_same_and_not_fair(prepared, copy):
    train = prepared("train", {"1.jpg": photo(0), "2.jpg": photo(1)})

    found = audit([train, prepared("val", {"other.jpg": copy})])

    (sharing,) = found.shared
    assert (sharing.photos, sharing.leaks) == (0, True)
    names = [
        (sharing.first.file_names[one], sharing.second.file_names[other])
        for one, other in sharing.probable
    ]
    assert names == [("1.jpg", "other.jpg")]
    assert found.fair == ["2.jpg"]


def test_a_copy_beside_the_same_file_is_not_fair_either(prepared):
    train = prepared("train", {"1.jpg": photo(0), "2.jpg": photo(0, quality=50)})

    found = audit([train, prepared("val", {"a.jpg": photo(0)})])

    assert found.shared[0].photos == 1
    assert len(found.shared[0].probable) == 1
    assert found.fair == []


def without_hashes(dataset):
    """Return the dataset as an earlier version wrote it."""
    manifest = {key: value for key, value in dataset.manifest.items() if key != FOLDER}
    del manifest[CHECKSUM]
    write_manifest(dataset.folder, manifest)
    return open_prepared(dataset.folder)


def test_without_hashes_names_are_compared_and_the_dataset_is_named(prepared):
    train = without_hashes(prepared("train", {"1.jpg": photo(0), "2.jpg": photo(1)}))
    val = prepared("val", {"1.jpg": photo(5), "3.jpg": photo(1)})

    found = audit([train, val])

    assert [one.photos for one in found.shared] == [1]
    assert found.named_only == ["train"]


def test_hashes_are_verified_but_change_no_data_hash(prepared):
    dataset = prepared("val", {"1.jpg": photo(0)})
    file = dataset.folder / FOLDER / "data-00000-of-00001.arrow"

    assert all(FOLDER not in entry["path"] for entry in dataset.manifest["files"])
    assert len(read_hashes(dataset.folder, dataset.manifest)) == 1
    assert list(verify(dataset.folder)) == []
    changed = bytearray(Path(file).read_bytes())
    changed[-20] ^= 1
    file.write_bytes(changed)
    assert [damage.path for damage in verify(dataset.folder)] == [f"{FOLDER}/{file.name}"]
