"""Categories are counted pair by pair, and nothing falls under the table."""

from vg_mc.scoring.breakdowns import confusion


def test_pairs_are_counted_and_the_most_frequent_come_first():
    pairs = [("cat", "dog"), ("dog", "dog"), ("dog", "cat"), ("dog", "dog")]

    counts = confusion(pairs)

    assert counts == {"dog": {"dog": 2, "cat": 1}, "cat": {"dog": 1}}
    assert list(counts) == ["dog", "cat"]
    assert list(counts["dog"]) == ["dog", "cat"]


def test_what_is_not_known_and_what_is_not_there_have_names():
    assert confusion([("cat", ""), ("", "cat"), ("cat", None)]) == {
        "cat": {"nothing": 1, "unknown": 1},
        "unknown": {"cat": 1},
    }


def test_no_pairs_no_counts():
    assert confusion([]) == {}
