"""Which candidates a question shows follows from keys; batches lose and repeat nothing."""

import pickle

import numpy as np
import pytest
import torch

from vg_mc.batching import (
    MicroBatch,
    QuestionMaker,
    in_turn,
    plan_epoch,
    trainable,
    units_of,
)
from vg_mc.encoders import TokenBatch


def tokenize(texts: list[str]) -> TokenBatch:
    """Give each text one token, its length."""
    token_ids = torch.tensor([[len(text)] for text in texts])
    return TokenBatch(token_ids, torch.ones_like(token_ids))


@pytest.fixture(scope="module")
def crowded(make_coloured, make_photos, tmp_path_factory):
    """Ten candidates each; the second overlaps the target, the first, enough to be right."""
    colours = ["red", "green", "blue", "yellow", "white", "black", "red", "green", "blue", "red"]
    ious = [1.0, 0.6, 0.5, *[0.0] * 7]
    photos = [(colours, [(f"number {number}", ious)]) for number in range(30)]
    few = (["red", "blue"], [("the blue one", [0.0, 1.0])])
    lonely = (["red"], [("the red one", [1.0])])
    missed = (["red", "blue"], [("the green one", [0.0, 0.2])])
    photos = [type(make_photos(1, 1, 0)[0])(*photo) for photo in [*photos, few, lonely, missed]]
    return make_coloured(tmp_path_factory.mktemp("crowded"), {"train": photos})


def maker(dataset, candidates=4, seed=0) -> QuestionMaker:
    return QuestionMaker(
        dataset, dataset.expressions("train"), tokenize, candidates=candidates, seed=seed
    )


def asked(questions: QuestionMaker, row: int, epoch: int = 0) -> list[int]:
    """Return the candidates of a question by their place in their photo, the target first."""
    first = questions.expressions.candidate_ids[row][0]
    return [int(candidate - first) for candidate in questions._question(row, epoch)]


def test_only_questions_with_a_right_and_a_wrong_answer_teach(crowded):
    assert trainable(crowded.expressions("train")).tolist() == list(range(31))


def test_the_target_is_always_asked_about_and_is_the_label(crowded):
    questions = maker(crowded)

    drawn = [asked(questions, row, epoch) for row in range(30) for epoch in range(3)]

    assert all(question[0] == 0 and len(set(question)) == 4 for question in drawn)
    batch, _ = questions[MicroBatch(0, np.arange(3), share=1.0)]
    assert batch.targets.tolist() == [[1, 0, 0, 0]] * 3


def test_another_box_on_the_same_object_is_never_a_wrong_answer(crowded):
    questions = maker(crowded)

    drawn = {
        place for row in range(30) for epoch in range(9) for place in asked(questions, row, epoch)
    }

    assert drawn == {0, 2, 3, 4, 5, 6, 7, 8, 9}  # an IoU of exactly 0.5 is wrong


def test_without_a_number_all_wrong_answers_are_asked_about(crowded):
    assert asked(maker(crowded, candidates=None), 0) == [0, 2, 3, 4, 5, 6, 7, 8, 9]


def test_each_epoch_and_each_seed_draws_anew(crowded):
    rows = range(30)

    draws = [
        [asked(maker(crowded, seed=seed), row, epoch) for row in rows]
        for seed, epoch in [(0, 0), (0, 1), (1, 0)]
    ]

    for one in range(3):
        same = sum(map(list.__eq__, draws[one], draws[one - 1]))
        assert same <= 3


def test_a_draw_depends_on_its_key_alone(crowded):
    forwards, backwards = maker(crowded), pickle.loads(pickle.dumps(maker(crowded)))

    first = [asked(forwards, row, epoch=2) for row in range(30)]
    second = [asked(backwards, row, epoch=2) for row in reversed(range(30))]

    assert first == second[::-1]


def test_sentences_of_one_object_are_asked_against_different_boxes(crowded):
    questions = maker(crowded)

    assert len({tuple(asked(questions, row)) for row in range(30)}) > 20


def test_fewer_candidates_are_masked_not_made_up(crowded):
    batch, share = maker(crowded)[MicroBatch(0, np.array([0, 30]), share=0.25)]

    assert share == 0.25
    assert batch.candidate_mask.tolist() == [[True] * 4, [True, True, False, False]]
    assert len(batch.pictures) == 6
    target_colour = batch.pictures[batch.candidate_index[1, 0]].float().mean(dim=(1, 2))
    assert target_colour.argmax() == 2  # "the blue one", its target listed second


def test_every_picture_and_every_text_comes_once(coloured):
    expressions = coloured.expressions("train")
    image = np.flatnonzero(expressions.image_ids == 3)
    rows = np.concatenate([image, image])

    batch, _ = maker(coloured, candidates=None)[MicroBatch(0, rows, share=1.0)]

    assert len(batch.pictures) == len(expressions.candidate_ids[rows[0]])
    assert len(batch.tokens.token_ids) == len({expressions.texts[row] for row in rows})
    lengths = batch.tokens.token_ids[batch.text_index, 0]
    assert lengths.tolist() == [len(expressions.texts[row]) for row in rows]
    assert batch.expression_ids.tolist() == expressions.expression_ids[rows].tolist()


def test_pictures_are_those_of_the_candidates(coloured):
    questions = maker(coloured)
    batch, _ = questions[MicroBatch(0, np.arange(8), share=1.0)]

    for row in range(8):
        wanted = coloured.pictures(questions._question(row, 0))
        shown = batch.pictures[batch.candidate_index[row][batch.candidate_mask[row]]]
        assert np.array_equal(shown.permute(0, 2, 3, 1).numpy(), wanted)


@pytest.mark.parametrize(("units", "batch_size", "parts"), [(7, 3, 1), (64, 16, 4), (65, 8, 3)])
def test_an_epoch_holds_each_unit_once(units, batch_size, parts):
    plan = plan_epoch(
        [np.array([2 * unit, 2 * unit + 1]) for unit in range(units)],
        batch_size=batch_size,
        parts=parts,
        seed=0,
        epoch=0,
    )

    rows = np.concatenate([part.expressions for batch in plan for part in batch])
    assert sorted(rows) == list(range(2 * units))
    assert len(plan) == -(-units // batch_size)
    sizes = [sum(len(part.expressions) for part in batch) for batch in plan]
    assert max(sizes) - min(sizes) <= 2
    assert max(sizes) <= 2 * batch_size


def test_parts_weigh_as_much_as_they_hold():
    units = [np.arange(3), np.arange(3, 4), np.arange(4, 6)]

    (batch,) = plan_epoch(units, batch_size=3, parts=2, seed=0, epoch=0)

    assert [part.share for part in batch] == [len(part.expressions) / 6 for part in batch]
    assert sum(part.share for part in batch) == 1


def test_batches_are_shuffled_anew_each_epoch_and_the_same_each_time():
    units = list(np.arange(50)[:, None])

    orders = [
        [
            part.expressions.tolist()
            for (part,) in plan_epoch(units, batch_size=8, parts=1, seed=0, epoch=epoch)
        ]
        for epoch in (0, 0, 1)
    ]

    assert orders[0] == orders[1] != orders[2]


def test_more_processes_divide_the_very_same_batches():
    units = list(np.arange(50)[:, None])

    def batches(parts):
        plan = plan_epoch(units, batch_size=8, parts=parts, seed=0, epoch=0)
        return [sorted(row for part in batch for row in part.expressions) for batch in plan]

    assert batches(1) == batches(2) == batches(4)


def test_a_batch_that_cannot_be_divided_is_refused():
    with pytest.raises(ValueError, match="3 units in 1 batches cannot be cut in 4 parts"):
        plan_epoch(list(np.arange(3)[:, None]), batch_size=8, parts=4, seed=0, epoch=0)


def test_processes_take_turns():
    parts = [
        [MicroBatch(0, np.array([4 * batch + part]), 0.25) for part in range(4)]
        for batch in range(2)
    ]

    turns = [[int(part.expressions[0]) for part in in_turn(parts, rank, 2)] for rank in range(2)]

    assert turns == [[0, 2, 4, 6], [1, 3, 5, 7]]


def test_a_unit_is_a_sentence_or_all_sentences_of_an_image(coloured):
    expressions = coloured.expressions("train")
    rows = np.array([5, 0, 4, 1])

    alone = units_of(expressions, rows, "expression")
    together = units_of(expressions, rows, "image")

    assert [unit.tolist() for unit in alone] == [[5], [0], [4], [1]]
    assert [sorted(unit) for unit in together] == [[0, 1], [4, 5]]
