"""The command averages whole evaluations, and refuses those that do not belong together."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.predictions.made import changed, ious_of, moved_targets, scores_of
from tests.refusals import refused
from vg_mc.commands import evaluate
from vg_mc.commands.ensemble import EnsembleConfig, main, run
from vg_mc.predictions import read_evaluation, read_predictions, write_predictions

ROOT = Path(__file__).parents[2]
SPLITS = ("val", "testA", "testB")


@pytest.fixture
def evaluations(make_predictions, tmp_path) -> list[str]:
    """Write two evaluations of three splits as evaluate.py does; return their folders."""
    for seed, name in enumerate(("rn", "vit")):
        for at, split in enumerate(SPLITS):
            predictions = make_predictions(
                name=name, split=split, questions_seed=at, logits_seed=10 * seed + at
            )
            ids = predictions.examples.expression_ids + 1000 * at
            write_predictions(changed(predictions, expression_ids=ids), tmp_path / name / split)
    return [str(tmp_path / "rn"), str(tmp_path / "vit")]


def test_every_split_has_a_row_per_member_and_one_for_the_ensemble(evaluations, tmp_path, capsys):
    main(["--predictions", *evaluations, "--output", str(tmp_path / "both")])

    results = json.loads((tmp_path / "both" / "results.json").read_text())["results"]
    names = [(result["split"], result["name"]) for result in results]
    assert names == [(split, name) for split in SPLITS for name in ("rn", "vit", "ensemble")]
    table = [line.split()[:2] for line in capsys.readouterr().out.splitlines()[2:11]]
    assert table == [[name, split] for split, name in names]


def test_the_ensemble_is_the_mean_of_its_members_and_scored_as_such(evaluations, tmp_path):
    rows = run(EnsembleConfig(tuple(map(Path, evaluations)), tmp_path / "both", name="rn+vit"))

    members = [read_predictions(Path(folder) / "testA") for folder in evaluations]
    ensemble = read_predictions(tmp_path / "both" / "testA")
    means = [
        (one + other) / 2 for one, other in zip(*(m.answers.logits for m in members), strict=True)
    ]
    assert all(np.allclose(*pair) for pair in zip(ensemble.answers.logits, means, strict=True))
    assert ensemble.name == "rn+vit"
    scores = {(row.name, row.split): row.scores for row in rows}
    assert scores["rn+vit", "testA"] == scores_of(ensemble)


def test_members_and_ensemble_are_scored_on_subsets_too(evaluations, tmp_path):
    subset = tmp_path / "clean.txt"
    subset.write_text("100\n107\n")
    folders = tuple(Path(folder) / "val" for folder in evaluations)

    rows = run(EnsembleConfig(folders, tmp_path / "both", subset=(subset,)))

    assert [(row.name, row.part, row.scores.expressions) for row in rows] == [
        (name, *part)
        for name in ("rn", "vit", "ensemble")
        for part in (("val", 12), ("val, clean", 2))
    ]


def test_an_ensemble_can_be_a_member(evaluations, tmp_path):
    main(["--predictions", *evaluations, "--output", str(tmp_path / "both")])

    folders = [evaluations[0], str(tmp_path / "both")]
    main(["--predictions", *folders, "--output", str(tmp_path / "again")])

    assert list(read_evaluation(tmp_path / "again")) == list(SPLITS)
    results = json.loads((tmp_path / "again" / "results.json").read_text())["results"]
    assert {row["name"] for row in results} == {"rn", f"ensemble ({folders[1]})", "ensemble"}


def test_single_splits_give_a_folder_of_a_single_split(evaluations, tmp_path):
    folders = [f"{folder}/val" for folder in evaluations]

    main(["--predictions", *folders, "--output", str(tmp_path / "both")])

    written = {path.name for path in (tmp_path / "both").iterdir()}
    assert written == {
        "members.json",
        "members.md",
        "predictions.parquet",
        "results.csv",
        "results.json",
        "results.md",
        "results.tex",
        "report.html",
    }


def test_members_of_one_name_are_told_apart_by_their_folders(evaluations, tmp_path, capsys):
    again = changed(read_predictions(Path(evaluations[0]) / "val"), notes={})
    write_predictions(again, tmp_path / "seed1")
    folders = [f"{evaluations[0]}/val", f"{evaluations[1]}/val", str(tmp_path / "seed1")]

    main(["--predictions", *folders, "--output", str(tmp_path / "all")])

    out = capsys.readouterr().out
    assert f"rn ({tmp_path / 'seed1'})" in out
    assert f"rn ({evaluations[0]}/val)" in out
    assert "\nvit  " in out


def refusal(flags: list[str], capsys) -> str:
    with pytest.raises(SystemExit) as ended:
        main(flags)
    assert ended.value.code == 3
    return capsys.readouterr().err


def test_other_candidates_are_refused_and_nothing_is_written(evaluations, tmp_path, capsys):
    folder = Path(evaluations[1]) / "testB"
    good = read_predictions(folder)
    moved = [rows + 1 for rows in good.answers.boxes]
    write_predictions(changed(good, boxes=moved), folder)

    message = refusal(["--predictions", *evaluations, "--output", str(tmp_path / "both")], capsys)

    assert message.startswith("error: these predictions cannot be averaged: row 1, expression 2107")
    assert "candidate 0 is (" in message
    assert "in 'rn' and 'vit'; evaluate" in message
    assert not (tmp_path / "both").exists()


def test_different_sets_of_splits_are_refused(evaluations, tmp_path, capsys):
    (Path(evaluations[1]) / "testB" / "predictions.parquet").unlink()

    message = refusal(["--predictions", *evaluations, "--output", str(tmp_path / "both")], capsys)

    assert "found ['val', 'testA']" in message


def test_one_member_is_no_ensemble(evaluations, tmp_path, capsys):
    message = refusal(["--predictions", evaluations[0], "--output", str(tmp_path / "a")], capsys)

    assert message == "error: expected two or more --predictions, found 1\n"


@pytest.mark.parametrize("output", ["rn", "."])
def test_the_results_of_members_are_not_overwritten(evaluations, tmp_path, capsys, output):
    message = refusal(["--predictions", *evaluations, "--output", str(tmp_path / output)], capsys)

    assert "--output" in message


def fitting(evaluations, tmp_path, *flags) -> list[str]:
    fit_on = [f"{folder}/val" for folder in evaluations]
    told = ["--predictions", *evaluations, "--output", str(tmp_path / "both"), "--fit-on", *fit_on]
    return [*told, "--weighting", "fitted", *flags]


def test_weights_are_fitted_on_val_and_reported_on_the_tests(evaluations, tmp_path, capsys):
    main(fitting(evaluations, tmp_path, "--split", "testA", "testB"))

    assert list(read_evaluation(tmp_path / "both")) == ["testA", "testB"]
    note = read_predictions(tmp_path / "both" / "testB").provenance.weighting
    assert note.startswith("fitted on val: rn ")
    assert f"weighting: {note}" in capsys.readouterr().out
    results = json.loads((tmp_path / "both" / "results.json").read_text())
    assert results["protocol"]["weighting"] == f"ensemble: {note}"
    members = json.loads((tmp_path / "both" / "members.json").read_text())["splits"]
    assert [row["comparison"]["split"] for row in members] == ["testA", "testB"]


def test_the_split_of_the_fit_is_not_reported(evaluations, tmp_path, capsys):
    message = refusal(fitting(evaluations, tmp_path), capsys)

    assert "the split 'val' is reported, so weights cannot be fitted on it" in message
    assert not (tmp_path / "both").exists()


def test_weights_are_fitted_to_their_own_members(evaluations, tmp_path, capsys):
    fit_on = [f"{folder}/val" for folder in evaluations]

    turned, alone, whole = (
        refusal(fitting(evaluations, tmp_path, "--split", "testA", "--fit-on", *folders), capsys)
        for folders in (fit_on[::-1], fit_on[:1], evaluations)
    )

    assert "expected predictions of ['rn', 'vit'] in this order, found ['vit', 'rn']" in turned
    assert "expected predictions of ['rn', 'vit'] in this order, found ['rn']" in alone
    assert "rn, --fit-on: expected the folder of one split" in whole


def test_members_that_know_less_than_nothing_get_no_weights(evaluations, tmp_path, capsys):
    for folder in evaluations:
        wrong = read_predictions(Path(folder) / "val")
        logits = [(-9 * ious).astype(np.float32) for ious in ious_of(wrong)]
        write_predictions(changed(wrong, logits=logits), Path(folder) / "val")

    message = refusal(fitting(evaluations, tmp_path, "--split", "testA"), capsys)

    assert "all fitted weights are 0" in message


def test_only_the_splits_that_are_there_can_be_chosen(evaluations, tmp_path, capsys):
    told = ["--predictions", *evaluations, "--output", str(tmp_path / "a"), "--split", "test"]

    assert "no split 'test'; there are val, testA, testB" in refusal(told, capsys)


def test_help_loads_nothing_heavy():
    probe = (
        "import sys\nfrom vg_mc.commands.ensemble import main\n"
        "try: main(['--help'])\nexcept SystemExit: pass\n"
        "sys.exit(bool({'torch', 'pyarrow', 'matplotlib', 'PIL'} & set(sys.modules)))"
    )

    finished = subprocess.run(
        [sys.executable, "-c", probe], cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert finished.returncode == 0, finished.stderr
    assert "--predictions" in finished.stdout


def test_the_page_has_pictures_where_the_dataset_is_named(coloured, tmp_path):
    evaluate.main(
        [
            *("--dataset", str(coloured.folder), "--model", "tiny-vit", "tiny-resnet"),
            *("--output", str(tmp_path / "members"), "--num-workers", "0"),
        ]
    )
    members = tuple(tmp_path / "members" / name for name in ("tiny-vit", "tiny-resnet"))

    run(EnsembleConfig(members, tmp_path / "seen", dataset=coloured.folder))
    run(EnsembleConfig(members, tmp_path / "unseen"))

    assert '<img src="data:' in (tmp_path / "seen" / "report.html").read_text()
    unseen = (tmp_path / "unseen" / "report.html").read_text()
    assert "<img" not in unseen
    assert "<article" in unseen
    assert "Gain of the ensemble" in unseen


def test_pictures_of_another_dataset_are_refused(evaluations, coloured, tmp_path):
    config = EnsembleConfig(tuple(map(Path, evaluations)), tmp_path / "both")

    with refused("rn", "0123abcd"):
        run(replace(config, dataset=coloured.folder))
    with refused("--dataset"):
        run(replace(config, images=tmp_path))
    assert not (tmp_path / "both").exists()


def test_predicted_boxes_vote_with_fitted_weights(make_predictions, tmp_path):
    folders = {"val": [], "testA": []}
    for at, split in enumerate(folders):
        chooser = make_predictions(name="rn", split=split, questions_seed=at, logits_seed=at)
        ids = chooser.examples.expression_ids + 1000 * at
        chooser = changed(chooser, expression_ids=ids)
        for predictions in (chooser, moved_targets(chooser)):
            folder = tmp_path / predictions.name / split
            write_predictions(predictions, folder)
            folders[split].append(folder)

    rows = run(
        EnsembleConfig(
            tuple(folders["testA"]),
            tmp_path / "both",
            weighting="fitted",
            fit_on=tuple(folders["val"]),
        )
    )

    members = [*map(read_predictions, folders["testA"]), read_predictions(tmp_path / "both")]
    assert [row.scores for row in rows] == [scores_of(each) for each in members]
    assert rows[1].scores.proposal_recall is None
    assert members[2].choices.boxes[0].tolist() == members[0].choices.boxes[0].tolist()
    (row,) = json.loads((tmp_path / "both" / "members.json").read_text())["splits"]
    assert row["agreement"]["expressions"] == len(members[0])
