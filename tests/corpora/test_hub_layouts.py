import io
import json

import pytest
from PIL import Image

from tests.refusals import refused
from vg_mc.corpora.embedded_images import EmbeddedPhotos
from vg_mc.corpora.hub_layouts import LAYOUTS, Row, find_layout, sentences_of
from vg_mc.records import ImageFolder

NAME = "COCO_train2014_000000000009.jpg"
JXU, LMMS, KANGHENG, REF_L4 = LAYOUTS


def photo() -> dict[str, object]:
    buffer = io.BytesIO()
    Image.new("RGB", (100, 80)).save(buffer, "JPEG")
    return {"bytes": buffer.getvalue(), "path": None}


@pytest.fixture
def translate(tmp_path):
    def translate(layout, cells):
        row = Row(cells, 7, EmbeddedPhotos(ImageFolder(tmp_path)))
        return [layout.translate(row, sentence) for sentence in sentences_of(layout, cells)]

    return translate


def jxu_cells(bbox):
    return {
        "sentences": [
            {"sent": "left man", "raw": "Left Man", "sent_id": 33, "tokens": ["left", "man"]},
            {"sent": "man", "raw": "Man", "sent_id": 34, "tokens": ["man"]},
        ],
        "raw_anns": json.dumps({"bbox": [10.4, 20, 30, 40], "id": 50, "category_id": 1}),
        "raw_image_info": json.dumps({"file_name": NAME, "width": 100, "height": 80, "id": 9}),
        "bbox": bbox,
        "ref_id": 17,
        "ann_id": 50,
        "image_id": 9,
        "split": "train",
        "file_name": "COCO_train2014_000000000009_50.jpg",
    }


@pytest.mark.parametrize(
    "bbox", [[10.4, 20, 40.4, 60], [10.4, 20, 30, 40], [10, 20, 40, 60]],
    ids=["corners", "as COCO", "whole pixels"],
)  # fmt: skip
def test_a_row_of_jxu124_takes_the_box_that_coco_wrote(bbox, translate):
    fields = translate(JXU, jxu_cells(bbox))

    assert [one["expression"] for one in fields] == ["left man", "man"]
    assert fields[0] == {
        "image": NAME, "width": 100, "height": 80, "expression": "left man",
        "box": [10.4, 20, 30, 40], "id": 33, "ref_id": 17, "image_id": 9, "annotation_id": 50,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("field", "value", "problem"),
    [
        ("bbox", [60, 20, 90, 60], "raw_anns"),
        ("bbox", None, "bbox"),
        ("raw_anns", "{]", "JSON raw_anns"),
        ("raw_anns", "3", "fields"),
        ("raw_anns", "{}", "field"),
        ("raw_image_info", None, "raw_image_info"),
        ("ref_id", "17", "ref_id"),
    ],
)
def test_a_bad_row_of_jxu124_is_refused(field, value, problem, translate):
    with refused(*problem.split()):
        translate(JXU, jxu_cells([10.4, 20, 40.4, 60]) | {field: value})


def test_a_row_of_lmms_lab_is_told_by_its_answers_not_by_its_question(translate, tmp_path):
    cells = {
        "question": "Please come up with a caption for the area.",
        "answer": ["left man", "man"],
        "bbox": [10, 20, 30, 40],
        "image": photo(),
        "file_name": "COCO_train2014_000000000009_50.jpg",
    }

    fields = translate(LMMS, cells)

    assert [one["expression"] for one in fields] == ["left man", "man"]
    assert fields[1] == {
        "image": NAME, "width": 100, "height": 80, "expression": "man",
        "box": [10, 20, 30, 40], "ref_id": 7, "image_id": 9,
    }  # fmt: skip
    assert [file.name for file in tmp_path.iterdir()] == [NAME]


def test_a_row_of_kangheng_spells_its_box_as_text(translate):
    cells = {"question": "left man", "bbox": "[10, 20.5, 30, 40]", "image": photo()}

    (fields,) = translate(KANGHENG, cells)

    assert (fields["expression"], fields["box"]) == ("left man", [10, 20.5, 30, 40])


def test_a_row_of_ref_l4_has_no_photo(translate):
    cells = {
        "caption": "the man at the left", "bbox": [1, 2, 3, 4], "file_name": "o/1.jpg",
        "width": 9, "height": 8, "id": 3,
    }  # fmt: skip

    assert translate(REF_L4, cells) == [
        {"image": "o/1.jpg", "width": 9, "height": 8, "expression": "the man at the left",
         "box": [1, 2, 3, 4], "id": 3}
    ]  # fmt: skip


@pytest.mark.parametrize("sentences", [None, "left man", 3, {}])
def test_what_is_no_list_of_sentences_is_none(sentences):
    assert sentences_of(JXU, {"sentences": sentences}) == []


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: layout.name)
def test_a_layout_is_known_by_its_columns(layout):
    assert find_layout([*layout.columns, "and", "more"]) is layout


def test_unknown_columns_are_listed_beside_the_known_ones():
    with refused("jxu124's"):
        find_layout(["a", "b"])
