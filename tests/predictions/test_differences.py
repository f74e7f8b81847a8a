"""Where two predictions stop being about the same choices is said in words."""

import re

import numpy as np
import pytest

from tests.predictions.made import changed
from vg_mc.predictions import first_difference, first_question_difference


def test_two_models_asked_alike_do_not_differ(make_predictions):
    one = make_predictions(name="rn", logits_seed=1)
    other = make_predictions(name="vit", logits_seed=2)

    assert first_difference(one, other) is None


def test_pictures_of_another_size_are_still_the_same_choices(make_predictions):
    one = make_predictions(name="rn at 384 pixels", data_hash="384")
    other = make_predictions(name="vit at 224 pixels", data_hash="224")
    other = changed(other, candidate_ids=[ids + 1000 for ids in other.answers.candidate_ids])

    assert first_difference(one, other) is None


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda _: {"split": "testA"}, "'a' answers split 'val', 'b' answers 'testA'"),
        (
            lambda other: {"expression_ids": other.examples.expression_ids + (np.arange(12) == 4)},
            "row 4, expression 128 .*: expressions 128 and 129 in 'a' and 'b'",
        ),
        (
            lambda other: {"texts": [*other.examples.texts[:-1], "the other one"]},
            r"row 11, .*: texts 'the <b>.*' and 'the other one'",
        ),
        (lambda other: {"image_ids": other.examples.image_ids + 1}, r"row 0, .*: images 0 and 1"),
        (
            lambda other: {"targets": other.examples.targets + 1},
            r"row 0, .*: targets \(50, 50, 60, 60\) and",
        ),
        (
            lambda other: {"boxes": [rows[1:] for rows in other.answers.boxes]},
            r"row 1, .*: (\d) and (?!\1)\d candidates",
        ),
        (
            lambda other: {"boxes": [*other.answers.boxes[:-1], other.answers.boxes[-1] + 0.5]},
            r"row 11, .*: candidate 0 is \(",
        ),
        (
            lambda other: {"candidate_ids": [ids + 1 for ids in other.answers.candidate_ids]},
            r"row 1, .*: candidate 0 has the ids 0 and 1",
        ),
    ],
)
def test_the_first_difference_is_named(make_predictions, change, words):
    one = make_predictions(name="a")
    other = changed(make_predictions(name="b", logits_seed=9), **change(one))

    difference = first_difference(one, other)

    assert difference is not None
    assert re.search(words, difference)


def test_a_missing_expression_is_named_from_both_sides(make_predictions):
    long = make_predictions(name="all", expressions=12)
    short = make_predictions(name="part", expressions=9)

    for difference in (first_difference(long, short), first_difference(short, long)):
        assert difference is not None
        assert "expression 163 is missing in 'part'" in difference


def test_questions_may_be_alike_though_candidates_are_not(make_predictions):
    one = make_predictions(name="a")
    other = changed(make_predictions(name="b"), boxes=[rows + 1 for rows in one.answers.boxes])

    assert first_question_difference(one, other) is None
    assert "candidate 0" in str(first_difference(one, other))
    assert "texts" in str(first_question_difference(one, changed(other, texts=["?"] * 12)))
