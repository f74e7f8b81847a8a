"""The command lays evaluations and ensembles side by side, and refuses what differs."""

from pathlib import Path

import pytest

from tests.predictions.made import changed, proposed_by
from vg_mc.commands.compare import CompareConfig, main, published_of, read_systems, run
from vg_mc.predictions import write_predictions

KNOWN = {
    "proposals": proposed_by("yolo", source="best.pt", confidence=0.25),
    "corpus": "refcoco_unc",
}


@pytest.fixture
def folder(make_predictions, tmp_path) -> Path:
    """Hold two models as one call of evaluate.py writes them, and a third one beside them."""
    for seed, place in enumerate(("both/rn", "both/vit", "third")):
        for at, split in enumerate(("val", "testA")):
            made = make_predictions(
                name=Path(place).name,
                split=split,
                questions_seed=at,
                logits_seed=9 * seed + at,
                provenance=KNOWN,
            )
            write_predictions(made, tmp_path / place / split)
    return tmp_path


def test_all_systems_stand_in_one_table_with_published_lines(folder, capsys):
    main([str(folder / "both"), str(folder / "third"), "--output", str(folder / "out")])

    printed = capsys.readouterr().out
    lines = [line.split()[:1] for line in printed.splitlines()]
    assert lines[4:7] == [["rn"], ["vit"], ["third"]]
    assert "NOT measured here" in printed
    assert "MAttNet" in printed
    assert len(list((folder / "out").iterdir())) == 4


def test_published_lines_are_left_out_where_asked_or_of_another_corpus(folder, capsys):
    main([str(folder / "both"), "--no-published"])
    assert "Published" not in capsys.readouterr().out

    made = run(CompareConfig((folder / "third",))).systems[0].splits["val"]
    write_predictions(changed(made, corpus="scenes"), folder / "scenes")
    capsys.readouterr()
    main([str(folder / "scenes")])
    assert "Published" not in capsys.readouterr().out


def test_a_chosen_split_and_baseline(folder):
    found = run(CompareConfig((folder / "both", folder / "third"), None, "rn", ("val",)))

    assert found.splits == ("val",)
    assert [each.comparison.first for each in found.tests] == ["vit", "third"]


def test_systems_of_one_name_are_told_apart_by_their_folders(folder):
    made = run(CompareConfig((folder / "third",))).systems[0].splits["val"]
    write_predictions(made, folder / "again")

    found = run(CompareConfig((folder / "third", folder / "again")))

    assert [each.name for each in found.systems] == [
        f"third ({folder / 'third'})",
        f"third ({folder / 'again'})",
    ]


def test_what_cannot_be_compared_gets_one_clear_line(folder, capsys):
    made = run(CompareConfig((folder / "third",))).systems[0].splits["val"]
    write_predictions(
        changed(made, texts=["x", *made.examples.texts[1:]], name="odd"), folder / "odd"
    )

    for arguments, problem in (
        ([folder / "third", folder / "odd"], "cannot be compared: row 0, expression 100"),
        ([folder / "third", folder / "third"], "duplicate system 'third'"),
        ([folder / "third", "--baseline", "x"], "no system 'x'; there are third"),
        ([folder / "third", "--split", "x"], "no split 'x'; there are testA, val"),
        ([folder / "nowhere"], "no predictions.parquet here"),
        ([], "expected one or more folders"),
    ):
        with pytest.raises(SystemExit) as ended:
            main(list(map(str, arguments)))
        assert ended.value.code == 3
        assert problem in capsys.readouterr().err


@pytest.mark.parametrize(
    ("source", "annotated"),
    [
        (proposed_by("annotations", jitter=0.1, seed=3), True),
        (proposed_by("yolo", source="annotations.pt"), False),
        (None, False),
    ],
)
def test_published_lines_have_the_kind_of_proposals_that_systems_had(folder, source, annotated):
    made = run(CompareConfig((folder / "third",))).systems[0].splits["val"]
    write_predictions(changed(made, proposals=source), folder / "other")

    rows = published_of(["refcoco_unc"], read_systems([folder / "other"], []))

    assert rows
    assert {row.proposals == "annotated" for row in rows} == {annotated}
