"""No reader meets half a file."""

import pytest

from vg_mc.system.atomic import whole_file, write_whole_text


def test_the_name_appears_when_the_block_ends(tmp_path):
    path = tmp_path / "new folder" / "results.json"

    with whole_file(path) as partial:
        partial.write_text("done")
        assert not path.exists()
        assert partial.suffix == ".json"

    assert [file.name for file in path.parent.iterdir()] == ["results.json"]
    assert path.read_text() == "done"


def test_a_failure_leaves_the_older_file_and_no_rest(tmp_path):
    path = tmp_path / "results.json"
    path.write_text("old")

    def fail_half_way():
        with whole_file(path) as partial:
            partial.write_text("half")
            raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        fail_half_way()

    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_text_is_utf8_with_plain_line_ends(tmp_path):
    write_whole_text(tmp_path / "a.md", "IoU ≥ 0.5\n")

    assert (tmp_path / "a.md").read_bytes() == "IoU ≥ 0.5\n".encode()
