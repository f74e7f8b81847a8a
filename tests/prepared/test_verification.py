"""Whatever happens to the files of a dataset is found, and the file is named."""

import json
import shutil

import numpy as np
import pytest

from tests.refusals import refused
from vg_mc.errors import BadInputError
from vg_mc.prepared.card import write_card
from vg_mc.prepared.manifest import (
    describe_file,
    file_hash,
    parse_manifest,
    read_manifest,
    write_manifest,
)
from vg_mc.prepared.verification import Damage, verify

SHARD = "candidates/data-00000-of-00002.arrow"


@pytest.fixture
def dataset(prepared, described):
    """A small dataset with its card and a list of records left out."""
    manifest = parse_manifest(prepared)
    (prepared / "rejected.jsonl").write_text('{"file": "a.jpg"}\n')
    manifest["files"].append(describe_file(prepared, prepared / "rejected.jsonl"))
    manifest["card"] = describe_file(prepared, write_card(prepared, manifest | described))
    write_manifest(prepared, manifest)
    return prepared


def test_an_untouched_dataset_is_whole(dataset):
    assert list(verify(dataset)) == []


def test_a_thousand_flipped_bytes_are_all_found_and_named(dataset):
    chance = np.random.default_rng(0)
    files = sorted(path for path in dataset.rglob("*") if path.is_file())
    sizes = np.array([path.stat().st_size for path in files])
    # Half of them by size, and half so that small files get their share.
    by_size = chance.choice(len(files), size=500, p=sizes / sizes.sum())
    hit = [files[place] for place in [*by_size, *chance.integers(len(files), size=500)]]
    for path in hit:
        content = bytearray(path.read_bytes())
        place, bit = chance.integers(len(content)), 1 << int(chance.integers(8))
        content[place] ^= bit
        path.write_bytes(content)

        named = found(dataset)

        content[place] ^= bit
        path.write_bytes(content)
        assert path.relative_to(dataset).as_posix() in named, (path, place, bit)
    assert set(hit) == set(files)
    assert found(dataset) == []


def found(dataset) -> list[str]:
    """Names of the files that are reported; a manifest that cannot be read names itself."""
    try:
        return [damage.path for damage in verify(dataset)]
    except BadInputError as error:
        return [str(error.file).removeprefix(f"{dataset}/")]


def test_a_truncated_file_is_named_with_both_sizes(dataset):
    file = dataset / SHARD
    size = file.stat().st_size
    file.write_bytes(file.read_bytes()[:-100])

    assert list(verify(dataset)) == [
        Damage(SHARD, f"expected {size:,} bytes, found {size - 100:,}")
    ]


def test_a_missing_file_is_named(dataset):
    (dataset / SHARD).unlink()
    (dataset / "README.md").unlink()

    assert list(verify(dataset)) == [
        Damage(SHARD, "missing"),
        Damage("README.md", "missing"),
    ]


def test_what_does_not_belong_there_is_named(dataset):
    (dataset / "candidates" / "more").mkdir()
    (dataset / "candidates" / "more" / "data.arrow").write_bytes(b"")
    (dataset / "link").symlink_to(dataset / "candidates")

    problem = "not listed in the manifest"
    assert list(verify(dataset)) == [
        Damage("candidates/more/data.arrow", problem),
        Damage("link", problem),
    ]


def test_two_files_that_changed_places_are_both_named(dataset):
    files = [dataset / "expressions" / split / "state.json" for split in ("train", "val")]
    assert files[0].stat().st_size == files[1].stat().st_size
    shutil.move(files[0], dataset / "aside")
    shutil.move(files[1], files[0])
    shutil.move(dataset / "aside", files[1])

    assert [damage.problem for damage in verify(dataset)] == [
        "content differs from its hash in the manifest"
    ] * 2


def test_a_manifest_that_was_brought_in_line_by_hand_is_noticed(dataset):
    file = dataset / SHARD
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    manifest = json.loads((dataset / "manifest.json").read_text())
    entry = next(entry for entry in manifest["files"] if entry["path"] == SHARD)
    entry["sha256"] = file_hash(file)
    (dataset / "manifest.json").write_text(json.dumps(manifest, indent=2) + "\n")

    (damage,) = verify(dataset)
    assert damage.path == "manifest.json"
    assert "modified" in damage.problem


def test_a_manifest_with_half_a_character_is_noticed(dataset):
    text = (dataset / "manifest.json").read_text()
    (dataset / "manifest.json").write_text(text.replace("train", "\\ud800rain", 1))

    assert [damage.path for damage in verify(dataset)] == ["manifest.json"]


def test_a_file_outside_of_the_dataset_is_not_read(dataset):
    manifest = parse_manifest(dataset)
    manifest["files"].append({"path": "../outside", "bytes": 3, "sha256": ""})
    (dataset.parent / "outside").write_bytes(b"abc")
    write_manifest(dataset, manifest)

    assert list(verify(dataset)) == [Damage("../outside", "points outside the dataset")]


def test_an_edited_card_is_reported_and_does_not_keep_the_dataset_from_opening(dataset):
    (dataset / "README.md").write_text("Mine.")

    assert [damage.path for damage in verify(dataset)] == ["README.md"]
    assert read_manifest(dataset)["card"]["path"] == "README.md"


def test_without_a_manifest_there_is_nothing_to_verify(tmp_path):
    with refused("manifest"):
        list(verify(tmp_path))
