"""Two models are compared on the same expressions, whatever their proposals."""

from dataclasses import replace

import pytest

from tests.predictions.made import changed
from tests.refusals import refused
from vg_mc.metrics.significance import mcnemar, paired_difference
from vg_mc.predictions import outcomes
from vg_mc.scoring import compare


def test_a_comparison_holds_both_tests(make_predictions):
    one = make_predictions(name="rn", expressions=60, logits_seed=1)
    other = make_predictions(name="vit", expressions=60, logits_seed=2)

    found = compare(one, other)

    first, second = (outcomes(each).right for each in (one, other))
    assert (found.first, found.second, found.split) == ("rn", "vit", "val")
    assert found.difference == paired_difference(first, second, one.examples.image_ids)
    assert found.mcnemar == mcnemar(first, second)
    assert found.agreement == pytest.approx((first == second).mean())


def test_other_proposals_may_be_compared(make_predictions):
    one = make_predictions(expressions=20)
    columns = ("candidate_ids", "boxes", "logits", "scores", "categories")
    first = {name: [row[:1] for row in getattr(one.answers, name)] for name in columns}
    fewer = replace(one, answers=replace(one.answers, **first))

    assert compare(one, fewer).difference.of == 20


def test_other_expressions_are_refused_by_name(make_predictions):
    one = make_predictions(name="a")
    other = changed(make_predictions(name="b"), texts=["something else"] * 12)

    with refused("0"):
        compare(one, other)


def test_empty_splits_do_not_differ(make_predictions):
    found = compare(make_predictions(expressions=0), make_predictions(expressions=0))

    assert found.difference.of == 0
    assert found.mcnemar.p_value == 1
