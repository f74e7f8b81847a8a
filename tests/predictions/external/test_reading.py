"""Answers of other programs are read field by field, and what is no answer is counted by kind."""

import json

import pytest

from tests.refusals import refused
from vg_mc.errors import BadInputError
from vg_mc.predictions.external.reading import LAYOUTS, VLM_R1_PROMPT, read_answers


def read(file, content, **options):
    file.write_text(content if isinstance(content, str) else json.dumps(content))
    given = {"columns": {}, "prompt": None, "order": None, "unit": "pixels", **options}
    return read_answers(file, **given)


def test_replies_of_vlm_r1_lose_their_prompt(tmp_path):
    row = {
        "question": VLM_R1_PROMPT.format("the dog"),
        "ground_truth": [1, 2, 30, 40],
        "model_output": '[{"bbox_2d": [5, 6, 7, 8]}]',
    }

    (answer,) = read(tmp_path / "a.json", {"accuracy": 0.0, "results": [row]})

    assert answer.expression == "the dog"
    assert answer.target == (1, 2, 30, 40)
    assert answer.boxes[0].numbers == (5, 6, 7, 8)
    assert answer.boxes[0].unit == "pixels"


def test_a_mapping_of_records_is_read_in_its_order(tmp_path):
    rows = {
        str(n): {"image_name": "a.jpg", "pred_bbox": [n, 0, 9, 9], "gt_bbox": [0, 0, 9, 9]}
        for n in range(3)
    }

    answers = read(tmp_path / "a.json", rows)

    assert [answer.boxes[0].numbers[0] for answer in answers] == [0, 1, 2]


def test_samples_of_lmms_eval_lead_into_their_document(tmp_path):
    row = {
        "doc_id": 0,
        "doc": {"answer": "the dog", "file_name": "COCO_train2014_000000000009_1.jpg"},
        "filtered_resps": ["[0.1, 0.2, 0.3, 0.4]"],
    }

    (answer,) = read(tmp_path / "a.jsonl", json.dumps(row), unit="unit")

    assert (answer.expression, answer.image) == ("the dog", row["doc"]["file_name"])
    assert answer.boxes[0].numbers == (0.1, 0.2, 0.3, 0.4)


@pytest.mark.parametrize("ending", ["csv", "tsv"])
def test_tables_are_read(tmp_path, ending):
    mark = {"csv": ",", "tsv": "\t"}[ending]
    text = mark.join(["id", "box", "score"]) + "\n" + mark.join(["7", "1 2 3 4", "0.5"]) + "\n"

    (answer,) = read(tmp_path / f"a.{ending}", text)

    assert (answer.expression_id, answer.score) == (7, 0.5)
    assert answer.boxes[0].numbers == (1, 2, 3, 4)


def test_named_columns_read_any_other_file(tmp_path):
    row = {"key": {"no": 3}, "out": "<loc0256><loc0512><loc0768><loc1023>"}

    (answer,) = read(tmp_path / "a.json", [row], columns={"id": "key.no", "reply": "out"})

    assert answer.expression_id == 3
    assert (answer.boxes[0].order, answer.boxes[0].unit) == ("yxyx", "unit")


def test_a_syntax_that_defines_its_unit_is_not_overruled(tmp_path):
    row = {"id": 1, "reply": "<box>(10,20),(300,400)</box>"}

    (answer,) = read(tmp_path / "a.json", [row], unit="pixels", order="xywh")

    assert (answer.boxes[0].unit, answer.boxes[0].order) == ("per-mille", "xyxy")


@pytest.mark.parametrize(
    ("reply", "several", "kind", "numbers"),
    [
        ("[1, 2, 3, 4]", "wrong", "box", (1, 2, 3, 4)),
        ("[1, 2, 3, 4] [5, 6, 7, 8]", "wrong", "several boxes", None),
        ("[1, 2, 3, 4] [5, 6, 7, 8]", "first", "box", (1, 2, 3, 4)),
        ("[1, 2, 3, 4] [5, 6, 7, 8]", "last", "box", (5, 6, 7, 8)),
        ("[1, 2, 3, 4] [1, 2, 3, 4]", "wrong", "box", (1, 2, 3, 4)),
        ("I see no dog.", "last", "unparsable", None),
        ("  ", "last", "no reply", None),
        (None, "last", "no reply", None),
    ],
)
def test_each_answer_has_a_kind(tmp_path, reply, several, kind, numbers):
    (answer,) = read(tmp_path / "a.json", [{"id": 1, "reply": reply}])

    found, box = answer.choice(several)
    assert (found, box and box.numbers) == (kind, numbers)


def test_an_unknown_layout_names_the_nearest_and_the_flag(tmp_path):
    with refused("LBYL-Net", "--columns"):
        read(tmp_path / "a.json", [{"image_name": "a.jpg", "gt_bbox": [1, 2, 3, 4]}])


def test_a_misspelt_field_is_refused(tmp_path):
    with refused("reply") as error:
        read(tmp_path / "a.json", [{"a": 1}], columns={"replies": "a"})

    assert error.value.record == "--columns"


def test_a_record_without_a_key_is_named(tmp_path):
    with pytest.raises(BadInputError) as error:
        read(tmp_path / "a.json", [{"id": 1, "reply": ""}, {"id": "x", "reply": ""}])

    assert error.value.record == "record 1"


def test_layouts_are_known_by_fields_that_they_read():
    for layout in LAYOUTS:
        first_parts = {path.split(".")[0] for path in layout.columns.values()}
        assert layout.known_by & first_parts, layout.name
