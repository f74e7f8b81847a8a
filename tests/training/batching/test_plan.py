"""Batches lose and repeat nothing, and are even in pictures."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vg_mc.training.batching.batches import MicroBatch
from vg_mc.training.batching.plan import Units, in_turn, plan_epoch, units_of


def units_with(pictures) -> Units:
    """Make units of two expressions each."""
    pairs = [np.array([2 * unit, 2 * unit + 1]) for unit in range(len(pictures))]
    return Units(pairs, np.asarray(pictures))


def alike(count: int) -> Units:
    return Units(list(np.arange(count)[:, None]), np.full(count, 4))


def skewed(count: int) -> Units:
    """Make units of 1 to 40 pictures, of which most need few."""
    return units_with(1 + np.random.default_rng(5).binomial(39, 0.2, size=count) ** 2 % 40)


def pictures_of(units: Units, part: MicroBatch) -> int:
    """Count the pictures of a part of `units_with`."""
    return int(units.pictures[part.expressions[::2] // 2].sum())


@given(
    pictures=st.lists(st.integers(1, 40), min_size=9, max_size=90),
    batch_size=st.integers(6, 16),
    parts=st.integers(1, 3),
    epoch=st.integers(0, 5),
)
def test_an_epoch_holds_each_unit_once(pictures, batch_size, parts, epoch):
    units = units_with(pictures)

    plan = plan_epoch(units, batch_size=batch_size, parts=parts, seed=0, epoch=epoch)

    rows = np.concatenate([part.expressions for batch in plan for part in batch])
    assert sorted(rows) == list(range(2 * len(units)))
    assert len(plan) == -(-len(units) // batch_size)
    sizes = [sum(len(part.expressions) for part in batch) for batch in plan]
    assert max(sizes) - min(sizes) <= 2
    assert max(sizes) <= 2 * batch_size
    for batch in plan:
        assert len(batch) == parts
        assert sum(part.share for part in batch) == pytest.approx(1)
        assert all(len(part.expressions) for part in batch)


def test_steps_and_processes_are_even_in_pictures():
    units = skewed(600)
    mean = units.pictures.sum() / 38

    plan = plan_epoch(units, batch_size=16, parts=2, seed=0, epoch=0)

    steps = [sum(pictures_of(units, part) for part in batch) for batch in plan]
    assert max(steps) < 1.05 * mean
    for one, other in plan:
        assert abs(pictures_of(units, one) - pictures_of(units, other)) < 0.04 * mean


def test_the_largest_images_do_not_meet():
    units = units_with([40, 40, *[1] * 14])

    plan = plan_epoch(units, batch_size=8, parts=2, seed=0, epoch=0)

    assert [[pictures_of(units, part) for part in batch] for batch in plan] == [[40, 7]] * 2


def test_parts_weigh_as_much_as_they_hold():
    units = Units([np.arange(3), np.arange(3, 4), np.arange(4, 6)], np.array([5, 3, 2]))

    (batch,) = plan_epoch(units, batch_size=3, parts=2, seed=0, epoch=0)

    assert [part.share for part in batch] == [len(part.expressions) / 6 for part in batch]
    assert sum(part.share for part in batch) == 1


@pytest.mark.parametrize("units", [alike(50), skewed(50)], ids=["alike", "skewed"])
def test_batches_are_shuffled_anew_each_epoch_and_the_same_each_time(units):
    orders = [
        [
            part.expressions.tolist()
            for (part,) in plan_epoch(units, batch_size=8, parts=1, seed=seed, epoch=epoch)
        ]
        for seed, epoch in ((0, 0), (0, 0), (0, 1), (1, 0))
    ]

    assert orders[0] == orders[1]
    assert len({str(order) for order in orders}) == 3


def test_whatever_its_size_an_image_meets_others_in_each_epoch():
    units = skewed(200)
    largest = 2 * int(units.pictures.argmax())

    partners = [
        set(part.expressions.tolist())
        for epoch in range(20)
        for (part,) in plan_epoch(units, batch_size=8, parts=1, seed=0, epoch=epoch)
        if largest in part.expressions
    ]

    met = set.union(*partners)
    assert len(met) > 160  # of 14 in each of 20 epochs, drawn from 398


@pytest.mark.parametrize("units", [alike(50), skewed(50)], ids=["alike", "skewed"])
def test_more_processes_divide_the_very_same_batches(units):
    def batches(parts):
        plan = plan_epoch(units, batch_size=8, parts=parts, seed=0, epoch=0)
        return [sorted(row for part in batch for row in part.expressions) for batch in plan]

    assert batches(1) == batches(2) == batches(4)


def test_a_batch_that_cannot_be_divided_is_refused():
    with pytest.raises(ValueError, match="4 parts"):
        plan_epoch(alike(3), batch_size=8, parts=4, seed=0, epoch=0)


def test_nothing_is_planned_of_nothing():
    with pytest.raises(ValueError, match="0 units"):
        plan_epoch(alike(0), batch_size=8, parts=1, seed=0, epoch=0)


def test_processes_take_turns():
    parts = [
        [MicroBatch(0, np.array([4 * batch + part]), 0.25) for part in range(4)]
        for batch in range(2)
    ]

    turns = [[int(part.expressions[0]) for part in in_turn(parts, rank, 2)] for rank in range(2)]

    assert turns == [[0, 2, 4, 6], [1, 3, 5, 7]]


def test_a_unit_is_a_sentence_or_all_sentences_of_an_image(coloured, make_asking):
    expressions = coloured.expressions("train")
    rows = np.array([5, 0, 4, 1])

    alone = units_of(expressions, rows, make_asking())
    together = units_of(expressions, rows, make_asking(batching="image"))

    assert [unit.tolist() for unit in alone.expressions] == [[5], [0], [4], [1]]
    assert [sorted(unit) for unit in together.expressions] == [[0, 1], [4, 5]]


def test_a_unit_needs_the_pictures_of_its_candidates_up_to_the_limit(crowded, make_asking):
    expressions, rows = crowded.expressions("train"), np.array([0, 30])

    def needed(**changes):
        return units_of(expressions, rows, make_asking(**changes)).pictures.tolist()

    assert needed() == [4, 2]
    assert needed(batching="image") == [10, 2]
    assert needed(batching="image", max_candidates=3) == [3, 2]
