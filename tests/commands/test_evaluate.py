"""The command writes predictions, tables and pictures, and what it writes can be ensembled."""

import json
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from tests.flat import flat
from tests.predictions.made import proposed_by, scores_of
from tests.refusals import refused
from vg_mc.commands import ensemble
from vg_mc.commands.evaluate import EvaluateConfig, main, run
from vg_mc.models.loading import load_encoder
from vg_mc.predictions import read_predictions


@pytest.fixture(scope="module")
def evaluations(coloured, tmp_path_factory) -> Path:
    """Evaluate both tiny models by the command; return the folder of the evaluations."""
    folder = tmp_path_factory.mktemp("evaluations")
    for model in ("tiny-vit", "tiny-resnet"):
        main(
            [
                *("--dataset", str(coloured.folder), "--model", model),
                *("--split", "val", "testA", "--output", str(folder / model)),
                *("--num-workers", "0"),
            ]
        )
    return folder


def test_everything_is_written(evaluations):
    output = evaluations / "tiny-vit"

    assert {path.name for path in output.iterdir()} == {
        "val",
        "testA",
        "results.csv",
        "results.json",
        "results.md",
        "results.tex",
        "report.html",
    }
    for split in ("val", "testA"):
        assert {path.name for path in (output / split).iterdir()} == {
            "predictions.parquet",
            "examples.png",
        }


def test_the_table_scores_the_predictions(evaluations):
    results = json.loads((evaluations / "tiny-vit" / "results.json").read_text())["results"]

    assert [(row["name"], row["split"]) for row in results] == [
        ("tiny-vit", "val"),
        ("tiny-vit", "testA"),
    ]
    predictions = read_predictions(evaluations / "tiny-vit" / "testA")
    scores = scores_of(predictions)
    assert results[1]["scores"]["accuracy"] == round(scores.accuracy, 4)
    assert results[1]["scores"]["expressions"] == 13
    assert results[1]["scores"]["without_proposals"] == 1


def test_the_page_has_every_split_and_draws_on_candidates_without_photos(evaluations):
    page = (evaluations / "tiny-vit" / "report.html").read_text()

    assert page.count('<section data-part="') == 2
    assert page.count("shown on its best candidate image") == page.count("<image ") > 4


def test_a_wrong_folder_of_photos_is_told_before_any_split_is_answered(coloured, tmp_path):
    config = flat(
        EvaluateConfig,
        coloured.folder,
        tmp_path / "a",
        model=("tiny-vit",),
        images=tmp_path / "missing",
    )

    with refused("--images"):
        run(config)
    assert not (tmp_path / "a").exists()


def test_the_table_is_printed(coloured, tmp_path, capsys):
    run(
        flat(
            EvaluateConfig,
            coloured.folder,
            tmp_path,
            model=("tiny-vit",),
            name=("mine",),
            num_workers=0,
        )
    )

    lines = capsys.readouterr().out.splitlines()
    assert lines[2].split()[:2] == ["mine", "val"]


def test_readers_learn_what_the_numbers_depend_on(coloured, tmp_path):
    config = flat(
        EvaluateConfig,
        coloured.folder,
        tmp_path,
        model=("tiny-vit",),
        split=("train", "val"),
        num_workers=0,
    )

    train, val = run(config)

    assert train.provenance.proposals == proposed_by("annotations")
    assert val.provenance.proposals == proposed_by("stored")
    assert val.provenance.notes["model"] == "tiny-vit"
    assert val.provenance.notes["precision"] == "fp32"
    assert val.provenance.notes["pictures"] == "squash to 32 pixels"
    assert val.provenance.detector_exposure == "none: no detector on COCO images"
    assert len(val.provenance.model_hash) == 64
    assert "numpy " in val.provenance.notes["versions"]


def test_a_subset_is_a_further_row_and_unknown_ids_are_named(coloured, tmp_path, capsys):
    ids = coloured.expressions("val").expression_ids[:5].tolist()
    (tmp_path / "clean.json").write_text(json.dumps([*ids, 999_999]))
    flags = ("--dataset", str(coloured.folder), "--model", "tiny-vit", "--num-workers", "0")

    main([*flags, "--output", str(tmp_path / "a"), "--subset", str(tmp_path / "clean.json")])

    printed = capsys.readouterr().out.splitlines()
    assert printed[3].startswith("tiny-vit  val, clean")
    remark = "6 ids, 1 of them not in any answered split: 999999"
    assert printed[4] == f"subset clean: {remark}"
    document = json.loads((tmp_path / "a" / "results.json").read_text())
    assert [result["subset"] for result in document["results"]] == [None, "clean"]
    assert document["results"][1]["scores"]["expressions"] == 5
    assert document["protocol"]["subset clean"] == remark


def test_a_wrong_subset_is_told_before_any_split_is_answered(coloured, tmp_path):
    config = flat(
        EvaluateConfig,
        coloured.folder,
        tmp_path / "a",
        model=("tiny-vit",),
        subset=(tmp_path / "missing.txt",),
    )

    with refused(file="missing.txt"):
        run(config)
    assert not (tmp_path / "a").exists()


def test_evaluations_can_be_ensembled(evaluations, tmp_path):
    members = (evaluations / "tiny-vit", evaluations / "tiny-resnet")

    rows = ensemble.run(ensemble.EnsembleConfig(members, tmp_path))

    assert [(row.split, row.name) for row in rows] == [
        (split, name)
        for split in ("val", "testA")
        for name in ("tiny-vit", "tiny-resnet", "ensemble")
    ]


@pytest.mark.parametrize(
    ("splits", "problem"),
    [
        (("val", "test"), "test testA"),
        (("val",) * 2, "twice"),
    ],
)
def test_a_wrong_split_is_told_before_any_is_answered(coloured, tmp_path, splits, problem):
    config = flat(
        EvaluateConfig, coloured.folder, tmp_path / "output", model=("tiny-vit",), split=splits
    )

    with refused(*problem.split()):
        run(config)
    assert not (tmp_path / "output").exists()


def test_a_run_gives_its_name_to_its_best_model(coloured, tmp_path):
    best = tmp_path / "large-run" / "best"
    best.mkdir(parents=True)
    load_encoder("tiny-vit", image_size=32).save(best)

    (predictions,) = run(
        flat(
            EvaluateConfig, coloured.folder, tmp_path / "output", model=(str(best),), num_workers=0
        )
    )

    assert predictions.name == "large-run"


TINY = ("tiny-vit", "tiny-resnet")


def test_several_models_share_a_table_and_have_folders_of_their_own(
    coloured, evaluations, tmp_path
):
    names, splits = ("a b/c", "d"), ("val", "testA")

    answered = run(
        flat(
            EvaluateConfig,
            coloured.folder,
            tmp_path,
            model=TINY,
            split=splits,
            name=names,
            num_workers=0,
        )
    )

    rows = [(name, split) for name in names for split in splits]
    results = json.loads((tmp_path / "results.json").read_text())["results"]
    assert [(row["name"], row["split"]) for row in results] == rows
    assert [(one.name, one.split) for one in answered] == rows
    for folder, model in (("a-b-c", "tiny-vit"), ("d", "tiny-resnet")):
        together = read_predictions(tmp_path / folder / "testA")
        alone = read_predictions(evaluations / model / "testA")
        assert all(map(np.array_equal, together.answers.logits, alone.answers.logits))
        assert together.provenance.notes["model"] == model
    pages = sorted(path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*.html"))
    assert pages == ["a-b-c/report.html", "d/report.html"]


@pytest.mark.parametrize(
    ("names", "problem"),
    [((), "--name"), (("a", "a"), "--name"), (("a",), "--name 2 1")],
)
def test_models_that_cannot_be_told_apart_are_refused(coloured, tmp_path, names, problem):
    config = flat(
        EvaluateConfig, coloured.folder, tmp_path / "output", model=("tiny-vit",) * 2, name=names
    )

    with refused(*problem.split()):
        run(config)
    assert not (tmp_path / "output").exists()


def test_kept_features_change_no_number_and_are_used_again(coloured, evaluations, tmp_path):
    kept, splits = tmp_path / "features", ("val", "testA")
    config = flat(
        EvaluateConfig,
        coloured.folder,
        tmp_path,
        model=TINY,
        split=splits,
        features=kept,
        num_workers=0,
    )
    first = run(config)
    files = {path: path.stat().st_mtime_ns for path in kept.rglob("*.npy")}

    second = run(replace(config, encoding=replace(config.encoding, batch_size=2)))

    for one, two in zip(first, second, strict=True):
        plain = read_predictions(evaluations / one.name / one.split)
        assert all(map(np.array_equal, one.answers.logits, two.answers.logits))
        # testA finds some of its texts already there, so its batches are others.
        same = np.array_equal if one.split == "val" else partial(np.allclose, atol=1e-5)
        assert all(map(same, one.answers.logits, plain.answers.logits))
    assert {path: path.stat().st_mtime_ns for path in kept.rglob("*.npy")} == files
    assert len({path.relative_to(kept).parts[0] for path in files}) == 2
    assert "cosine to target" in (tmp_path / "results.md").read_text()


def test_a_mirrored_view_is_a_member_of_an_ensemble(coloured, evaluations, tmp_path):
    config = flat(
        EvaluateConfig,
        coloured.folder,
        tmp_path / "mirrored",
        model=("tiny-vit",),
        num_workers=0,
        flip=True,
    )

    (mirrored,) = run(config)

    assert mirrored.name == "tiny-vit, mirrored"
    assert "mirrored" in mirrored.provenance.notes["flip"]
    folders = (evaluations / "tiny-vit" / "val", tmp_path / "mirrored" / "val")
    rows = ensemble.run(ensemble.EnsembleConfig(folders, tmp_path / "both"))
    assert [row.name for row in rows] == ["tiny-vit", "tiny-vit, mirrored", "ensemble"]


BASELINES = ("biggest-box", "most-confident", "random")


def test_baselines_stand_in_the_table_of_a_model_and_in_its_ensembles(coloured, tmp_path):
    config = flat(
        EvaluateConfig,
        *(coloured.folder, tmp_path, ("clip", *BASELINES), ("tiny-vit",)),
        num_workers=0,
        flip=True,
    )

    answered = run(config)

    assert [one.name for one in answered] == ["tiny-vit, mirrored", *BASELINES]
    assert answered[3].provenance.notes["grounder"] == "random, seed 0"
    assert "model" not in answered[3].provenance.notes
    folders = tuple(tmp_path / name / "val" for name in BASELINES)
    rows = ensemble.run(ensemble.EnsembleConfig(folders, tmp_path / "together"))
    assert [row.name for row in rows] == [*BASELINES, "ensemble"]


def test_a_baseline_needs_no_model_and_may_have_a_name(coloured, tmp_path):
    folders = ("--dataset", str(coloured.folder), "--output", str(tmp_path))

    main([*folders, "--grounder", "random", "--name", "any", "--seed", "3"])

    assert read_predictions(tmp_path / "val").name == "any"


def test_truncated_expressions_are_counted_once(make_coloured, make_photos, tmp_path, capsys):
    photos = make_photos(4, 1, 0)
    long = photos[0]._replace(questions=[("red " * 31, photos[0].questions[0][1])])
    dataset = make_coloured(tmp_path / "data", {"val": [long, *photos[1:]], "testA": photos})

    run(
        EvaluateConfig(
            dataset=dataset.folder,
            output=tmp_path / "out",
            model=("tiny-vit",),
            split=("val", "testA"),
        )
    )

    printed = capsys.readouterr().out
    assert printed.count("1 of 4 expressions are longer than the 32 tokens") == 1
    assert "truncated" in read_predictions(tmp_path / "out" / "val").provenance.notes
    assert "truncated" not in read_predictions(tmp_path / "out" / "testA").provenance.notes
