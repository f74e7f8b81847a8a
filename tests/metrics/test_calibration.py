"""The calibration error is that of a loop over bins."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vg_mc.metrics.calibration import calibration_error, reliability

ANSWERS = st.lists(
    st.tuples(st.sampled_from([1 / 15, 0.2, 0.3, 0.5, 0.99, 1.0, math.nan]), st.booleans()),
    max_size=30,
)


def slow_error(answers: list[tuple[float, bool]], bins: int = 15) -> float:
    """Sort into bins one by one; a confidence on an edge belongs to the bin below."""
    known = [(confidence, right) for confidence, right in answers if not math.isnan(confidence)]
    error = 0.0
    for place in range(bins):
        inside = [
            (confidence, right)
            for confidence, right in known
            if place < confidence * bins <= place + 1
        ]
        if inside:
            confidence = sum(each for each, _ in inside) / len(inside)
            accuracy = sum(right for _, right in inside) / len(inside)
            error += len(inside) / len(known) * abs(confidence - accuracy)
    return error if known else math.nan


def columns(answers):
    confidences = np.array([confidence for confidence, _ in answers], dtype=np.float64)
    return confidences, np.array([right for _, right in answers], dtype=bool)


@given(answers=ANSWERS)
def test_the_error_is_that_of_a_loop(answers):
    found = calibration_error(*columns(answers), np.arange(len(answers)))

    assert found.value == pytest.approx(slow_error(answers), nan_ok=True)
    assert found.of == sum(not math.isnan(confidence) for confidence, _ in answers)


@given(answers=ANSWERS)
def test_the_bins_hold_every_answer_and_add_up_to_the_error(answers):
    bins = reliability(*columns(answers))

    total = sum(each.answers for each in bins)
    filled = [each for each in bins if each.answers]
    gaps = sum(each.answers * abs(each.confidence - each.accuracy) for each in filled)
    assert total == sum(not math.isnan(confidence) for confidence, _ in answers)
    assert gaps == pytest.approx(total * slow_error(answers) if total else 0)
    assert all(each.above < each.confidence <= each.up_to + 1e-12 for each in filled)
    assert (len(bins), bins[0].above, bins[-1].up_to) == (15, 0, 1)


def test_an_honest_model_has_a_small_error_and_a_boaster_a_large_one():
    generator = np.random.default_rng(0)
    confidences = generator.uniform(0.2, 1, size=20_000)
    right = generator.uniform(size=20_000) < confidences
    photos = np.arange(20_000) // 4

    honest = calibration_error(confidences, right, photos)
    boasting = calibration_error(np.ones(20_000), right, photos)

    assert honest.value < 0.02
    assert boasting.value == pytest.approx(1 - right.mean())
    assert boasting.low < boasting.value < boasting.high


def test_one_photo_gives_no_interval():
    found = calibration_error(np.array([0.5, 0.7]), np.array([True, False]), np.array([3, 3]))

    assert found.value == pytest.approx(0.6)
    assert math.isnan(found.low)
