"""The command writes one page, the same for the same seed."""

import pytest

from vg_mc.commands.show import main


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


def test_photos_are_looked_for_where_asked(coloured, tmp_path):
    main(flags(coloured, tmp_path, "--records", "2", "--images", str(tmp_path)))

    # The made-up dataset has no photos: their names are empty.
    assert (tmp_path / "sheet.html").read_text().count("not a readable file") == 2


@pytest.mark.parametrize(
    ("wrong", "problem"),
    [
        ("--split tset", "no split 'tset'; there are train, val, testA"),
        ("--images nowhere", "nowhere, --images: there is no such folder"),
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
