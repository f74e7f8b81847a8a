"""A dataset is there when its manifest is, and all files that it lists."""

import hashlib
import json
import re

import pytest

from vg_mc.errors import BadInputError
from vg_mc.prepared.manifest import data_hash, describe_files, file_hash, read_manifest


def refusal(folder) -> BadInputError:
    with pytest.raises(BadInputError) as raised:
        read_manifest(folder)
    return raised.value


def test_every_file_is_listed_with_size_hash_and_rows(prepared):
    listed = {entry["path"]: entry for entry in read_manifest(prepared)["files"]}

    files = [path for path in prepared.rglob("*") if path.is_file()]
    names = {path.relative_to(prepared).as_posix() for path in files}
    assert set(listed) == names - {"manifest.json"}
    for name, entry in listed.items():
        content = (prepared / name).read_bytes()
        assert entry["bytes"] == len(content)
        assert entry["sha256"] == hashlib.sha256(content).hexdigest()
    rows = {name: entry["rows"] for name, entry in listed.items() if "rows" in entry}
    assert rows == {
        "candidates/data-00000-of-00002.arrow": 4,
        "candidates/data-00001-of-00002.arrow": 3,
        "expressions/train/data-00000-of-00001.arrow": 3,
        "expressions/val/data-00000-of-00001.arrow": 0,
        "images/data-00000-of-00001.arrow": 1,
    }


def test_a_missing_file_is_named(prepared):
    file = prepared / "candidates" / "data-00001-of-00002.arrow"
    file.unlink()

    assert refusal(prepared).file == str(file)
    assert "missing" in refusal(prepared).problem


def test_a_file_of_another_size_is_named(prepared):
    file = prepared / "images" / "state.json"
    size = file.stat().st_size
    file.write_bytes(file.read_bytes()[:-1])

    assert refusal(prepared).file == str(file)
    assert {str(size), str(size - 1)} <= set(re.findall(r"\d+", refusal(prepared).problem))


def test_a_folder_without_a_manifest_is_no_dataset(tmp_path):
    assert "no manifest.json" in refusal(tmp_path).problem
    assert refusal(tmp_path / "nowhere").file == str(tmp_path / "nowhere")


@pytest.mark.parametrize(
    "content", ["", "[]", "{}", '{"schema": 1}', '{"schema": 1, "files": [3]}', '{"schema": 1, "fi']
)
def test_another_manifest_is_refused(prepared, content):
    (prepared / "manifest.json").write_text(content)

    assert "not a manifest" in refusal(prepared).problem
    assert refusal(prepared).file == str(prepared / "manifest.json")


def test_another_schema_is_refused(prepared):
    manifest = json.loads((prepared / "manifest.json").read_text())
    (prepared / "manifest.json").write_text(json.dumps(manifest | {"schema": 99}))

    assert refusal(prepared).problem == "expected schema 1, found 99; prepare the dataset again"


def test_the_data_hash_changes_with_any_byte_and_any_name(prepared):
    before = data_hash(describe_files(prepared))
    file = prepared / "candidates" / "state.json"

    content = bytearray(file.read_bytes())
    content[5] ^= 1
    file.write_bytes(content)
    flipped = data_hash(describe_files(prepared))
    content[5] ^= 1
    file.write_bytes(content)
    restored = data_hash(describe_files(prepared))
    file.rename(file.with_name("stated.json"))

    assert before == restored
    assert len({before, flipped, data_hash(describe_files(prepared))}) == 3


def test_a_hash_is_sha256(tmp_path):
    (tmp_path / "a").write_bytes(b"abc")

    assert file_hash(tmp_path / "a").startswith("ba7816bf8f01cfea414140de5dae2223")
