"""Plots of a split show what the columns say."""

import io

import numpy as np
import pytest
from PIL import Image

from vg_mc.prepared.dataset import Expressions
from vg_mc.reports.plots import (
    _whole_bins,
    best_ious,
    boxes_per_photo,
    plot_distributions,
    sentence_lengths,
)


def made(texts, image_ids, ious) -> Expressions:
    return Expressions(
        expression_ids=np.arange(len(texts)),
        image_ids=np.array(image_ids, dtype=np.int64),
        texts=texts,
        categories=[""] * len(texts),
        targets=np.zeros((len(texts), 4)),
        candidate_ids=[np.arange(len(row)) for row in ious],
        ious=[np.array(row, dtype=np.float64) for row in ious],
        rivals=np.zeros(len(texts), np.int64),
    )


@pytest.fixture
def split() -> Expressions:
    return made(["a b c", "a", ""], [7, 7, 9], [[0.1, 0.75], [0.5, 0.2], []])


def test_a_photo_counts_once(split):
    assert boxes_per_photo(split).tolist() == [2, 0]


def test_an_expression_without_candidates_has_no_overlap(split):
    assert best_ious(split).tolist() == [0.75, 0.5, 0]


def test_words_are_counted(split):
    assert sentence_lengths(split).tolist() == [3, 1, 0]


@pytest.mark.parametrize("values", [[], [0], [1, 2, 39], [1000], list(range(300))])
def test_every_whole_number_lies_inside_of_a_bin(values):
    bins = _whole_bins(np.array(values, dtype=np.int64))

    assert np.histogram(values, bins)[0].sum() == len(values)
    assert 2 <= len(bins) <= 43
    assert len(set(np.diff(bins))) == 1


def test_the_picture_is_the_same_each_time(split):
    first = plot_distributions(split)

    assert first == plot_distributions(split)
    assert Image.open(io.BytesIO(first)).size == (1210, 330)


def test_a_split_of_nothing_can_be_drawn():
    assert plot_distributions(made([], [], [])).startswith(b"\x89PNG")
