"""The command names what was changed and ends with code 3."""

import pytest

from vg_mc.commands.verify import main


def test_a_whole_dataset_is_told_with_what_was_checked(coloured, capsys):
    main([str(coloured.folder)])

    files = coloured.manifest["files"]
    size = sum(entry["bytes"] for entry in files)
    assert capsys.readouterr().out == (
        f"{coloured.folder}: {len(files)} files, {size / 1e6:,.1f} MB, match the manifest "
        f"(data hash {coloured.data_hash[:16]})\n"
    )


def test_every_changed_file_has_a_line_and_the_exit_code_is_3(
    make_coloured, make_photos, tmp_path, capsys
):
    folder = make_coloured(tmp_path / "set", {"val": make_photos(2, 1, 0)}).folder
    (folder / "images" / "state.json").write_text("{}")
    (folder / "notes.txt").write_text("mine")

    with pytest.raises(SystemExit) as ended:
        main([str(folder)])

    assert ended.value.code == 3
    written = capsys.readouterr()
    lines = written.out.splitlines()
    assert [line.split(":")[0] for line in lines] == ["images/state.json", "notes.txt"]
    assert written.err.startswith(f"error: {folder}: 2 files ")


def test_a_folder_without_a_dataset_is_refused(tmp_path, capsys):
    with pytest.raises(SystemExit) as ended:
        main([str(tmp_path)])

    assert ended.value.code == 3
    assert "no manifest.json" in capsys.readouterr().err
