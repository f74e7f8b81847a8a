"""The document holds every number, and programs can read it."""

import json
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from tests.predictions.made import moved_targets
from vg_mc.metrics.similarity import semantic_similarity
from vg_mc.predictions import FILE_NAME, write_predictions
from vg_mc.reports.tables.results import json_text
from vg_mc.scoring import score


@pytest.fixture(scope="module")
def report(make_predictions):
    return score(make_predictions(expressions=31))


@pytest.fixture(scope="module")
def result(report):
    return json.loads(json_text([report], {}))["results"][0]


def test_shares_have_four_decimals(report, result):
    assert (result["name"], result["split"], result["subset"]) == ("tiny", "val", None)
    assert result["scores"]["accuracy"] == round(report.scores.accuracy, 4)
    assert result["scores"]["expressions"] == 31
    assert result["images"] == 16


def test_every_number_has_an_interval_and_a_denominator(report, result):
    for name, estimate in report.numbers.items():
        assert result["scores"][name] == round(estimate.value, 4)
        assert result["intervals"][name] == [round(estimate.low, 4), round(estimate.high, 4)]
        assert result["denominators"][name] == estimate.of


def test_curves_can_be_plotted(report, result):
    points = result["accuracy_by_threshold"]
    assert [point["iou_above"] for point in points] == list(report.accuracy_curve.at)
    assert [point["value"] for point in points] == [
        round(estimate.value, 4) for estimate in report.accuracy_curve.estimates
    ]
    assert result["oracle_by_threshold"][9]["value"] == result["scores"]["proposal_recall"]
    assert [point["proposals"] for point in result["recall_by_proposals"]] == [1, 2, 3, 4, 5]
    assert sum(each["answers"] for each in result["reliability"]) == 30


def test_groups_and_confusions_are_counted(result):
    groups = result["breakdowns"]["category"]

    assert [group["group"] for group in groups] == ["square", "circle"]
    assert sum(group["accuracy"]["of"] for group in groups) == 31
    assert all(group["accuracy"]["value"] <= group["oracle"]["value"] for group in groups)
    assert sum(sum(row.values()) for row in result["confusion"].values()) == 31


def test_every_entry_is_explained(result):
    explained = (Path(__file__).parents[3] / "docs" / "numbers.md").read_text(encoding="utf-8")
    parts = [
        *(result, result["scores"], result["reliability"][0]),
        *(result[curve][0] for curve in ("accuracy_by_threshold", "recall_by_proposals")),
        result["breakdowns"]["category"][0],
    ]

    missing = [name for part in parts for name in part if f"`{name}`" not in explained]

    assert missing == []


def test_every_number_and_every_column_is_explained(make_predictions, tmp_path):
    predictions = make_predictions()
    columns = []
    for place, answered in (("choices", predictions), ("boxes", moved_targets(predictions))):
        write_predictions(answered, tmp_path / place)
        columns += pq.read_schema(tmp_path / place / FILE_NAME).names
    explained = (Path(__file__).parents[3] / "docs" / "numbers.md").read_text(encoding="utf-8")
    similarity = semantic_similarity(*[np.eye(12)] * 3)

    names = score(predictions, similarity=similarity).numbers
    missing = [name for name in (*names, *columns) if f"`{name}`" not in explained]

    assert missing == []
