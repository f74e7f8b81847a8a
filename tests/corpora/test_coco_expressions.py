import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.refusals import refused
from vg_mc.boxes.judging import UNDECLARED, DeclaredBoxes
from vg_mc.corpora.coco_expressions import is_coco
from vg_mc.corpora.table import read_table
from vg_mc.records import ImageFolder, ReferringExpression

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
            file,
            ImageFolder(Path("images")),
            **{"declared": UNDECLARED, "skip_bad": skip_bad} | others,
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


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ([], False),
        ({"annotations": 3}, True),
        ({"images": [], "annotations": []}, True),
        ({"annotations": [{"image": "1.jpg"}]}, False),
        (None, False),
    ],
)
def test_a_file_is_cocos_if_it_has_its_tables(content, expected):
    assert is_coco(content) is expected


def boxes_in(corpus):
    return [(one.text, one.target, one.split, one.category) for one in corpus.expressions]


def test_ids_may_be_texts(read, content):
    expected = boxes_in(read(content))
    for image in content["images"]:
        image["id"] = f"{image['id']:06d}"
    for annotation in content["annotations"]:
        for key in ("id", "image_id", "category_id"):
            annotation[key] = str(annotation[key])
        annotation["image_id"] = annotation["image_id"].zfill(6)
    for category in content["categories"]:
        category["id"] = str(category["id"])

    corpus = read(content)

    assert boxes_in(corpus) == expected
    assert list(corpus.photos) == [5, 6]
    assert [one.annotation_id for one in corpus.expressions] == [50, 50, 60, 61]
    assert not corpus.assigned_ids


def test_texts_that_are_not_numbers_get_numbers(read, content):
    expected = boxes_in(read(content))
    content["images"][0]["id"] = "abc-7"
    for annotation in content["annotations"][:2]:
        annotation |= {"image_id": "abc-7", "id": f"n{annotation['id']}"}

    corpus = read(content)

    assert boxes_in(corpus) == expected
    assert list(corpus.photos) == [8, 6]
    assert corpus.assigned_ids == {8}
    assert [one.annotation_id for one in corpus.expressions] == [71, 71, 60, 61]
    assert any("'abc-7' becomes 8" in note for note in corpus.notes)


@pytest.mark.parametrize(
    "box",
    [
        {"x": 10, "y": 20, "width": 30, "height": 40, "cx": 25, "w": 30},
        {"left": 10, "top": 20, "width": 30, "height": 40},
        {"xmin": 10, "ymin": 20, "xmax": 40, "ymax": 60},
        "[10, 20, 30, 40]",
    ],
)
def test_a_box_may_have_named_sides(box, read, content):
    content["annotations"][0]["bbox"] = box

    assert read(content).expressions[0].target == (10, 20, 40, 60)


@pytest.mark.parametrize(
    "said", [{"expression": "man"}, {"Expression": "man"}, {"expressions": ["man"]}]
)
def test_cvat_has_expressions_in_attributes(said, read, content):
    for annotation in content["annotations"]:
        annotation.pop("expression", None)
        annotation.pop("expressions", None)
        annotation["attributes"] = {"occluded": False, "expression": ""}
    content["annotations"][0]["attributes"] = {"occluded": True, **said}

    assert boxes_in(read(content)) == [("man", (10, 20, 40, 60), "train", "person")]


def test_any_field_of_an_annotation_may_be_named(read, content):
    content["annotations"][1] |= {"attributes": {"note": "woman"}, "meta": {"set": "test"}}

    corpus = read(content, columns={"expression": "attributes.note", "split": "meta.set"})

    assert boxes_in(corpus) == [("woman", (50, 20, 80, 60), "test", "dog")]


def test_a_field_that_cocos_files_define_cannot_be_named(read, content):
    with refused("box", file="val.json", record="--columns"):
        read(content, columns={"box": "bbox"})


def test_texts_that_may_be_expressions_are_named(read, content):
    for annotation in content["annotations"]:
        annotation.pop("expression", None)
        annotation.pop("expressions", None)
        annotation["attributes"] = {"note": "woman"}

    with refused("--columns expression=attributes.note", file="val.json"):
        read(content)
    with refused("attributes.none", "--columns", file="val.json"):
        read(content, columns={"expression": "attributes.none"})


@pytest.mark.parametrize("category_id", ["missing", None, 0])
def test_an_annotation_may_have_no_category(category_id, read, content):
    annotation = content["annotations"][0]
    annotation["category_id"] = category_id
    if category_id == "missing":
        del annotation["category_id"]

    assert read(content).expressions[0].category is None


def test_a_category_may_have_the_id_0(read, content):
    content["categories"].append({"id": 0, "name": "objects"})
    content["annotations"][0]["category_id"] = 0
    del content["annotations"][2]["category_id"]

    assert [one.category for one in read(content).expressions] == [
        "objects",
        "objects",
        None,
        "dog",
    ]


def test_a_file_may_have_no_table_of_categories(read, content):
    del content["categories"]
    for annotation in content["annotations"]:
        del annotation["category_id"]

    assert {one.category for one in read(content).expressions} == {None}


MDETR = {
    "info": [],
    "images": [
        {"id": 0, "file_name": "a.jpg", "width": 100, "height": 80, "original_id": 5,
         "caption": "left man", "dataset_name": "refcoco", "tokens_negative": [[0, 8]]},
        {"id": 1, "file_name": "a.jpg", "width": 100, "height": 80, "original_id": 5,
         "caption": "dog", "dataset_name": "refcoco", "tokens_negative": []},
    ],
    "annotations": [
        {"id": 0, "image_id": 0, "category_id": 1, "bbox": [10, 20, 30, 40], "original_id": 50},
        {"id": 1, "image_id": 1, "category_id": 2, "bbox": [50, 20, 30, 40], "original_id": 51},
    ],
    "categories": [{"id": 1, "name": "person"}, {"id": 2, "name": "dog"}],
}  # fmt: skip


@pytest.fixture
def mdetr():
    return json.loads(json.dumps(MDETR))


def test_mdetr_has_one_image_per_expression(read, mdetr):
    corpus = read(mdetr)

    assert boxes_in(corpus) == [
        ("left man", (10, 20, 40, 60), "val", "person"),
        ("dog", (50, 20, 80, 60), "val", "dog"),
    ]
    assert [photo.file_name for photo in corpus.photos.values()] == ["a.jpg"]
    assert list(corpus.photos) == [5]
    assert [one.annotation_id for one in corpus.expressions] == [50, 51]
    assert [one.expression_id for one in corpus.expressions] == [0, 1]
    assert len(corpus.annotations[5]) == 2


@pytest.mark.parametrize("count", [0, 2])
def test_a_caption_of_no_box_or_of_several_is_refused_or_counted(count, read, mdetr):
    mdetr["annotations"][1]["image_id"] = 0 if count == 2 else 7

    with refused(str(count), record=f"image id {0 if count == 2 else 1}"):
        read(mdetr)
    corpus = read(mdetr, skip_bad=True)
    assert len(corpus.rejected) == (2 if count == 2 else 1)


def test_the_only_category_of_mdetr_says_nothing(read, mdetr):
    mdetr["categories"] = [{"id": 1, "name": "object"}]
    mdetr["annotations"][1]["category_id"] = 1

    assert {one.category for one in read(mdetr).expressions} == {None}


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
