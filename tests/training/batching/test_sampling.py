"""Which candidates a question shows follows from keys alone."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vg_mc.training.batching.sampling import choose, drawn_from, left_out, trainable


@pytest.fixture(scope="module")
def expressions(crowded):
    return crowded.expressions("train")


@pytest.fixture(scope="module")
def shared_photo(expressions):
    """Three sentences of one photo; the last two mean the same box."""
    ids = expressions.candidate_ids[0]
    ious = [np.eye(10)[0], np.eye(10)[4], np.eye(10)[4] * 0.8 + np.eye(10)[5] * 0.6]
    three = {
        name: getattr(expressions, name)[:3]
        for name in ("expression_ids", "texts", "categories", "targets", "rivals")
    }
    return replace(
        expressions,
        **three,
        image_ids=np.array([7, 7, 7]),
        candidate_ids=[ids] * 3,
        ious=ious,
    )


def places(expressions, rows, asking, epoch=0, seed=0) -> list[list[int]]:
    """Return the candidates of questions by their place in their photo, the target first."""
    questions = choose(expressions, np.asarray(rows), asking, seed=seed, epoch=epoch)
    return [
        (question.candidate_ids - expressions.candidate_ids[row][0]).tolist()
        for row, question in zip(rows, questions, strict=True)
    ]


def test_only_questions_with_a_right_and_a_wrong_answer_teach(expressions):
    assert trainable(expressions).tolist() == list(range(31))
    assert left_out(expressions) == (1, 1)


def test_the_target_is_always_asked_about(expressions, make_asking):
    for epoch in range(3):
        drawn = places(expressions, range(30), make_asking(), epoch)
        assert all(question[0] == 0 and len(set(question)) == 4 for question in drawn)


def test_another_box_on_the_same_object_is_never_a_wrong_answer(expressions, make_asking):
    drawn = {
        place
        for epoch in range(9)
        for question in places(expressions, range(30), make_asking(), epoch)
        for place in question
    }

    assert drawn == {0, 2, 3, 4, 5, 6, 7, 8, 9}  # an IoU of exactly 0.5 is wrong


@pytest.mark.parametrize("targets", ["hard", "iou"])
def test_by_image_all_answers_are_asked_about(expressions, make_asking, targets):
    (asked,) = places(expressions, [0], make_asking(batching="image", targets=targets))

    assert asked == [0, *([1] if targets == "iou" else []), 2, 3, 4, 5, 6, 7, 8, 9]


def test_hard_targets_put_all_on_the_best_box(expressions, make_asking):
    for question in choose(expressions, np.arange(31), make_asking(), seed=0, epoch=0):
        assert question.shares.tolist() == [1.0] + [0.0] * (len(question.shares) - 1)


def test_soft_targets_share_by_iou_among_the_right_boxes(expressions, make_asking):
    asking = make_asking(batching="image", targets="iou")

    (question,) = choose(expressions, np.array([0]), asking, seed=0, epoch=0)

    assert question.shares.tolist() == pytest.approx([1 / 1.6, 0.6 / 1.6] + [0.0] * 8)


def test_soft_targets_add_up_to_one_whatever_is_drawn(expressions, make_asking):
    for epoch in range(9):
        for question in choose(
            expressions, np.arange(31), make_asking(targets="iou"), seed=0, epoch=epoch
        ):
            assert question.shares.sum() == pytest.approx(1)
            assert question.shares[0] == question.shares.max()


def test_each_epoch_and_each_seed_draws_anew(expressions, make_asking):
    draws = [
        places(expressions, range(30), make_asking(), epoch, seed)
        for seed, epoch in [(0, 0), (0, 1), (1, 0)]
    ]

    for one in range(3):
        assert sum(map(list.__eq__, draws[one], draws[one - 1])) <= 3


@pytest.mark.parametrize("batching", ["expression", "image"])
def test_a_draw_depends_on_its_key_alone(expressions, make_asking, batching):
    asking = make_asking(batching=batching, max_candidates=5 if batching == "image" else None)

    together = places(expressions, range(30), asking, epoch=2)
    alone = [places(expressions, [row], asking, epoch=2)[0] for row in reversed(range(30))]

    assert together == alone[::-1]


def test_sentences_of_one_object_are_asked_against_different_boxes(expressions, make_asking):
    assert len(set(map(tuple, places(expressions, range(30), make_asking())))) > 20


@pytest.mark.parametrize("most", [10, 11, 99])
@pytest.mark.parametrize("targets", ["hard", "iou"])
def test_a_limit_that_no_image_reaches_changes_nothing(expressions, make_asking, targets, most):
    free = make_asking(batching="image", targets=targets)

    for one, other in zip(
        choose(expressions, np.arange(31), free, seed=0, epoch=0),
        choose(expressions, np.arange(31), replace(free, max_candidates=most), seed=0, epoch=0),
        strict=True,
    ):
        assert np.array_equal(one.candidate_ids, other.candidate_ids)
        assert np.array_equal(one.shares, other.shares)


@given(most=st.integers(2, 9), epoch=st.integers(0, 99))
def test_an_image_keeps_its_targets_and_no_more_than_the_limit(
    shared_photo, make_asking, most, epoch
):
    asking = make_asking(batching="image", max_candidates=most)

    asked = places(shared_photo, range(3), asking, epoch)

    assert [question[0] for question in asked] == [0, 4, 4]
    assert len({place for question in asked for place in question}) == most
    # All sentences of the image are asked about the same boxes, but for other right ones.
    assert set(asked[0]) == set(asked[1]) == set(asked[2]) | ({5} & set(asked[0]))


def test_no_target_is_cut_by_a_limit_below_their_number(shared_photo, make_asking):
    more = replace(shared_photo, ious=[np.eye(10)[place] for place in (1, 4, 8)])

    asked = places(more, range(3), make_asking(batching="image", max_candidates=2))

    assert asked == [[1, 4, 8], [4, 1, 8], [8, 1, 4]]


def test_a_limit_draws_anew_each_epoch(shared_photo, make_asking):
    asking = make_asking(batching="image", max_candidates=4)

    draws = {tuple(places(shared_photo, [0], asking, epoch)[0]) for epoch in range(20)}

    assert len(draws) > 5


def test_candidates_of_one_kind_are_kept_with_their_ious(expressions):
    annotated = np.arange(1000) % 2 == 0

    ours = drawn_from(expressions, annotated, "annotations")
    theirs = drawn_from(expressions, annotated, "detected")

    for row, ids in enumerate(expressions.candidate_ids):
        assert ours.candidate_ids[row].tolist() == [number for number in ids if number % 2 == 0]
        pairs = [*zip(ours.candidate_ids[row], ours.ious[row], strict=True)]
        pairs += zip(theirs.candidate_ids[row], theirs.ious[row], strict=True)
        assert sorted(pairs) == sorted(zip(ids, expressions.ious[row], strict=True))
    assert drawn_from(expressions, annotated, "both") is expressions
