"""Windows hold every expression once, and the expressions of a photo together."""

from dataclasses import replace

import numpy as np
import pytest

from vg_mc.grounders.dual_encoder import candidates_of, joined, windows_of


@pytest.mark.parametrize("candidates", [1, 5, 8, 10_000])
def test_every_expression_is_in_one_window_with_all_of_its_photo(coloured, candidates):
    expressions = coloured.expressions("train")

    windows = windows_of(expressions, candidates)

    assert sorted(np.concatenate(windows)) == list(range(len(expressions)))
    photos = [set(expressions.image_ids[rows]) for rows in windows]
    assert sum(map(len, photos)) == len(set(expressions.image_ids))
    sizes = [len(candidates_of(expressions, rows)) for rows in windows]
    assert sum(sizes) == len(candidates_of(expressions, np.arange(len(expressions))))
    assert max(sizes) < candidates + 5  # no photo has more than five


def test_nothing_to_answer_makes_no_window(coloured):
    expressions = coloured.expressions("val")
    empty = replace(expressions, texts=[], image_ids=expressions.image_ids[:0])

    assert windows_of(empty, 8) == []
    assert joined([]).tolist() == []
