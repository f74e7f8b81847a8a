"""Predicted boxes go through scoring, tables, comparisons and pages beside choices."""

import csv
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from vg_mc.commands import calibrate, compare, ensemble
from vg_mc.metrics.significance import mcnemar
from vg_mc.predictions import (
    PredictedBoxes,
    Predictions,
    outcomes,
    read_predictions,
    write_predictions,
)
from vg_mc.reports.contact_sheet import write_contact_sheet
from vg_mc.reports.pages.report_page import Gallery, write_report
from vg_mc.reports.tables.protocol import protocol_of
from vg_mc.reports.tables.results import screen_text, write_results
from vg_mc.scoring import score

NEEDS_CANDIDATES = (
    *("proposal recall %", "acc where covered %", "chance %", "candidates each"),
    *("covered", "without proposals", "recall@1 %", "recall@5 %", "recall@10 %"),
)


@pytest.fixture
def choices(make_predictions) -> Predictions:
    return make_predictions("rn", expressions=12, logits_seed=3)


@pytest.fixture
def boxes(choices) -> Predictions:
    """Predict the targets of the first five expressions, parts of two, and nothing else."""
    predicted = np.full((12, 4), np.nan)
    targets = choices.examples.targets
    predicted[:5] = targets[:5]
    predicted[5:7] = targets[5:7]
    predicted[5:7, 2] = targets[5:7, [0, 2]] @ [0.6, 0.4]  # an IoU of 0.4
    confidences = np.where(np.arange(12) < 7, 0.75, np.nan)
    provenance = replace(choices.provenance, name="mlp", proposals=None)
    return Predictions(choices.examples, PredictedBoxes(predicted, confidences), provenance)


@pytest.fixture
def folders(choices, boxes, tmp_path) -> list[Path]:
    for predictions in (choices, boxes):
        write_predictions(predictions, tmp_path / predictions.name)
    return [tmp_path / "rn", tmp_path / "mlp"]


def test_numbers_are_those_of_the_boxes(folders):
    report = score(read_predictions(folders[1]))

    assert report.numbers["accuracy"].value == 5 / 12
    assert report.numbers["accuracy@0.3"].value == 7 / 12
    assert report.numbers["mean_iou"].value == pytest.approx((5 + 2 * 0.4) / 12)
    assert report.numbers["calibration_error"].value == pytest.approx(abs(0.75 - 5 / 7))
    assert report.numbers["calibration_error"].of == 7
    assert (report.oracle_curve, report.proposal_curve, report.confusion) == (None, None, None)
    assert "number of candidates" not in report.breakdowns
    assert {group.oracle for groups in report.breakdowns.values() for group in groups} == {None}


def test_without_confidences_there_is_no_calibration(boxes):
    report = score(replace(boxes, answers=PredictedBoxes(boxes.answers.boxes)))

    assert report.reliability is None
    assert "calibration_error" not in report.numbers


def test_what_does_not_apply_is_an_empty_cell_or_null(choices, boxes, tmp_path):
    reports, protocol = [score(each) for each in (choices, boxes)], protocol_of([choices, boxes])

    write_results(reports, protocol, tmp_path)

    with (tmp_path / "results.csv").open() as file:
        of_choices, of_boxes = csv.DictReader(file)
    assert {of_boxes[name] for name in NEEDS_CANDIDATES} == {""}
    assert "" not in {of_choices[name] for name in NEEDS_CANDIDATES}
    assert of_boxes["acc@0.5 (IoU > 0.5) %"] == "41.67"
    _, result = json.loads((tmp_path / "results.json").read_text())["results"]
    for name in ("proposal_recall", "chance", "covered", "mean_candidates", "recall@1"):
        assert result["scores"][name] is None
    for name in ("oracle_by_threshold", "recall_by_proposals", "confusion"):
        assert result[name] is None
    assert result["intervals"]["recall@1"] is result["denominators"]["recall@1"] is None
    assert result["breakdowns"]["category"][0]["oracle"] is None
    for text in ((tmp_path / "results.md").read_text(), (tmp_path / "results.tex").read_text()):
        row = next(line for line in text.splitlines() if line.strip("| ").startswith("mlp "))
        cells = [cell.strip() for cell in row.strip("|\\ ").replace("&", "|").split("|")]
        assert cells[:3] == ["mlp", "val", "41.67"]
        assert cells[7:11] == ["", "", "", ""]
    assert "41.67" in screen_text(reports)


def test_they_are_compared_with_choices_of_the_same_expressions(
    choices, boxes, folders, tmp_path, capsys
):
    compare.main([*map(str, folders), "--baseline", "rn", "--output", str(tmp_path / "out")])

    one, other = (outcomes(each).right for each in (boxes, choices))
    expected = mcnemar(one, other)
    with (tmp_path / "out" / "comparison.csv").open() as file:
        of_choices, of_boxes = csv.DictReader(file)
    assert of_boxes["baseline"] == "rn"
    assert float(of_boxes["gain"]) == pytest.approx(one.mean() - other.mean(), abs=1e-5)
    assert float(of_boxes["p McNemar, Holm"]) == pytest.approx(expected.p_value, abs=1e-5)
    assert [of_boxes[name] for name in ("proposal recall", "proposals", "same proposals")] == [
        "",
        "",
        "",
    ]
    assert float(of_choices["proposal recall"]) > 0
    printed = capsys.readouterr().out
    assert "different proposals" not in printed
    (line,) = [line for line in printed.splitlines() if line.startswith("mlp ")]
    assert "41.67 (" in line
    assert "mlp" in (tmp_path / "out" / "comparison.html").read_text()


def test_the_page_shows_boxes_without_candidates(boxes, tmp_path, read_page):
    write_report([boxes], [score(boxes)], protocol_of([boxes]), Gallery(9), tmp_path)

    page = read_page((tmp_path / "report.html").read_text())
    words = " ".join(page.words)
    assert page.open == []
    assert "5 of 12 expressions" in words
    for absent in ("Oracle accuracy", "Proposal recall by number", "no proposals", "nan"):
        assert absent not in words
    assert page.words.count("no box predicted") == 5
    assert len([one for one in page.every("rect") if one["class"] == "answer"]) == 7


def test_a_contact_sheet_of_boxes_can_be_written(boxes, tmp_path):
    def no_pictures(candidate_ids):
        pytest.fail(f"boxes have no candidates: {candidate_ids}")

    write_contact_sheet(boxes, [0, 5, 11], no_pictures, tmp_path / "sheet.png")

    assert (tmp_path / "sheet.png").stat().st_size > 0


RANK = ("--weighting", "rank")


def test_means_and_calibration_of_logits_refuse_them(folders, tmp_path, capsys):
    members = ["--predictions", *map(str, folders), "--output", str(tmp_path / "both")]
    for main, flags, named in (
        (ensemble.main, members, "--weighting"),
        (
            ensemble.main,
            ["--predictions", *[str(folders[1])] * 2, *members[3:], *RANK],
            "candidates",
        ),
        (calibrate.main, [str(folders[1]), "--output", str(tmp_path / "run")], "boxes"),
    ):
        with pytest.raises(SystemExit) as ended:
            main(flags)

        assert ended.value.code == 3
        assert named in capsys.readouterr().err
    assert not (tmp_path / "both").exists()
