"""Boxes are found in replies of each known syntax, with the order and unit that it defines."""

import pytest

from vg_mc.text.replies import boxes_in_reply

REPLIES = [
    ('```json\n[\n\t{"bbox_2d": [14, 135, 136, 470], "label": "a man"}\n]\n```', "json bbox_2d",
     (14, 135, 136, 470), "xyxy", None),
    ('[{"box_2d": [100, 20, 300, 400], "label": "dog"}]', "json box_2d",
     (100, 20, 300, 400), "yxyx", None),
    ('```json\n{\n "y_max": 1.0, "x_min": 0.7, "y_min": 0.0, "x_max": 0.9}\n```', "json x_min",
     (0.7, 0.0, 0.9, 1.0), "xyxy", None),
    ("<ref>the dog</ref><box>(10,20),(300,400)</box>", "qwen-vl",
     (10, 20, 300, 400), "xyxy", "per-mille"),
    ("<|object_ref_start|>dog<|object_ref_end|><|box_start|>(1,2),(3,4)<|box_end|>", "qwen-tokens",
     (1, 2, 3, 4), "xyxy", "per-mille"),
    ("<ref>dog</ref><box>[[10, 20, 300, 400]]</box>", "internvl",
     (10, 20, 300, 400), "xyxy", "per-mille"),
    ("<|ref|>dog<|/ref|><|det|>[[10, 20, 300, 400]]<|/det|>", "deepseek-vl2",
     (10, 20, 300, 400), "xyxy", "per-mille"),
    ("<p>dog</p> {<12><34><56><78>}", "minigpt-v2", (12, 34, 56, 78), "xyxy", "percent"),
    ("dog<loc_0><loc_99><loc_499><loc_999>", "florence-2",
     (0.0005, 0.0995, 0.4995, 0.9995), "xyxy", "unit"),
    ("<loc0256><loc0512><loc0768><loc1023> dog", "paligemma",
     (0.25, 0.5, 0.75, 1023 / 1024), "yxyx", "unit"),
    ("<object><patch_index_0033><patch_index_1023></object>", "kosmos-2",
     (1.5 / 32, 1.5 / 32, 31.5 / 32, 31.5 / 32), "xyxy", "unit"),
    ("The dog is at [0.1, 0.2, 0.3, 0.45].", "plain", (0.1, 0.2, 0.3, 0.45), "xyxy", None),
    ("ImagePatch(97, 2, 431, 205)", "plain", (97, 2, 431, 205), "xyxy", None),
]  # fmt: skip


@pytest.mark.parametrize(
    ("reply", "syntax", "numbers", "order", "unit"), REPLIES, ids=[row[1] for row in REPLIES]
)
def test_a_reply_of_each_syntax_is_read(reply, syntax, numbers, order, unit):
    (box,) = boxes_in_reply(reply)

    assert box.numbers == pytest.approx(numbers)
    assert (box.syntax, box.order, box.unit) == (syntax, order, unit)


@pytest.mark.parametrize(
    "reply",
    ["", "I cannot find it.", "[1, 2, 3]", '{"bbox_2d": [1, 2, 3]}', '{"bbox_2d": "none"}',
     "Error: No model named xvlm. The models are ['glip', 'gemma']", "<loc_1><loc_2>", "{" * 2000],
)  # fmt: skip
def test_a_reply_without_a_box_has_none(reply):
    assert boxes_in_reply(reply) == []


def test_all_boxes_of_a_reply_are_returned_in_order():
    reply = '[{"bbox_2d": [1, 2, 3, 4]}, {"bbox_2d": [5, 6, 7, 8]}]'

    assert [box.numbers for box in boxes_in_reply(reply)] == [(1, 2, 3, 4), (5, 6, 7, 8)]


def test_the_answer_counts_and_not_the_reasoning():
    reply = "<think>maybe [9, 9, 99, 99]</think><answer>[1, 2, 3, 4]</answer>"

    assert [box.numbers for box in boxes_in_reply(reply)] == [(1, 2, 3, 4)]


def test_a_box_in_the_reasoning_counts_where_there_is_no_other():
    assert [box.numbers for box in boxes_in_reply("<think>[1, 2, 3, 4]</think>")] == [(1, 2, 3, 4)]


def test_an_answer_without_tags_is_read_as_well():
    reply = '<think>a man in orange</think>\n```json\n[{"bbox_2d": [16, 135, 140, 468]}]\n```'

    assert [box.numbers for box in boxes_in_reply(reply)] == [(16, 135, 140, 468)]
