"""Category ids get the names of the corpus if one way of counting fits, and otherwise none."""

import pytest

from vg_mc.proposers.category_ids import category_names

COCO = {1: "person", 2: "bicycle", 3: "car", 13: "stop sign", 90: "toothbrush"}
CUSTOM = {0: "bowl", 1: "dog", 2: "car"}


@pytest.mark.parametrize("own", [True, False])
@pytest.mark.parametrize(
    ("ids", "categories", "expected"),
    [
        ({1, 3, 90}, COCO, {1: "person", 3: "car", 90: "toothbrush"}),
        ({0, 2, 3, 4}, COCO, {0: "person", 2: "car", 3: "stop sign", 4: "toothbrush"}),
        ({1, 4, 5}, COCO, {1: "person", 4: "stop sign", 5: "toothbrush"}),
        ({0, 2}, CUSTOM, {0: "bowl", 2: "car"}),
        ({1, 2, 3}, CUSTOM, {1: "bowl", 2: "dog", 3: "car"}),
    ],
)
def test_ids_that_fit_in_one_way_are_named_and_reported(ids, categories, expected, own):
    found = category_names(ids, categories, own=own)

    assert found.names == expected
    assert repr(expected[min(ids)]) in found.note


@pytest.mark.parametrize(
    ("ids", "categories"), [({0, 99}, COCO), ({1, 2, 91}, COCO), ({5}, {}), ({3, 4}, COCO)]
)
def test_ids_that_fit_in_no_way_or_in_several_have_no_name_and_this_is_reported(ids, categories):
    found = category_names(ids, categories, own=False)

    assert found.names == {}
    assert "category_name" in found.note


def test_ids_of_a_layout_that_has_those_of_the_corpus_are_used_as_they_are():
    assert category_names({2, 3}, COCO, own=True).names == {2: "bicycle", 3: "car"}
    assert category_names({2, 3}, COCO, own=False).names == {}


def test_without_ids_nothing_is_reported():
    assert category_names(set(), COCO, own=True) == ({}, None)
