import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.refusals import refused
from vg_mc.boxes.judging import UNDECLARED, DeclaredBoxes
from vg_mc.corpora.coco_expressions import is_coco
from vg_mc.corpora.table import read_table
from vg_mc.records import ReferringExpression

CONTENT = {
    "images": [
        {"id": 5, "file_name": "a.jpg", "width": 100, "height": 80, "split": "train"},
        {"id": 6, "file_name": "b.jpg", "width": 64, "height": 48},
        {"id": 7, "file_name": "c.jpg", "width": 64, "height": 48},
    ],
    "annotations": [
        {"id": 50, "image_id": 5, "category_id": 1, "bbox": [10, 20, 30, 40],
         "expressions": ["left man", "man"]},
        {"id": 51, "image_id": 5, "category_id": 2, "bbox": [50, 20, 30, 40]},
        {"id": 60, "image_id": 6, "category_id": 2, "bbox": [0, 0, 64, 48],
         "expression": "dog", "split": "testA"},
        {"id": 61, "image_id": 6, "category_id": 2, "bbox": [0, 0, 20, 20], "expression": "puppy"},
        {"id": 70, "image_id": 7, "category_id": 2, "bbox": [0, 0, 20, 20]},
    ],
    "categories": [{"id": 1, "name": "person"}, {"id": 2, "name": "dog"}],
}  # fmt: skip


@pytest.fixture
def content():
    return json.loads(json.dumps(CONTENT))


@pytest.fixture
def read(tmp_path):
    def read(content, *, skip_bad=False, **others):
        file = tmp_path / "val.json"
        file.write_text(json.dumps(content))
        return read_table(
            file, Path("images"), **{"declared": UNDECLARED, "skip_bad": skip_bad} | others
        )

    return read


def test_expressions_of_annotations_are_read_with_all_boxes_beside_them(read, content):
    corpus = read(content)

    assert corpus.expressions[:2] == [
        ReferringExpression(1, 50, 5, 50, "left man", (10, 20, 40, 60), "person", "train"),
        ReferringExpression(2, 50, 5, 50, "man", (10, 20, 40, 60), "person", "train"),
    ]
    assert [(one.text, one.split) for one in corpus.expressions[2:]] == [
        ("dog", "testA"),
        ("puppy", "val"),
    ]
    assert list(corpus.photos) == [5, 6]
    assert [region.annotation_id for region in corpus.annotations[5]] == [50, 51]


def test_a_file_is_cocos_if_it_has_its_tables(tmp_path):
    for name, content, expected in [
        ("a.json", "[]", False),
        ("b.json", '{"annotations": 3}', True),
        ("c.csv", "annotations", False),
    ]:
        (tmp_path / name).write_text(content)
        assert is_coco(tmp_path / name) is expected


@pytest.mark.parametrize(
    "others", [{"declared": DeclaredBoxes("xyxy")}, {"candidates_file": Path("x.json")}]
)
def test_flags_that_it_has_no_use_for_are_refused(others, read, content):
    with refused(file="val.json"):
        read(content, **others)


@pytest.mark.parametrize(
    ("field", "value", "problem"),
    [
        ("expressions", ["ok", " "], "50 1"),
        ("expressions", 3, "50 0"),
        ("bbox", [0, 0, 0, 0], "50"),
        ("id", 51, "51"),
        ("id", 60, "60"),
        ("split", 3, "50 0"),
        ("image_id", 9, "50"),
    ],
)
def test_a_bad_record_is_named(field, value, problem, read, content):
    content["annotations"][0][field] = value

    with refused("val.json", *problem.split()):
        read(content)


@pytest.mark.parametrize("table", ["images", "annotations", "categories"])
def test_a_missing_table_is_named(table, read, content):
    content[table] = {}

    with refused("val.json", *table.split()):
        read(content)


def test_a_file_without_any_expression_says_where_they_belong(read, content):
    for annotation in content["annotations"]:
        for name in ("expression", "expressions"):
            annotation.pop(name, None)

    with refused(file="val.json"):
        read(content)


@given(
    table=st.sampled_from(["images", "annotations"]),
    row=st.integers(0, 2),
    spoil=st.integers(0, 9),
    value=st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=3)),
)
@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_accepted_and_rejected_expressions_are_all(table, row, spoil, value, read):
    content = json.loads(json.dumps(CONTENT))
    record = content[table][row]
    field = sorted(record)[spoil % len(record)]
    count = 3 if field == "expressions" else 4
    record[field] = value
    if field == "expressions" and value is None:
        count = 2

    corpus = read(content, skip_bad=True)

    lost = [one for one in corpus.rejected if "expression" in one.record]
    assert len(corpus.expressions) + len(lost) == count
