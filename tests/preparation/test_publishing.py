"""What was there stays until the new one is complete; only one writes at a time."""

import os
import platform

import pytest

from vg_mc.faults import BadInputError
from vg_mc.preparation.publishing import building

SETTINGS = {"image_size": 24}


def build(output, content: str, *, overwrite: bool = False, settings=None) -> None:
    with building(output, settings or SETTINGS, overwrite=overwrite) as folder:
        (folder / "table.arrow").write_text(content)
        (folder / "manifest.json").write_text("{}")


def fail_half_way(output, *, overwrite: bool = False, settings=None) -> None:
    def body():
        with building(output, settings or SETTINGS, overwrite=overwrite) as folder:
            (folder / "half.arrow").write_text("half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        body()


def content(folder) -> dict[str, str]:
    return {path.name: path.read_text() for path in folder.iterdir()}


def test_the_output_appears_when_the_block_ends(tmp_path):
    output = tmp_path / "new" / "prepared"

    with building(output, SETTINGS, overwrite=False) as folder:
        (folder / "table.arrow").write_text("new")
        assert not output.exists()

    assert content(output) == {"table.arrow": "new"}
    assert {path.name for path in output.parent.iterdir()} == {"prepared", ".prepared.lock"}


def test_a_failure_leaves_the_older_output_untouched(tmp_path):
    output = tmp_path / "prepared"
    build(output, "old")

    fail_half_way(output, overwrite=True)

    assert content(output) == {"table.arrow": "old", "manifest.json": "{}"}


def test_an_existing_output_is_replaced_only_on_request(tmp_path):
    output = tmp_path / "prepared"
    build(output, "old")

    with pytest.raises(BadInputError, match=r"prepared: it exists already; --overwrite replaces"):
        build(output, "new")
    assert content(output)["table.arrow"] == "old"

    build(output, "new", overwrite=True)
    assert content(output)["table.arrow"] == "new"
    assert {path.name for path in tmp_path.iterdir()} == {"prepared", ".prepared.lock"}


@pytest.mark.parametrize("overwrite", [False, True])
def test_nothing_but_a_prepared_dataset_is_ever_replaced(tmp_path, overwrite):
    home = tmp_path / "home"
    home.mkdir()
    (home / "thesis.tex").write_text("years of work")

    with pytest.raises(BadInputError, match="something else than a prepared dataset is here"):
        build(home, "new", overwrite=overwrite)

    assert content(home) == {"thesis.tex": "years of work"}


def test_the_folder_one_stands_in_is_not_overwritten_either(tmp_path, monkeypatch):
    (tmp_path / "thesis.tex").write_text("years of work")
    monkeypatch.chdir(tmp_path)

    with pytest.raises(BadInputError, match="something else than a prepared dataset is here"):
        build(tmp_path.relative_to(tmp_path), "new", overwrite=True)


def test_work_of_the_same_settings_is_continued(tmp_path):
    output = tmp_path / "prepared"
    fail_half_way(output)

    build(output, "new")

    assert content(output)["half.arrow"] == "half"


def test_work_of_other_settings_is_thrown_away(tmp_path):
    output = tmp_path / "prepared"
    fail_half_way(output, settings={"image_size": 32})

    build(output, "new")

    assert "half.arrow" not in content(output)


def test_a_file_that_was_being_written_is_thrown_away(tmp_path):
    output = tmp_path / "prepared"
    fail_half_way(output)
    half = tmp_path / ".prepared.partial" / "candidates" / ".data-00001.partial-4711.arrow"
    half.parent.mkdir()
    half.write_text("half")

    build(output, "new")

    assert list((output / "candidates").iterdir()) == []


def test_a_second_writer_is_told_who_is_first(tmp_path):
    output = tmp_path / "prepared"
    me = f"process {os.getpid()} on {platform.node()}"

    with (
        building(output, SETTINGS, overwrite=False) as folder,
        pytest.raises(BadInputError, match=f"prepared: {me} is writing it at this moment"),
    ):
        build(output, "second")

    assert output.exists()
    assert not folder.exists()


def test_after_a_failure_the_next_one_may_write(tmp_path):
    output = tmp_path / "prepared"
    fail_half_way(output)

    assert not (tmp_path / ".prepared.holder").exists()
    build(output, "new")


def test_a_kill_between_the_two_renames_loses_nothing(tmp_path):
    output = tmp_path / "prepared"
    build(output, "old")
    fail_half_way(output, overwrite=True)
    output.rename(tmp_path / ".prepared.replaced")  # as far as it came

    build(output, "new")

    assert content(output) == {"half.arrow": "half", "table.arrow": "new", "manifest.json": "{}"}
    assert not (tmp_path / ".prepared.replaced").exists()
