"""Answers find their expressions by what a file carries: an id, or image, text and target."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.refusals import refused
from vg_mc.errors import BadInputError
from vg_mc.predictions.external.joining import Expected, image_key, join, text_key
from vg_mc.predictions.external.reading import ExternalAnswer
from vg_mc.text.replies import RepliedBox

LEFT, RIGHT = (10.0, 20.0, 110.0, 220.0), (300.0, 20.0, 400.0, 220.0)
COCO = "COCO_train2014_000000000009.jpg"
EXPRESSIONS = [
    Expected(7, 70, COCO, "2nd guy", LEFT, 640, 480),
    Expected(8, 70, COCO, "the man", LEFT, 640, 480),
    Expected(9, 70, COCO, "the man", RIGHT, 640, 480),
    Expected(10, 71, "other.jpg", "the man", LEFT, 640, 480),
]


def answer(*, id_=None, image=None, text=None, target=None, record="record 0", boxes=()):
    return ExternalAnswer(record, id_, image, text, target, tuple(boxes), has_reply=bool(boxes))


def box(score):
    return RepliedBox(LEFT, "xyxy", "pixels", "numbers", score=score)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"id_": 9}, 9),
        ({"id_": 9, "image": COCO, "text": "the man"}, 9),
        ({"image": 71, "text": "the man"}, 10),
        ({"image": "https://images.org/a/000000000009.jpg?size=1", "text": "2nd guy"}, 7),
        ({"image": "train2014/COCO_train2014_000000000009_3.jpg", "text": "2ND GUY!"}, 7),
        ({"image": "other", "text": "The Man"}, 10),
        ({"text": "the man", "target": RIGHT}, 9),
        ({"image": "COCO_train2014_000000000009.jpg", "target": (300, 20, 401, 219)}, 9),
        # The target in thousandths of the image.
        ({"text": "the man", "target": (469, 42, 625, 458)}, 9),
        # Reworded, but image and target are the same.
        ({"image": "other.jpg", "text": "man, standing", "target": LEFT}, 10),
    ],
)
def test_an_answer_finds_its_expression(given, expected):
    assert list(join([answer(**given)], EXPRESSIONS)) == [expected]


def test_images_of_one_name_are_told_apart_by_their_folders():
    expressions = [
        Expected(number, number, f"{folder}/1.jpg", "the man", LEFT, 640, 480)
        for number, folder in enumerate("ab")
    ]

    assert list(join([answer(image="data/b/1.jpg", text="the man")], expressions)) == [1]
    with refused("a/1.jpg", "b/1.jpg", record="record 0"):
        join([answer(image="1.jpg", text="the man")], expressions)


def test_answers_about_one_box_are_taken_in_order():
    image = "COCO_train2014_000000000009.jpg"
    first, second = (answer(image=image, target=LEFT, record=f"record {n}") for n in range(2))

    joined = join([first, second], EXPRESSIONS)

    assert joined == {7: first, 8: second}


@pytest.mark.parametrize(
    "given",
    [{"id_": 11}, {"id_": 7, "text": "the man"}, {"id_": 7, "image": "other.jpg"}, {"image": 72},
     {"text": "the woman"}, {"image": "none.jpg", "text": "the man"},
     {"image": "other.jpg", "target": RIGHT}, {"image": "other.jpg", "text": "the woman"}],
)  # fmt: skip
def test_an_answer_to_no_expression_stops(given):
    with pytest.raises(BadInputError) as error:
        join([answer(**given, record="record 4")], EXPRESSIONS)

    assert error.value.record == "record 4"


def test_an_expression_is_answered_once():
    with pytest.raises(BadInputError) as error:
        join([answer(id_=7), answer(id_=7, record="record 1")], EXPRESSIONS)

    assert error.value.record == "record 1"


def test_scored_boxes_of_one_id_are_one_answer():
    first, second = (answer(id_=7, record=f"record {n}", boxes=[box(n / 4)]) for n in (1, 2))

    (joined,) = join([first, second], EXPRESSIONS).values()

    assert [each.score for each in joined.boxes] == [0.25, 0.5]


def test_boxes_without_scores_are_not_merged():
    with refused("scores", record="record 1"):
        join(
            [answer(id_=7, boxes=[box(None)]), answer(id_=7, record="record 1", boxes=[box(None)])],
            EXPRESSIONS,
        )


def test_a_mismatch_of_id_and_text_names_the_expression():
    with refused("2nd guy", COCO):
        join([answer(id_=7, text="the woman")], EXPRESSIONS)


def test_an_expression_without_an_answer_is_left_out():
    assert list(join([answer(id_=8)], EXPRESSIONS)) == [8]


@given(st.permutations(EXPRESSIONS))
def test_ids_join_in_any_order(expressions):
    joined = join([answer(id_=one.expression_id) for one in expressions], EXPRESSIONS)

    assert set(joined) == {7, 8, 9, 10}


@pytest.mark.parametrize(
    "name",
    ["COCO_train2014_000000000009.jpg", "COCO_train2014_000000000009_4", "000000000009.jpg",
     "a/b/COCO_train2014_000000000009_12.jpg", "c:\\x\\COCO_train2014_000000000009.png",
     "https://images.org/000000000009.jpg?size=640"],
)  # fmt: skip
def test_names_of_one_image_have_one_key(name):
    assert image_key(name) == "000000000009"


def test_a_dot_in_a_name_is_no_extension():
    assert image_key("scan.v2") == image_key("scan.v2.jpg") == "scan.v2"


def test_texts_are_compared_without_case_and_punctuation():
    assert text_key("  2ND GUY, on   Right. ") == text_key("2nd guy on right")
