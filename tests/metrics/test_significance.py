"""Paired tests agree with scipy, and know that photos are what is independent."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from vg_mc.metrics.significance import holm, mcnemar, paired_difference


def flags(*counts: int) -> tuple[np.ndarray, np.ndarray]:
    """Return answers of two models: both right, only the first, only the second, both wrong."""
    return np.repeat([True, True, False, False], counts), np.repeat(
        [True, False, True, False], counts
    )


@given(st.integers(0, 40), st.integers(0, 40))
def test_mcnemar_is_the_exact_binomial_test_of_the_disagreements(first, second):
    found = mcnemar(*flags(3, first, second, 2))

    expected = stats.binomtest(first, first + second).pvalue if first + second else 1.0
    assert (found.only_first, found.only_second) == (first, second)
    assert found.p_value == pytest.approx(expected)


def test_mcnemar_is_exact_at_the_size_of_a_real_split():
    found = mcnemar(*flags(6000, 1240, 1130, 2464))

    assert found.p_value == pytest.approx(stats.binomtest(1240, 2370).pvalue)
    assert mcnemar(*flags(0, 5000, 0, 0)).p_value == pytest.approx(0, abs=1e-300)


@pytest.fixture
def models():
    generator = np.random.default_rng(2)
    image_ids = np.repeat(np.arange(120), 6)
    hard = np.repeat(generator.uniform(0, 1, size=120), 6)
    first = generator.uniform(size=720) > hard
    return first, generator.uniform(size=720) > hard * 1.15, image_ids


def test_the_interval_of_a_difference_is_that_of_scipy(models):
    first, second, image_ids = models

    found = paired_difference(first, second, image_ids, rounds=20_000)

    gains = (first.astype(float) - second).reshape(120, 6).mean(axis=1)  # photos of equal size
    expected = stats.bootstrap(
        (gains,), np.mean, n_resamples=20_000, method="percentile", rng=np.random.default_rng(3)
    ).confidence_interval
    width = expected.high - expected.low
    assert found.value == pytest.approx(first.mean() - second.mean())
    assert found.low == pytest.approx(expected.low, abs=0.03 * width)
    assert found.high == pytest.approx(expected.high, abs=0.03 * width)
    assert found.of == 720


def test_the_p_value_is_small_exactly_where_zero_lies_outside_of_the_interval(models):
    first, second, image_ids = models
    for worse in (second, second & (np.arange(720) % 7 > 0), second & (np.arange(720) % 3 > 0)):
        found = paired_difference(first, worse, image_ids)

        assert (found.p_value < 0.05) == (not found.low <= 0 <= found.high)


def test_the_order_of_the_models_turns_the_sign_alone(models):
    first, second, image_ids = models

    one = paired_difference(first, second, image_ids)
    other = paired_difference(second, first, image_ids)

    assert other.value == -one.value
    assert (other.low, other.high) == (pytest.approx(-one.high), pytest.approx(-one.low))
    assert other.p_value == one.p_value


def test_a_model_does_not_differ_from_itself(models):
    first, _, image_ids = models

    found = paired_difference(first, first, image_ids)

    assert (found.value, found.p_value) == (0, 1)
    assert math.isnan(found.low)
    assert math.isnan(found.high)
    assert mcnemar(first, first).p_value == 1


def test_no_p_value_is_zero():
    better = paired_difference(np.ones(60, bool), np.zeros(60, bool), np.arange(60))

    assert better.p_value == pytest.approx(2 / 10_001)


@pytest.mark.parametrize("expressions", [0, 3])
def test_less_than_two_photos_prove_nothing(expressions):
    right = np.ones(expressions, bool)

    found = paired_difference(right, ~right, np.zeros(expressions, np.int64))

    assert math.isnan(found.p_value)
    assert math.isnan(found.low)
    assert found.of == expressions


def test_other_expressions_cannot_be_paired():
    with pytest.raises(ValueError, match="3 and 2 answers are not paired"):
        mcnemar(np.ones(3, bool), np.ones(2, bool))
    with pytest.raises(ValueError, match="3 and 2 answers are not paired"):
        paired_difference(np.ones(3, bool), np.ones(2, bool), np.arange(3))


@given(st.lists(st.floats(0, 1), max_size=8))
def test_holm_agrees_with_its_definition(p_values):
    found = holm(p_values)

    order = np.argsort(p_values, kind="stable")
    scaled = [p_values[at] * (len(order) - rank) for rank, at in enumerate(order)]
    expected = np.minimum(np.maximum.accumulate([*scaled]), 1) if scaled else []
    assert np.allclose(np.array(found)[order] if found else [], expected)
    assert all(one >= p for one, p in zip(found, p_values, strict=True))


def test_holm_corrects_a_known_family_and_leaves_what_was_no_test_out():
    found = holm([0.01, math.nan, 0.04, 0.03])

    assert found[0] == pytest.approx(0.03)
    assert math.isnan(found[1])
    assert found[2:] == pytest.approx([0.06, 0.06])
