"""Intervals agree with scipy's bootstrap, and photos are what is drawn."""

import math

import numpy as np
import pytest
from scipy import stats

from vg_mc.metrics import resampling
from vg_mc.metrics.resampling import (
    Ratio,
    drawn_counts,
    estimate,
    interval,
    photo_sums,
    resampled,
)


@pytest.fixture
def split():
    """Return answers that fail and succeed together in a photo, and their photos."""
    generator = np.random.default_rng(5)
    image_ids = np.sort(generator.integers(0, 150, size=900)) * 3
    luck = generator.uniform(0, 1, size=451)
    right = generator.uniform(size=900) < luck[image_ids]
    return right, image_ids


def by_photo(values, image_ids):
    return np.array([values[image_ids == photo].sum() for photo in np.unique(image_ids)])


def test_intervals_are_those_of_scipy_for_sums_over_photos(split):
    right, image_ids = split
    sums, counts = by_photo(right, image_ids), by_photo(np.ones(len(right)), image_ids)

    (found,) = estimate([Ratio(right, np.ones(900))], image_ids, rounds=20_000)
    expected = stats.bootstrap(
        (sums, counts),
        lambda values, weights, axis: values.sum(axis=axis) / weights.sum(axis=axis),
        paired=True,
        vectorized=True,
        n_resamples=20_000,
        method="percentile",
        rng=np.random.default_rng(1),
    ).confidence_interval

    width = expected.high - expected.low
    assert (found.value, found.of) == (pytest.approx(right.mean()), 900)
    assert found.low == pytest.approx(expected.low, abs=0.03 * width)
    assert found.high == pytest.approx(expected.high, abs=0.03 * width)


def test_sentences_of_one_photo_are_no_independent_witnesses(split):
    right, image_ids = split

    (together,) = estimate([Ratio(right, np.ones(900))], image_ids)
    (alone,) = estimate([Ratio(right, np.ones(900))], np.arange(900))

    assert together.high - together.low > 1.4 * (alone.high - alone.low)


def test_draws_are_the_same_for_all_models_and_for_any_memory(split, monkeypatch):
    sums = photo_sums([split[0]], split[1])
    at_once = resampled(sums)

    assert (resampled(sums) == at_once).all()
    assert not (resampled(sums, seed=1) == at_once).all()
    monkeypatch.setattr(resampling, "DRAWN_AT_ONCE", 700)
    assert resampled(sums).shape == at_once.shape


def test_each_round_draws_as_many_photos_as_there_are():
    counts = np.concatenate(list(drawn_counts(7, rounds=50)))

    assert counts.shape == (50, 7)
    assert (counts.sum(axis=1) == 7).all()
    assert counts.mean() == 1


def test_expressions_of_weight_zero_are_no_part_of_the_denominator():
    image_ids = np.array([4, 4, 8, 9])

    (found,) = estimate([Ratio([1, 0, 0, 0], [1, 0, 1, 0])], image_ids)

    assert (found.value, found.of) == (0.5, 2)
    assert (found.low, found.high) == (0, 1)


@pytest.mark.parametrize("weights", [[0, 0, 0], [1, 1, 0]], ids=["nothing", "a single photo"])
def test_what_rests_on_less_than_two_photos_has_no_interval(weights):
    (found,) = estimate([Ratio([0, 0, 0], weights)], np.array([1, 1, 2]))

    assert math.isnan(found.low)
    assert math.isnan(found.high)
    assert found.of == sum(weights)


def test_an_empty_split_has_an_estimate_too():
    (found,) = estimate([Ratio([], [])], np.array([], dtype=np.int64))

    assert found.of == 0
    assert math.isnan(found.value)


@pytest.mark.parametrize("value", [0, 1])
def test_a_share_of_all_or_nothing_claims_no_certainty(value):
    (found,) = estimate([Ratio([value] * 4, [1] * 4)], np.arange(4))

    assert found.value == value
    assert math.isnan(found.low)
    assert math.isnan(found.high)


def test_draws_without_a_value_are_left_out_of_an_interval():
    draws = np.concatenate([np.linspace(0, 1, 41), [np.nan] * 9])

    assert interval(draws) == (pytest.approx(0.025), pytest.approx(0.975))
