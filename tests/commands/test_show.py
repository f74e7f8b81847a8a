"""The command writes one page, the same for the same seed."""

import shutil
from dataclasses import replace

import pytest
from PIL import Image

from vg_mc.commands.show import main
from vg_mc.prepared.dataset import PreparedDataset


def flags(coloured, tmp_path, *others: str) -> list[str]:
    return [str(coloured.folder), "--output", str(tmp_path / "sheet.html"), *others]


def test_a_page_of_records_is_written(coloured, tmp_path, capsys):
    main(flags(coloured, tmp_path, "--records", "5"))
    first = (tmp_path / "sheet.html").read_bytes()
    main(flags(coloured, tmp_path, "--records", "5"))

    assert first.count(b"<article") == 5
    assert (tmp_path / "sheet.html").read_bytes() == first
    assert "5 records of the split val" in capsys.readouterr().out
    main(flags(coloured, tmp_path, "--records", "5", "--seed", "1"))
    assert (tmp_path / "sheet.html").read_bytes() != first


def test_the_page_lies_beside_the_dataset_unless_another_place_is_named(coloured, tmp_path, capsys):
    folder = shutil.copytree(coloured.folder, tmp_path / "mine")

    main([str(folder), "--split", "testA", "--records", "1"])

    assert (tmp_path / "mine-testA.html").is_file()
    assert capsys.readouterr().out.startswith(f"{tmp_path / 'mine-testA.html'}: 1 records of")


def test_photos_are_looked_for_where_asked(coloured, tmp_path, capsys):
    with pytest.raises(SystemExit) as ended:
        main(flags(coloured, tmp_path, "--records", "2", "--images", str(tmp_path)))

    assert ended.value.code == 3
    assert f"{tmp_path}: 2 images are missing" in capsys.readouterr().err


def test_photos_that_are_there_are_shown(coloured, tmp_path, monkeypatch):
    def named(dataset):
        return {
            image_id: replace(photo, file_name=f"{image_id}.png")
            for image_id, photo in nameless(dataset).items()
        }

    nameless = PreparedDataset.photos
    monkeypatch.setattr(PreparedDataset, "photos", named)
    for image_id, photo in coloured.photos().items():
        Image.new("RGB", (photo.width, photo.height)).save(tmp_path / f"{image_id}.png")

    main(flags(coloured, tmp_path, "--records", "2", "--images", str(tmp_path)))

    assert "framed in yellow" in (tmp_path / "sheet.html").read_text()


@pytest.mark.parametrize(
    ("wrong", "problem"),
    [
        ("--split tset", "no split 'tset'; there are train, val, testA"),
        ("--images nowhere", "nowhere, --images: no such folder"),
        ("--records -1", "--records: expected 0 or more, not -1"),
        ("--seed -1", "--seed: expected 0 or more, not -1"),
    ],
)
def test_wrong_flags_get_one_clear_line(coloured, tmp_path, capsys, wrong, problem):
    with pytest.raises(SystemExit) as ended:
        main(flags(coloured, tmp_path, *wrong.split()))

    assert ended.value.code == 3
    assert problem in capsys.readouterr().err
    assert not (tmp_path / "sheet.html").exists()
