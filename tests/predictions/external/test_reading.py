"""Answers of other programs are read field by field, and what is no answer is counted by kind."""

import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from openpyxl import Workbook

from tests.refusals import refused
from vg_mc.errors import BadInputError
from vg_mc.predictions.external.layouts import INTERNVL_PROMPT, LAYOUTS, VLM_R1_PROMPT
from vg_mc.predictions.external.reading import ReadingOptions, read_answers


def read_file(file, **options):
    given = {"columns": {}, "unit": "pixels", **options}
    return read_answers(file, ReadingOptions(**given), "val")


def read(file, content, **options):
    file.write_text(content if isinstance(content, str) else json.dumps(content))
    return read_file(file, **options).answers


def numbers(answer):
    return [box.numbers for box in answer.boxes]


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

    answers = read(tmp_path / "a.json", rows, unit=None)

    assert [answer.boxes[0].numbers[0] for answer in answers] == [0, 1, 2]
    assert answers[0].boxes[0].unit == "pixels"
    assert answers[0].expression_id is None


@pytest.mark.parametrize("value", [[1, 2, 3, 4], "(1, 2, 3, 4)", {"bbox": [1, 2, 3, 4]}])
def test_keys_of_a_mapping_are_ids_if_its_values_have_none(tmp_path, value):
    (answer,) = read(tmp_path / "a.json", {"7": value})

    assert answer.expression_id == 7
    assert numbers(answer) == [(1, 2, 3, 4)]


def test_samples_of_lmms_eval_lead_into_their_document(tmp_path):
    row = {
        "doc_id": 0,
        "doc": {
            "answer": "the dog",
            "file_name": "COCO_train2014_000000000009_1.jpg",
            "bbox": [0.1, 0.2, 0.3, 0.4],
        },
        "target": "[0.1, 0.2, 0.3, 0.4]",
        "resps": [["<think>a dog</think>[0.1, 0.2, 0.3, 0.5]"]],
        "filtered_resps": ["[0.1, 0.2, 0.3, 0.5]"],
    }

    (answer,) = read(tmp_path / "a.jsonl", json.dumps(row), unit="unit")

    assert (answer.expression, answer.image) == ("the dog", row["doc"]["file_name"])
    assert answer.target == (0.1, 0.2, 0.3, 0.4)
    assert numbers(answer) == [(0.1, 0.2, 0.3, 0.5)]


def test_logs_of_older_lmms_eval_are_a_list_in_a_mapping(tmp_path):
    doc = {"answer": "the dog", "file_name": "a.jpg"}
    row = {"doc_id": 0, "doc": doc, "filtered_resps": "[1, 2, 3, 4]"}

    (answer,) = read(tmp_path / "a.json", {"args": {}, "logs": [row]})

    assert numbers(answer) == [(1, 2, 3, 4)]


VLMEVALKIT = {
    "index": ["RefCOCO_val_0", "RefCOCO+_val_1"],
    "question": [INTERNVL_PROMPT.format(text) for text in ("the dog", "the cat")],
    "answer": ["[0.1, 0.2, 0.3, 0.4]"] * 2,
    "split": ["RefCOCO_val", "RefCOCO+_val"],
    "prediction": ['{"bbox_2d": [100, 200, 300, 400]}', None],
}


def written(file, columns):
    rows = list(zip(*columns.values(), strict=True))
    if file.suffix == ".parquet":
        pq.write_table(pa.table(columns), file)
    elif file.suffix == ".xlsx":
        book = Workbook()
        for row in (list(columns), *rows):
            book.active.append(row)
        book.save(file)
    else:
        lines = ["\t".join(columns), *("\t".join(each or "" for each in row) for row in rows)]
        file.write_text("\n".join(lines))
    return file


@pytest.mark.parametrize("ending", ["xlsx", "tsv", "parquet"])
def test_tables_of_vlmevalkit_contain_several_splits(tmp_path, ending):
    file = written(tmp_path / f"a.{ending}", VLMEVALKIT)

    (dog,), (cat,) = (
        read_file(file, unit="per-mille", split=split).answers for split in VLMEVALKIT["split"]
    )

    assert (dog.expression, dog.target) == ("the dog", (0.1, 0.2, 0.3, 0.4))
    assert (numbers(dog), dog.boxes[0].unit) == ([(100, 200, 300, 400)], "per-mille")
    assert (cat.expression, cat.has_reply) == ("the cat", False)
    assert read_file(file, split="RefCOCO_val").left_out == {"answers of other splits": 1}


def test_several_splits_are_asked_for(tmp_path):
    file = written(tmp_path / "a.tsv", VLMEVALKIT)

    with refused("RefCOCO+_val", "--file-split"):
        read_file(file)


def test_the_scored_split_is_taken_where_the_file_names_it(tmp_path):
    rows = [{"id": n, "box": [1, 2, 3, 4], "split": name} for n, name in enumerate(["val", "test"])]

    (answer,) = read(tmp_path / "a.json", rows)

    assert answer.expression_id == 0


def test_boxes_of_vipergpt_are_measured_from_the_bottom(tmp_path):
    text = (
        "sample_id,query,Answer,image_path,truth_answers,IoU,accuracy\n"
        '0,man,"ImagePatch(97, 2, 431, 205)",a/COCO_train2014_000000000009.jpg,"[98, 5, 428, 202]",'
        '0.9,1\n1,dog,"Error: no model named \'x\'",b.jpg,"[1, 2, 3, 4]",0,1\n,,,,,,\n,,,,,,\n'
    )
    (tmp_path / "a.csv").write_text(text)

    found = read_file(tmp_path / "a.csv", unit=None)

    man, dog = found.answers
    assert (found.origin, found.left_out) == ("bottom-left", {"empty rows": 2})
    assert (numbers(man), man.boxes[0].unit) == ([(97, 2, 431, 205)], "pixels")
    assert (dog.boxes, dog.has_reply) == ((), True)


def test_boxes_of_toloka_are_four_columns(tmp_path):
    text = "image,width,height,left,top,right,bottom,question\nhttp://x/1.jpg,9,9,1,2,3,4,what?\n"

    (answer,) = read(tmp_path / "a.csv", text, unit=None)

    assert (answer.image, answer.expression) == ("http://x/1.jpg", "what?")
    assert (numbers(answer), answer.boxes[0].order) == ([(1, 2, 3, 4)], "xyxy")
    assert answer.boxes[0].unit == "pixels"


def test_results_like_coco_by_expression_are_corner_and_sides(tmp_path):
    row = {"expression_id": 7, "category_id": 1, "bbox": [1, 2, 3, 4], "score": 0.5}

    (answer,) = read(tmp_path / "a.json", [row], unit=None)

    box = answer.boxes[0]
    assert (answer.expression_id, box.order, box.unit, box.score) == (7, "xywh", "pixels", 0.5)


@pytest.mark.parametrize("ending", ["csv", "tsv"])
def test_tables_are_read(tmp_path, ending):
    mark = {"csv": ",", "tsv": "\t"}[ending]
    text = mark.join(["id", "box", "score"]) + "\n" + mark.join(["7", "1 2 3 4", "0.5"]) + "\n"

    (answer,) = read(tmp_path / f"a.{ending}", text)

    assert (answer.expression_id, answer.boxes[0].score) == (7, 0.5)
    assert numbers(answer) == [(1, 2, 3, 4)]


@pytest.mark.parametrize(
    ("row", "order"),
    [
        ({"x1": 1, "y1": 2, "x2": 3, "y2": 4}, "xyxy"),
        ({"left": 1, "top": 2, "width": 3, "height": 4}, "xywh"),
    ],
)
def test_four_columns_state_the_order(tmp_path, row, order):
    (answer,) = read(tmp_path / "a.json", [{"id": 7, **row}])

    assert (numbers(answer), answer.boxes[0].order) == ([(1, 2, 3, 4)], order)


@pytest.mark.parametrize(
    "row",
    [
        {"boxes": [[1, 2, 3, 4], [5, 6, 7, 8]], "scores": [0.25, 0.5]},
        {"boxes": [{"bbox": [1, 2, 3, 4], "score": 0.25}, {"bbox": [5, 6, 7, 8], "score": 0.5}]},
    ],
)
def test_boxes_with_scores_are_ranked(tmp_path, row):
    (answer,) = read(tmp_path / "a.json", [{"id": 7, **row}])

    kind, ranked = answer.ranked("wrong")
    assert kind == "several boxes with scores"
    assert [(box.numbers[0], box.score) for box in ranked] == [(5, 0.5), (1, 0.25)]


@pytest.mark.parametrize("scores", [[0.5], "high", ["a", "b"]])
def test_scores_that_do_not_belong_to_the_boxes_are_refused(tmp_path, scores):
    with refused("score", record="record 0"):
        read(tmp_path / "a.json", [{"id": 7, "boxes": [[1, 2, 3, 4]] * 2, "scores": scores}])


def test_named_columns_read_any_other_file(tmp_path):
    row = {"key": {"no": 3}, "Out": "<loc0256><loc0512><loc0768><loc1023>"}

    (answer,) = read(tmp_path / "a.json", [row], columns={"id": "key.no", "reply": "out"})

    assert answer.expression_id == 3
    assert (answer.boxes[0].order, answer.boxes[0].unit) == ("yxyx", "unit")


def test_four_columns_can_be_named(tmp_path):
    row = {"id": 3, "a": "1", "b": "2", "c": "3", "d": "4"}

    (answer,) = read(tmp_path / "a.json", [row], columns={"box": "a,b,c,d"})

    assert numbers(answer) == [(1, 2, 3, 4)]


def test_a_named_column_that_no_record_has_is_refused(tmp_path):
    with refused("'bx'", "by", record="--columns box=bx"):
        read(tmp_path / "a.json", [{"id": 3, "by": [1, 2, 3, 4]}], columns={"box": "bx"})


@pytest.mark.parametrize(
    ("reply", "unit", "order"),
    [
        ("<loc0256><loc0512><loc0768><loc1023>", "unit", "yxyx"),  # tokens
        ("<box>(10,20),(300,400)</box>", "pixels", "xywh"),  # numbers of the prompt
        ('{"box_2d": [1, 2, 3, 4]}', "pixels", "xywh"),
    ],
)
def test_declarations_override_all_but_location_tokens(tmp_path, reply, unit, order):
    (answer,) = read(tmp_path / "a.json", [{"id": 1, "reply": reply}], order="xywh")

    assert (answer.boxes[0].unit, answer.boxes[0].order) == (unit, order)


@pytest.mark.parametrize(
    ("reply", "several", "kind", "numbers"),
    [
        ("[1, 2, 3, 4]", "wrong", "box", (1, 2, 3, 4)),
        ("[1, 2, 3, 4] [5, 6, 7, 8]", "wrong", "several boxes", None),
        ("[1, 2, 3, 4] [5, 6, 7, 8]", "first", "several boxes, first used", (1, 2, 3, 4)),
        ("[1, 2, 3, 4] [5, 6, 7, 8]", "last", "several boxes, last used", (5, 6, 7, 8)),
        ("[1, 2, 3, 4] [1, 2, 3, 4]", "wrong", "box", (1, 2, 3, 4)),
        ("<think>[1, 2, 3, 4]</think>", "wrong", "box in the reasoning only", (1, 2, 3, 4)),
        ('<point x="1" y="2" alt="dog">dog</point>', "last", "point instead of a box", None),
        ("I see no dog.", "last", "unparsable", None),
        ("  ", "last", "no reply", None),
        (None, "last", "no reply", None),
        (float("nan"), "last", "no reply", None),
        ([], "last", "no reply", None),
    ],
)
def test_each_answer_has_a_kind(tmp_path, reply, several, kind, numbers):
    (answer,) = read(tmp_path / "a.json", [{"id": 1, "reply": reply}])

    found, boxes = answer.ranked(several)
    assert (found, [box.numbers for box in boxes]) == (kind, [numbers] if numbers else [])


def test_an_unknown_layout_names_the_nearest_and_the_flag(tmp_path):
    with refused("LBYL-Net", "--columns"):
        read(tmp_path / "a.json", [{"image_name": "a.jpg", "gt_bbox": [1, 2, 3, 4]}])


@pytest.mark.parametrize(
    "row",
    [{"box": [1, 2, 3, 4], "reply": "a"}, {"bbox": [1, 2, 3, 4], "pred_bbox": [1, 2, 3, 4]}],
)
def test_fields_that_may_both_be_the_answer_are_asked_for(tmp_path, row):
    with refused(*map(repr, row), "--columns"):
        read(tmp_path / "a.json", [{"id": 1, **row}])


def test_a_misspelt_field_is_refused(tmp_path):
    with refused("reply") as error:
        read(tmp_path / "a.json", [{"a": 1}], columns={"replies": "a"})

    assert error.value.record == "--columns"


def test_a_record_without_a_key_is_named(tmp_path):
    with pytest.raises(BadInputError) as error:
        read(tmp_path / "a.json", [{"id": 1, "reply": ""}, {"id": "x", "reply": ""}])

    assert error.value.record == "record 1"


@pytest.mark.parametrize(
    ("name", "content"),
    [("a.xlsx", "no sheet"), ("a.json", "7"), ("a.json", "[]"), ("a.txt", "1 2 3 4"),
     ("a.jsonl", "{"), ("a.csv", "id,id\n1,2\n")],
)  # fmt: skip
def test_a_file_without_answers_is_refused(tmp_path, name, content):
    with refused(file=name):
        read(tmp_path / name, content)


def test_layouts_are_known_by_fields_that_they_read():
    for layout in LAYOUTS:
        parts = {part.split(".")[0] for path in layout.columns.values() for part in path.split(",")}
        assert layout.known_by & parts, layout.name
