"""Numbers are spelled alike in all tables."""

import math

import numpy as np
import pytest

from vg_mc.metrics.similarity import semantic_similarity
from vg_mc.reports.tables.columns import (
    COLUMNS,
    number,
    other_columns,
    p_value,
    percent,
    points,
)
from vg_mc.scoring import score


@pytest.mark.parametrize(
    ("share", "text"),
    [(0.5, "50.00"), (0.03125, "3.12"), (1, "100.00"), (math.nan, "–")],  # 0.03125 is 0.0312
)
def test_a_percentage_never_rounds_another_way_than_its_share(share, text):
    assert percent(share) == text


def test_other_numbers_have_two_decimals():
    assert (number(7.456), number(math.nan)) == ("7.46", "–")


def test_similarities_have_columns_only_where_features_were_given(make_predictions):
    predictions, features = make_predictions(), np.eye(12)
    plain = score(predictions)
    compared = score(predictions, similarity=semantic_similarity(features, features, -features))

    cells = {column.heading: column.cell for column in other_columns([plain, compared])}

    assert cells["cosine to target"](compared) == "1.00"
    assert cells["distance to sentence"](compared) == "2.00"
    assert cells["cosine to target"](plain) == ""
    assert len(other_columns([plain])) == len(other_columns([compared])) - 4


def test_no_heading_stands_twice():
    headings = [column.heading for column in (*COLUMNS, *other_columns([]))]

    assert len(headings) == len(set(headings))


def test_gains_have_signs_and_small_probabilities_no_digits():
    assert (points(0.015, "+"), points(-0.015, "+"), points(0.5)) == ("+1.50", "-1.50", "50.00")
    assert (p_value(0.0421), p_value(0.0009), p_value(1)) == ("0.042", "< 0.001", "1.000")
    assert points(0, "+") == points(0.00004, "+") == points(-0.00004) == "0.00"
    assert points(0.03125) == percent(0.03125)
    assert points(math.nan) == p_value(math.nan) == "–"
