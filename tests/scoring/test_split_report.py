"""A report holds every number with its interval and its denominator, ready to be plotted."""

import math
from dataclasses import asdict

import numpy as np
import pytest

from tests.predictions.made import changed, ious_of, scores_of
from vg_mc.metrics import is_right
from vg_mc.metrics.similarity import semantic_similarity
from vg_mc.predictions import outcomes
from vg_mc.scoring import score


@pytest.fixture(scope="module")
def predictions(make_predictions):
    return make_predictions(expressions=120, questions_seed=1, logits_seed=2)


@pytest.fixture(scope="module")
def report(predictions):
    return score(predictions)


def test_the_main_numbers_have_intervals_around_them(report, predictions):
    assert report.scores == scores_of(predictions)
    for name, estimate in report.numbers.items():
        if name != "calibration_error":  # its draws lean upward
            assert estimate.low <= estimate.value <= estimate.high, name
    for name, value in asdict(report.scores).items():
        if name in report.numbers:
            assert report.numbers[name].value == pytest.approx(value)


def test_denominators_are_told(report):
    mean_over_all = {"accuracy_where_covered": report.scores.covered, "calibration_error": 119}

    for name, estimate in report.numbers.items():
        assert estimate.of == mean_over_all.get(name, 120), name
    assert report.images == 60


def test_accuracy_falls_with_the_threshold_and_stays_below_its_ceiling(report):
    accuracy = [estimate.value for estimate in report.accuracy_curve.estimates]
    oracle = [estimate.value for estimate in report.oracle_curve.estimates]

    assert accuracy == sorted(accuracy, reverse=True)
    assert all(one <= other for one, other in zip(accuracy, oracle, strict=True))
    assert accuracy[report.accuracy_curve.at.index(0.5)] == report.numbers["accuracy"].value
    assert oracle[report.oracle_curve.at.index(0.5)] == report.numbers["proposal_recall"].value


def test_proposals_are_counted_in_the_order_of_their_scores(predictions):
    backwards = changed(predictions, scores=[-row for row in predictions.answers.scores])

    for each, order in ((predictions, 1), (backwards, -1)):
        curve = score(each).proposal_curve
        assert curve.at == (1, 2, 3, 4, 5)
        for count, estimate in zip(curve.at, curve.estimates, strict=True):
            found = [is_right(row)[::order][:count].any() for row in ious_of(each)]
            assert estimate.value == pytest.approx(np.mean(found))


def test_the_ceiling_is_reached_with_all_proposals(report):
    assert report.proposal_curve.estimates[-1] == report.numbers["proposal_recall"]


def test_groups_are_scored_as_splits_of_their_own(report, predictions):
    right = outcomes(predictions).right
    circles = np.array([category == "circle" for category in predictions.examples.categories])

    (circle,) = [group for group in report.breakdowns["category"] if group.name == "circle"]

    assert circle.accuracy.of == circle.oracle.of == circles.sum()
    assert circle.accuracy.value == pytest.approx(right[circles].mean())
    assert circle.accuracy.value <= circle.oracle.value


def test_reliability_and_confusion_count_what_was_answered(report):
    assert sum(each.answers for each in report.reliability) == 119
    assert sum(map(sum, (row.values() for row in report.confusion.values()))) == 120


def test_similarities_stand_among_the_numbers_where_features_were_given(predictions, report):
    features = np.random.default_rng(0).normal(size=(120, 4))
    chosen = features.copy()
    chosen[0] = np.nan

    scored = score(predictions, similarity=semantic_similarity(chosen, features, -features))

    assert scored.numbers["target_cosine"].value == pytest.approx(1)
    assert scored.numbers["sentence_cosine"].value == pytest.approx(-1)
    assert scored.numbers["target_distance"].of == 119
    assert "target_cosine" not in report.numbers


def test_the_same_predictions_give_the_same_numbers(predictions, report):
    again = score(predictions)

    assert again.numbers == report.numbers
    assert again.breakdowns == report.breakdowns


def test_an_empty_split_can_be_reported(make_predictions):
    report = score(make_predictions(expressions=0), subset="none")

    assert (report.images, report.subset, report.proposal_curve.at) == (0, "none", ())
    assert math.isnan(report.numbers["accuracy"].value)
    assert report.confusion == {}
