"""Texts are alike by the words that they share, rare ones above all."""

from math import log

import pytest

from vg_mc.text.overlap import WordOverlap, words_of

CORPUS = ["the red cup", "the cup", "the man", "the dog"]


def test_equal_words_make_one_and_none_make_zero():
    overlap = WordOverlap(CORPUS)

    alike = overlap(["red cup", "", "dog"], [["cup red", "dog", ""], ["", "dog"], []])

    assert [each.tolist() for each in alike] == [[1, 0, 0], [0, 0], []]


def test_the_f1_is_weighted_by_rarity():
    the, red, cup = log(1 + 4 / 4), log(1 + 4 / 1), log(1 + 4 / 2)

    found = WordOverlap(CORPUS)(["the cup"], [["red cup"]])[0][0]

    recall, precision = cup / (the + cup), cup / (red + cup)
    assert found == pytest.approx(2 * recall * precision / (recall + precision))


def test_a_word_for_a_category_counts_like_its_name():
    overlap = WordOverlap(CORPUS)

    plane, man = overlap(["plane", "the man"], [["airplane", "person"], ["person", "dog"]])

    assert plane.tolist() == [1, 0]
    assert man[0] > man[1]


def test_spellings_are_one():
    assert words_of("Grey CENTER, leftmost!") == {"gray", "middle", "left"}


def test_without_a_corpus_all_words_count_alike():
    assert WordOverlap([])(["red cup"], [["red dog"]])[0][0] == 0.5
