"""Lists of other programs are read by what their fields mean."""

import json

import pytest

from vg_mc.boxes.judging import UNDECLARED
from vg_mc.corpora.table import read_table
from vg_mc.corpora.table_layouts import LAYOUTS, layout_of, translated
from vg_mc.records import ImageFolder

ROWS = {
    "MiniGPT-v2": {
        "img_id": "COCO_train2014_000000000009_3", "sents": "the dog", "bbox": [20, 30, 80, 60],
        "width": 320, "height": 240,
    },
    "InternVL and Qwen-VL": {
        "image": "COCO_train2014_000000000009.jpg", "sent": "the dog", "bbox": [20, 30, 100, 90],
        "width": 320, "height": 240,
    },
}  # fmt: skip


@pytest.mark.parametrize("name", ROWS)
def test_a_list_of_each_program_is_read(tmp_path, name):
    file = tmp_path / "val.json"
    file.write_text(json.dumps([ROWS[name]]))

    corpus = read_table(file, ImageFolder(tmp_path), declared=UNDECLARED, skip_bad=False)

    (expression,) = corpus.expressions
    assert (expression.text, expression.split) == ("the dog", "val")
    assert expression.target == (20, 30, 100, 90)
    assert corpus.photos[expression.image_id].file_name == "COCO_train2014_000000000009.jpg"


def test_every_layout_is_known_by_fields_that_it_reads():
    assert set(ROWS) == {layout.name for layout in LAYOUTS}
    for layout in LAYOUTS:
        assert layout.known_by <= set(layout.columns.values())
        assert layout_of(ROWS[layout.name]) is layout


def test_a_table_of_our_own_columns_has_no_layout():
    assert layout_of({"image": "a.jpg", "expression": "the dog", "box": [1, 2, 3, 4]}) is None


def test_a_name_of_another_pattern_is_kept():
    row = ROWS["MiniGPT-v2"] | {"img_id": "mine_7"}

    assert translated(row, LAYOUTS[0])["image"] == "mine_7.jpg"
