"""Names of COCO's images are taken apart in one place."""

import pytest

from vg_mc.images.coco_names import coco_name, coco_number


@pytest.mark.parametrize(
    ("name", "number"),
    [
        ("COCO_train2014_000000581857.jpg", 581857),
        ("train2014/COCO_val2014_000000000009.png", 9),
        ("COCO_train2014_000000581857_16.jpg", 581857),
        ("COCO_train2014_581857.jpg", None),
        ("000000581857.jpg", None),
    ],
)
def test_the_number_in_a_name_of_coco_is_found(name, number):
    assert coco_number(name) == number


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("COCO_val2014_000000000009_50.jpg", ("COCO_val2014_", 9, ".jpg")),
        ("images/000000000009.png", ("", 9, ".png")),
        ("000000000009_50.jpg", None),
        ("COCO_train2014_9.jpg", None),
        ("my_COCO_train2014_000000000009.jpg", None),
        ("scene_000000000010.jpg", None),
        ("", None),
    ],
)
def test_a_name_is_taken_apart_or_is_not_cocos(name, parts):
    assert coco_name(name) == parts


def test_an_image_is_found_under_its_later_name():
    assert coco_name("COCO_val2014_000000000009.jpg").since_2017 == "000000000009.jpg"
