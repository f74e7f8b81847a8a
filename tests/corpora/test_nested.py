import pytest

from tests.refusals import refused
from vg_mc.corpora.nested import field_names, first_value, has_path, unrolled, value_at

RECORD = {
    "image": {"id": 7},
    "refs": [
        {"box": [1, 2, 3, 4], "info": {"id": 1, "sentences": [{"sent": "a"}, {"sent": "b"}]}},
        {"box": [5, 6, 7, 8], "info": {"id": 2, "sentences": [{"sent": "c"}]}},
    ],
    "tags": [{"name": "x"}],
    "a.b": 3,
}


@pytest.mark.parametrize(
    ("path", "value"),
    [("image.id", 7), ("a.b", 3), ("image.name", None), ("image.id.x", None), ("refs.box", None)],
)
def test_a_path_leads_to_a_value_or_to_none(path, value):
    assert value_at(RECORD, path) == value


def test_the_first_alternative_with_a_value_counts():
    assert first_value(RECORD, "image.name|image.id|a.b") == 7
    assert first_value(RECORD, "x|y") is None


@pytest.mark.parametrize(
    ("path", "there"),
    [("image.id", True), ("refs.info.sentences.sent", True), ("refs.name", False), ("x", False)],
)
def test_a_field_is_looked_for_in_the_first_items(path, there):
    assert has_path(RECORD, path) is there


def test_lists_on_the_way_become_one_record_per_item():
    paths = ["image.id", "refs.box", "refs.info.id", "refs.info.sentences.sent"]

    rows = [[value_at(one, path) for path in paths] for one in unrolled(RECORD, paths)]

    assert rows == [
        [7, [1, 2, 3, 4], 1, "a"],
        [7, [1, 2, 3, 4], 1, "b"],
        [7, [5, 6, 7, 8], 2, "c"],
    ]


def test_a_list_at_the_end_of_a_path_is_a_value():
    assert [one["refs"]["box"] for one in unrolled(RECORD, ["refs.box"])] == [
        [1, 2, 3, 4],
        [5, 6, 7, 8],
    ]


def test_lists_side_by_side_are_refused():
    with refused("refs", "tags"):
        list(unrolled(RECORD, ["refs.box", "tags.name"]))


def test_an_empty_list_gives_no_record_and_the_original_is_unchanged():
    record = {"refs": []}

    assert list(unrolled(record, ["refs.box"])) == []
    assert record == {"refs": []}


def test_fields_are_listed_with_their_paths():
    assert list(field_names(RECORD)) == [
        "image.id",
        "refs.box",
        "refs.info.id",
        "refs.info.sentences.sent",
        "tags.name",
        "a.b",
    ]
