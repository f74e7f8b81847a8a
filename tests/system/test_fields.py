import pytest

from tests.refusals import refused
from vg_mc.system import fields


def test_good_values_come_out_as_they_are():
    record = {"id": 7, "size": 1, "name": "a b", "box": [0, 1.5, 2, 3], "list": [1], "score": 1}

    assert fields.as_integer(record, "id") == 7
    assert fields.as_positive_integer(record, "size") == 1
    assert fields.as_text(record, "name") == "a b"
    assert fields.as_numbers(record, "box", 4) == (0.0, 1.5, 2.0, 3.0)
    assert fields.as_list(record, "list") == [1]
    assert fields.as_number(record, "score") == 1.0
    assert fields.as_mapping(record) is record


@pytest.mark.parametrize("value", [True, 1.0, "1", None, [1], 2**63])
def test_an_integer_is_nothing_else(value):
    with refused("id"):
        fields.as_integer({"id": value}, "id")


@pytest.mark.parametrize("value", [0, -3])
def test_a_positive_integer_starts_at_one(value):
    with refused("1", value):
        fields.as_positive_integer({"width": value}, "width")


@pytest.mark.parametrize("value", ["", " \n", 3, None, b"bytes"])
def test_a_text_holds_something(value):
    with refused("name"):
        fields.as_text({"name": value}, "name")


@pytest.mark.parametrize("bad", [True, float("nan"), float("inf"), "1", None, 10**400, 1e300])
def test_numbers_are_finite_and_no_truth_values(bad):
    with refused("4"):
        fields.as_numbers({"bbox": [0, 0, 1, bad]}, "bbox", 4)
    with refused("score"):
        fields.as_number({"score": bad}, "score")


@pytest.mark.parametrize("value", [[1, 2, 3], [1, 2, 3, 4, 5], "1234", 4])
def test_numbers_come_in_the_right_count(value):
    with refused("bbox"):
        fields.as_numbers({"bbox": value}, "bbox", 4)


@pytest.mark.parametrize("record", [None, 3, ["id"], "id"])
def test_a_record_has_named_fields(record):
    with refused("fields"):
        fields.as_integer(record, "id")


def test_a_missing_field_is_named():
    with refused("width"):
        fields.as_integer({}, "width")


def test_a_place_is_an_id_or_else_a_position():
    assert fields.place({"id": 17}, "id", 3) == "id 17"
    assert fields.place({}, "id", 3) == "record 3 without id"
    assert fields.place(None, "id", 3) == "record 3 without id"


@pytest.mark.parametrize("content", [b"", b"[1, 2", b"\xff", b"[" * 100_000])
def test_broken_json_names_its_file(content, tmp_path):
    file = tmp_path / "broken.json"
    file.write_bytes(content)

    with refused("JSON", file="broken.json"):
        fields.read_json(file)


def test_a_missing_file_is_named(tmp_path):
    with refused(file="missing.json"):
        fields.read_json(tmp_path / "missing.json")


def test_half_of_a_surrogate_pair_is_no_text():
    with refused("2"):
        fields.as_text({"name": "a \ud83d"}, "name")
