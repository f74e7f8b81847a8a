"""Captions are drawn by a key from the split train, and none is subtracted from itself."""

from dataclasses import replace

import pytest
import torch

from vg_mc.grounders.score_subtraction import OtherCaptions, caption_sample


def test_captions_are_different_texts_of_train_drawn_by_the_seed(coloured):
    expressions = coloured.expressions("val")

    drawn = caption_sample(coloured, expressions, 6, seed=0)

    assert len(set(drawn)) == 6
    assert set(drawn) <= set(coloured.expressions("train").texts)
    assert drawn == caption_sample(coloured, expressions, 6, seed=0)
    assert drawn != caption_sample(coloured, expressions, 6, seed=1)
    assert caption_sample(coloured, expressions, 0, seed=0) == []


def test_where_there_are_fewer_texts_all_are_taken(make_coloured, make_photos, tmp_path):
    dataset = make_coloured(tmp_path, {"val": make_photos(3, 2, 0)})
    expressions = dataset.expressions("val")
    some = replace(expressions, texts=["a", "b", "a", "c", "b", "a"])

    assert sorted(caption_sample(dataset, some, 500, seed=0)) == ["a", "b", "c"]


class Plain:
    """Logits are dot products."""

    def logits(self, images, texts):
        return texts @ images.T


@pytest.mark.parametrize("text", ["a", "elsewhere"])
def test_the_mean_is_over_the_other_captions_of_the_same_wording_and_view(text):
    generator = torch.Generator().manual_seed(0)
    views = [torch.randn(4, 3, generator=generator) for _ in range(2)]
    wordings = [torch.randn(5, 3, generator=generator) for _ in range(3)]
    others = OtherCaptions(list("abcde"), wordings)
    asked = [words[0] for words in wordings]  # in each wording, the text "a" comes first
    candidates = torch.tensor([3, 1])
    scores = torch.stack([torch.stack([view[candidates] @ one for one in asked]) for view in views])

    changed = others.subtracted(scores, others.sums(Plain(), views), candidates, text)

    for v, view in enumerate(views):
        for w, words in enumerate(wordings):
            used = words[1:] if text == "a" else words
            expected = scores[v, w] - (view[candidates] @ used.T).mean(1)
            assert torch.allclose(changed[v, w], expected, atol=1e-5)


def test_without_other_captions_nothing_changes():
    scores = torch.ones(1, 1, 2)
    none, itself = OtherCaptions([], []), OtherCaptions(["a"], [torch.ones(1, 3)])

    assert none.subtracted(scores, none.sums(Plain(), []), torch.tensor([0, 1]), "a") is scores
    sums = itself.sums(Plain(), [torch.ones(2, 3) / 3])
    assert torch.allclose(itself.subtracted(scores, sums, torch.tensor([0, 1]), "a"), scores)
