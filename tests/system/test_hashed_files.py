"""Files are known by the hash of their bytes, so that nobody meets a damaged one."""

import hashlib

from vg_mc.system.hashed_files import verified_files, write_hashed


def test_a_file_has_the_hash_of_its_bytes_for_a_name(tmp_path):
    names = {write_hashed(tmp_path / "new", b"content", ".npy") for _ in range(2)}

    assert names == {f"{hashlib.sha256(b'content').hexdigest()}.npy"}
    assert verified_files(tmp_path / "new", ".npy") == [*names]


def test_other_files_are_left_alone(tmp_path):
    (tmp_path / "notes.npy").write_bytes(b"mine")
    (tmp_path / f"{'0' * 64}.json").write_bytes(b"of another table")

    assert verified_files(tmp_path, ".npy") == []
    assert len(list(tmp_path.iterdir())) == 2


def test_a_folder_that_is_not_there_holds_nothing(tmp_path):
    assert verified_files(tmp_path / "missing", ".npy") == []


def test_a_damaged_file_is_removed_with_a_notice_unless_it_was_found_sound_before(tmp_path, capsys):
    name = write_hashed(tmp_path, b"content", ".npy")
    (tmp_path / name).write_bytes(b"conten")

    assert verified_files(tmp_path, ".npy", {name}) == [name]
    assert verified_files(tmp_path, ".npy") == []
    assert f"note: {tmp_path / name} is damaged" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
