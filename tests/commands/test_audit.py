"""The command audits any number of datasets together."""

import pytest

from vg_mc.commands.audit import main


def test_two_corpora_are_compared_and_the_fair_photos_written(make_sentences, tmp_path, capsys):
    a = make_sentences(tmp_path / "a", {"train": [("1.jpg", "x", 0), ("2.jpg", "x", 0)]})
    b = make_sentences(tmp_path / "b", {"val": [("2.jpg", "x", 0)]}, corpus="refcoco+_unc")

    main([str(a.folder), str(b.folder), "--output", str(tmp_path / "audit")])

    printed = capsys.readouterr().out
    assert "refcoco_unc train  refcoco+_unc val" in printed
    assert "LEAK" in printed
    assert (tmp_path / "audit" / "fair_photos.txt").read_text() == "1.jpg\n"


def test_nothing_is_written_unless_asked_for(make_sentences, tmp_path):
    dataset = make_sentences(tmp_path / "a", {"val": [("2.jpg", "x", 0)]})

    main([str(dataset.folder)])

    assert [path.name for path in tmp_path.iterdir()] == ["a"]


@pytest.mark.parametrize("arguments", [[], ["nowhere"]])
def test_without_a_dataset_there_is_nothing_to_audit(arguments, capsys):
    with pytest.raises(SystemExit) as ended:
        main(arguments)

    assert ended.value.code == 3
    assert "prepared dataset" in capsys.readouterr().err
