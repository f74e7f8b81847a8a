"""A noun means the category of its name, and those that people call by it."""

import pytest

from vg_mc.text.names import categories_called, words_named


def test_a_word_means_its_own_category_and_those_it_is_used_for():
    assert categories_called("guy") == {"guy", "person"}
    assert categories_called("bag") == {"bag", "handbag", "backpack", "suitcase"}
    assert categories_called("zebra") == {"zebra"}


@pytest.mark.parametrize(
    ("names", "category", "words"),
    [
        (("large hot dog", "hot dog", "dog"), "hot dog", 2),
        (("large hot dog", "hot dog", "dog"), "dog", 1),
        (("old man", "man"), "person", 1),
        (("man",), "Person", 1),
        (("man",), "dog", 0),
        ((), "dog", 0),
    ],
)
def test_the_longest_name_counts(names, category, words):
    assert words_named(names, category) == words
