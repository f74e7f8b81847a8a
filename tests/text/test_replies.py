"""Boxes are found in replies of each known syntax, with the order and unit that it defines."""

import numpy as np
import pytest
from transformers.models.kosmos2.processing_kosmos2 import patch_index_to_coordinate

from vg_mc.text.replies import read_reply

PIXELS = (14.0, 135.0, 136.0, 470.0)
REPLIES = {
    # Qwen2.5-VL and Qwen3-VL: JSON in a code block, with one object or a list of them.
    "qwen2.5-vl": (
        '```json\n[\n\t{"bbox_2d": [14, 135, 136, 470], "label": "a man"}\n]\n```',
        ("field bbox_2d", PIXELS, "xyxy", None),
    ),
    "qwen3-vl, one object": (
        '{"bbox_2d": [14, 135, 136, 470], "label": "a man"}',
        ("field bbox_2d", PIXELS, "xyxy", None),
    ),
    "trailing commas": (
        '```json\n[{"bbox_2d": [14, 135, 136, 470,], "label": "a man",},]\n```',
        ("field bbox_2d", PIXELS, "xyxy", None),
    ),
    "cut off after the box": (
        '```json\n[\n\t{"bbox_2d": [14, 135, 136, 470], "label": "a man in a long sle',
        ("field bbox_2d", PIXELS, "xyxy", None),
    ),
    "single quotes": ("{'bbox_2d': [14, 135, 136, 470]}", ("field bbox_2d", PIXELS, "xyxy", None)),
    "numbers as texts": (
        '{"bbox_2d": ["14", "135", "136", "470"]}',
        ("field bbox_2d", PIXELS, "xyxy", None),
    ),
    "list within a list": (
        '{"bbox": [[14, 135, 136, 470]]}',
        ("field bbox", PIXELS, "xyxy", None),
    ),
    "gemini": (
        '```json\n[{"box_2d": [100, 20, 300, 400], "label": "dog"}]\n```',
        ("field box_2d", (100, 20, 300, 400), "yxyx", "per-mille"),
    ),
    "fields of corners in any order": (
        '```json\n{\n "y_max": 1.0, "x_min": 0.7, "y_min": 0.0, "x_max": 0.9}\n```',
        ("field x_min", (0.7, 0.0, 0.9, 1.0), "xyxy", None),
    ),
    "moondream": (
        '{"objects": [{"x_min": 0.1, "y_min": 0.2, "x_max": 0.3, "y_max": 0.4}]}',
        ("field x_min", (0.1, 0.2, 0.3, 0.4), "xyxy", None),
    ),
    "nested corners": (
        '{"bbox": {"x1": 14, "y1": 135, "x2": 136, "y2": 470}}',
        ("field x1", PIXELS, "xyxy", None),
    ),
    "two corners": (
        '{"bounding_box": {"top_left": [14, 135], "bottom_right": [136, 470]}}',
        ("field top_left", PIXELS, "xyxy", None),
    ),
    "corners in words": (
        "- Top-left corner: (14, 135)\n- Bottom-right corner: (136, 470)",
        ("field top_left", PIXELS, "xyxy", None),
    ),
    "assignments": ("x1=14, y1=135, x2=136, y2=470", ("field x1", PIXELS, "xyxy", None)),
    "sides": (
        "left: 14.5 top: 135 width: 122 height: 335",
        ("field left", (14.5, 135, 122, 335), "xywh", None),
    ),
    "xml attributes": (
        '<box x1="14" y1="135" x2="136" y2="470"/>',
        ("field x1", PIXELS, "xyxy", None),
    ),
    "xml elements": (
        "<bbox><x1>14</x1><y1>135</y1><x2>136</x2><y2>470</y2></bbox>",
        ("field x1", PIXELS, "xyxy", None),
    ),
    "xml list": ("<bbox>14, 135, 136, 470</bbox>", ("field bbox", PIXELS, "xyxy", None)),
    "florence-2, post-processed": (
        "{'<CAPTION_TO_PHRASE_GROUNDING>': {'bboxes': [[14, 135, 136, 470]], 'labels': ['man']}}",
        ("field bboxes", PIXELS, "xyxy", None),
    ),
    # Tokens and tags.
    "qwen-vl": (
        "<ref>the dog</ref><box>(10,20),(300,400)</box>",
        ("qwen-vl", (10, 20, 300, 400), "xyxy", "per-mille"),
    ),
    "qwen2-vl": (
        "<|object_ref_start|>dog<|object_ref_end|><|box_start|>(1,2),(3,4)<|box_end|><|im_end|>",
        ("qwen-tokens", (1, 2, 3, 4), "xyxy", "per-mille"),
    ),
    "internvl": (
        "<ref>dog</ref><box>[[10, 20, 300, 400]]</box>",
        ("internvl", (10, 20, 300, 400), "xyxy", "per-mille"),
    ),
    "minicpm-v": (
        "<ref>dog</ref><box>10 20 300 400</box>",
        ("minicpm-v", (10, 20, 300, 400), "xyxy", "per-mille"),
    ),
    "doubao": (
        "<bbox>175 98 791 476</bbox>",
        ("doubao", (175, 98, 791, 476), "xyxy", "per-mille"),
    ),
    "deepseek-vl2": (
        "<|ref|>dog<|/ref|><|det|>[[10, 20, 300, 400]]<|/det|><｜end▁of▁sentence｜>",
        ("deepseek-vl2", (10 / 999, 20 / 999, 300 / 999, 400 / 999), "xyxy", "unit"),
    ),
    "glm-4.5v": (
        "The bottle is at <|begin_of_box|>[[94,598,177,991]]<|end_of_box|>.",
        ("glm-v", (94, 598, 177, 991), "xyxy", "per-mille"),
    ),
    "glm-4.1v": (
        "<think>left</think><answer><|begin_of_box|>[94, 598, 177, 991]<|end_of_box|></answer>",
        ("glm-v", (94, 598, 177, 991), "xyxy", "per-mille"),
    ),
    "minigpt-v2": (
        "<p>dog</p> {<12><34><56><100>}",
        ("minigpt-v2", (0.12, 0.34, 0.56, 1.0), "xyxy", "unit"),
    ),
    "florence-2": (
        "</s><s>dog<loc_0><loc_99><loc_499><loc_999></s>",
        ("florence-2", (0.0005, 0.0995, 0.4995, 0.9995), "xyxy", "unit"),
    ),
    "paligemma": (
        "<loc0256><loc0512><loc0768><loc1023> dog",
        ("paligemma", (0.25, 0.5, 0.75, 1023 / 1024), "yxyx", "unit"),
    ),
    "kosmos-2": (
        "<phrase>a dog</phrase><object><patch_index_0033><patch_index_1023></object>",
        ("kosmos-2", (1.5 / 32, 1.5 / 32, 31.5 / 32, 31.5 / 32), "xyxy", "unit"),
    ),
    # Numbers alone.
    "cogvlm": ("[[094,598,177,991]]", ("plain", (94, 598, 177, 991), "xyxy", None)),
    "shikra": (
        "Answer: [0.250,0.338,0.788,0.967].",
        ("plain", (0.25, 0.338, 0.788, 0.967), "xyxy", None),
    ),
    "ferret": ("A dog [231, 20, 300, 400].", ("plain", (231, 20, 300, 400), "xyxy", None)),
    "vipergpt": ("ImagePatch(97, 2, 431, 205)", ("plain", (97, 2, 431, 205), "xyxy", None)),
    "two points": ("(14, 135), (136, 470)", ("plain points", PIXELS, "xyxy", None)),
    "numbers only": ("14 135 136 470", ("plain", PIXELS, "xyxy", None)),
    "numbers with commas": ("14, 135, 136, 470.", ("plain", PIXELS, "xyxy", None)),
    "spaces": ("[ 14 135 136 470 ]", ("plain", PIXELS, "xyxy", None)),
    "exponents": ("[1e-1, .2, 3.0, 4.]", ("plain", (0.1, 0.2, 3, 4), "xyxy", None)),
}


@pytest.mark.parametrize("name", REPLIES)
def test_a_reply_of_each_syntax_is_read(name):
    reply, (syntax, numbers, order, unit) = REPLIES[name]

    (box,) = read_reply(reply).boxes

    assert box.numbers == pytest.approx(numbers)
    assert (box.syntax, box.order, box.unit) == (syntax, order, unit)


@pytest.mark.parametrize("name", REPLIES)
def test_reasoning_before_an_answer_is_ignored(name):
    reply, (_, numbers, _, _) = REPLIES[name]
    if "<think>" in reply:
        return

    read = read_reply(f"<think>It may be at [7, 8, 9, 10].\n</think>\n\n{reply}")

    assert [box.numbers for box in read.boxes] == [pytest.approx(numbers)]
    assert not read.in_reasoning


@pytest.mark.parametrize(
    "reply",
    ["", "I cannot find it.", "[1, 2, 3]", '{"bbox_2d": [1, 2, 3]}', '{"bbox_2d": "none"}',
     "Error: No model named xvlm. The models are ['glip', 'gemma']", "<loc_1><loc_2>", "{" * 2000,
     '```json\n[{"bbox_2d": [14, 135, 13', "[1, 2, 3, 4, 5, 6]", "x1=1, y1=2, x2=3", "None",
     '{"polygon": [[1, 2], [3, 4], [5, 6]]}', "1", "Answer: 12", "[" * 3000, "1, " * 3000,
     "1" * 20_000, "1 " * 9_000, "<think>" * 3_000, "x1=1 " * 3_000, "0." * 9_000],
)  # fmt: skip
def test_a_reply_without_a_box_has_none(reply):
    assert read_reply(reply).boxes == ()


@pytest.mark.parametrize(
    "reply",
    ['<point x="61.5" y="40.4" alt="dog">dog</point>',
     '<points x1="10.0" y1="20.0" x2="30.0" y2="40.0" alt="dogs">dogs</points>',
     '<points coords="1 1 523 425">dog</points>',
     '{"point_2d": [346, 328], "label": "dog"}',
     "The dog is at (346, 328).", "<point>346 328</point>"],
)  # fmt: skip
def test_a_point_is_no_box(reply):
    read = read_reply(reply)

    assert (read.boxes, read.has_point) == ((), True)


@pytest.mark.parametrize(
    ("reply", "numbers"),
    [
        ('[{"bbox_2d": [1, 2, 3, 4]}, {"bbox_2d": [5, 6, 7, 8]}]', [(1, 2, 3, 4), (5, 6, 7, 8)]),
        ("<box>[[1, 2, 3, 4], [5, 6, 7, 8]]</box>", [(1, 2, 3, 4), (5, 6, 7, 8)]),
        ("<box>1 2 3 4</box><box>5 6 7 8", [(1, 2, 3, 4), (5, 6, 7, 8)]),
        ('{"boxes": [[1, 2, 3, 4], [5, 6, 7, 8]]}', [(1, 2, 3, 4), (5, 6, 7, 8)]),
        ("[0.1,0.2,0.3,0.4;0.5,0.6,0.7,0.8]", [(0.1, 0.2, 0.3, 0.4), (0.5, 0.6, 0.7, 0.8)]),
        ("[[1, 2, 3, 4], [5, 6, 7, 8]]", [(1, 2, 3, 4), (5, 6, 7, 8)]),
        ("(1, 2, 3, 4) and (5, 6, 7, 8)", [(1, 2, 3, 4), (5, 6, 7, 8)]),
        ("x1=1 y1=2 x2=3 y2=4; x1=5 y1=6 x2=7 y2=8", [(1, 2, 3, 4), (5, 6, 7, 8)]),
    ],
)
def test_all_boxes_of_a_reply_are_returned_in_order(reply, numbers):
    assert [box.numbers for box in read_reply(reply).boxes] == numbers


def test_scores_belong_to_the_box_in_the_same_object():
    reply = '[{"bbox": [1, 2, 3, 4], "score": 0.25}, {"confidence": 0.5, "bbox": [5, 6, 7, 8]}]'

    assert [box.score for box in read_reply(reply).boxes] == [0.25, 0.5]


@pytest.mark.parametrize(
    ("reply", "numbers", "in_reasoning"),
    [
        ("<think>maybe [9, 9, 99, 99]</think><answer>[1, 2, 3, 4]</answer>", (1, 2, 3, 4), False),
        ("maybe [9, 9, 99, 99]</think>[1, 2, 3, 4]", (1, 2, 3, 4), False),
        ("◁think▷[9, 9, 99, 99]◁/think▷[1, 2, 3, 4]", (1, 2, 3, 4), False),
        ("<think>[9, 9, 99, 99] <answer>[1, 2, 3, 4]", (1, 2, 3, 4), False),
        ("[9, 9, 99, 99] <answer>[1, 2, 3, 4]</answer>", (1, 2, 3, 4), False),
        ("[1, 2, 3, 4] <answer>the dog</answer>", (1, 2, 3, 4), False),
        ("<think>a dog. Final answer: [1, 2, 3, 4]</think>", (1, 2, 3, 4), True),
        ("<think>a dog. Final answer: [1, 2, 3, 4]", (1, 2, 3, 4), True),
        ("[1, 2, 3, 4] <think>or [5, 6, 7, 8]</think>", (1, 2, 3, 4), False),
    ],
)
def test_the_answer_counts_and_reasoning_only_without_another(reply, numbers, in_reasoning):
    read = read_reply(reply)

    assert [box.numbers for box in read.boxes] == [numbers]
    assert read.in_reasoning == in_reasoning


def test_patches_of_kosmos_are_decoded_as_in_transformers():
    patches = np.random.default_rng(0).integers(1024, size=(500, 2))
    patches[::3, 1] = patches[::3, 0] // 32 * 32 + patches[::3, 1] % 32  # of one row
    for first, last in patches.tolist():
        (box,) = read_reply(f"<patch_index_{first:04d}><patch_index_{last:04d}>").boxes

        assert box.numbers == pytest.approx(patch_index_to_coordinate(first, last, 32))
