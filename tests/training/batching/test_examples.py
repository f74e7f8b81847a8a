"""Tensors say what was chosen: no picture and no text twice, nothing made up."""

import pickle

import numpy as np
import pytest
import torch

from tests.training.tiny_run import changed
from vg_mc.models.dual_encoder import TokenBatch
from vg_mc.text.cleaning import swap_left_right
from vg_mc.training.batching.batches import Batch, MicroBatch
from vg_mc.training.batching.examples import ExampleMaker
from vg_mc.training.batching.sampling import choose
from vg_mc.training.options import TrainingOptions


def tokenize(texts: list[str]) -> TokenBatch:
    """Give each text one token, its length."""
    token_ids = torch.tensor([[len(text)] for text in texts])
    return TokenBatch(token_ids, torch.ones_like(token_ids))


@pytest.fixture
def make_maker():
    def made(dataset, tokenize=tokenize, **changes) -> ExampleMaker:
        expressions = dataset.expressions("train")
        return ExampleMaker(dataset, expressions, tokenize, changed(TrainingOptions(), **changes))

    return made


def test_the_target_is_the_right_answer(crowded, make_maker):
    batch, _ = make_maker(crowded)[MicroBatch(0, np.arange(3), share=1.0)]

    assert batch.targets.tolist() == [[1, 0, 0, 0]] * 3


def test_shares_of_the_right_answer_stand_beside_their_candidates(crowded, make_maker):
    maker = make_maker(crowded, batching="image", targets="iou")

    batch, _ = maker[MicroBatch(0, np.array([30, 0]), share=1.0)]

    assert batch.targets.tolist() == [[1] + [0] * 9, pytest.approx([0.625, 0.375] + [0] * 8)]


def test_fewer_candidates_are_masked_not_made_up(crowded, make_maker):
    batch, share = make_maker(crowded)[MicroBatch(0, np.array([0, 30]), share=0.25)]

    assert share == 0.25
    assert batch.candidate_mask.tolist() == [[True] * 4, [True, True, False, False]]
    assert len(batch.pictures) == 6
    target_colour = batch.pictures[batch.candidate_index[1, 0]].float().mean(dim=(1, 2))
    assert target_colour.argmax() == 2  # "the blue one", its target listed second


def test_every_picture_and_every_text_comes_once(coloured, make_maker):
    expressions = coloured.expressions("train")
    image = np.flatnonzero(expressions.image_ids == 3)
    rows = np.concatenate([image, image])

    batch, _ = make_maker(coloured, batching="image")[MicroBatch(0, rows, share=1.0)]

    assert len(batch.pictures) == len(expressions.candidate_ids[rows[0]])
    assert len(batch.tokens.token_ids) == len({expressions.texts[row] for row in rows})
    lengths = batch.tokens.token_ids[batch.text_index, 0]
    assert lengths.tolist() == [len(expressions.texts[row]) for row in rows]
    assert batch.expression_ids.tolist() == expressions.expression_ids[rows].tolist()


def test_pictures_are_those_of_the_candidates(coloured, make_maker):
    questions = make_maker(coloured)
    batch, _ = questions[MicroBatch(0, np.arange(8), share=1.0)]

    chosen = choose(
        questions.expressions, np.arange(8), questions.options.examples, seed=0, epoch=0
    )
    for row in range(8):
        wanted = coloured.pictures(chosen[row].candidate_ids)
        shown = batch.pictures[batch.candidate_index[row][batch.candidate_mask[row]]]
        assert np.array_equal(shown.permute(0, 2, 3, 1).numpy(), wanted)


def sided(expressions) -> list[str]:
    return [f"{text} on the left" for text in expressions.texts]


def test_a_mirrored_image_has_mirrored_pictures_and_sentences(coloured, make_maker):
    seen = []

    def remember(texts):
        seen.append(texts)
        return tokenize(texts)

    part = MicroBatch(0, np.arange(6), share=1.0)
    for flip in (0.0, 1.0):
        maker = make_maker(coloured, remember, batching="image", flip=flip)
        maker.expressions.texts[:] = sided(maker.expressions)
        seen.append(maker[part][0])

    (texts, plain, mirrored_texts, mirrored) = seen
    assert mirrored_texts == list(map(swap_left_right, texts)) != texts
    assert torch.equal(mirrored.pictures, plain.pictures.flip(-1))
    assert torch.equal(mirrored.candidate_index, plain.candidate_index)


@pytest.mark.parametrize("flags", [{"flip": 0.5, "color_jitter": 0.4}, {"color_jitter": 0.9}])
def test_an_image_is_changed_alike_however_its_sentences_are_batched(coloured, make_maker, flags):
    rows = np.arange(16)
    together, _ = make_maker(coloured, batching="image", **flags)[MicroBatch(1, rows, 1.0)]
    by_sentence = make_maker(coloured, candidates=99, **flags)

    for row in rows:
        alone, _ = by_sentence[MicroBatch(1, rows[row : row + 1], 1.0)]
        shown = together.pictures[together.candidate_index[row][together.candidate_mask[row]]]
        assert torch.equal(alone.pictures[alone.candidate_index[0]], shown)


def test_changes_are_drawn_anew_each_epoch(coloured, make_maker):
    maker = make_maker(coloured, batching="image", color_jitter=0.4)

    first, second = (maker[MicroBatch(epoch, np.arange(6), 1.0)][0] for epoch in range(2))

    assert not torch.equal(first.pictures, second.pictures)


def test_a_worker_makes_the_same_questions(coloured, make_maker):
    maker = make_maker(coloured, color_jitter=0.4, flip=0.5)
    part = MicroBatch(1, np.arange(9), share=0.5)

    here, there = (each[part][0] for each in (maker, pickle.loads(pickle.dumps(maker))))

    assert torch.equal(here.tokens.token_ids, there.tokens.token_ids)
    for name in Batch._fields:
        if name != "tokens":
            assert torch.equal(getattr(here, name), getattr(there, name))
