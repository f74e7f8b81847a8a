"""Image ids and file names of detections are joined with the images that they refer to."""

import pytest

from tests.refusals import refused
from vg_mc.proposers.image_keys import ImageKey, PhotoNames
from vg_mc.records import Photo

PHOTOS = [
    Photo(1, "a/12.jpg", 10, 10),
    Photo(7, "b/dog.jpg", 10, 10),
    Photo(9, "b/cat.jpg", 10, 10),
    Photo(30, "c/cat.png", 10, 10),
]


def joined(*keys, **options):
    return PhotoNames(PHOTOS).join([ImageKey(*key) for key in keys], **options)


@pytest.mark.parametrize(
    ("key", "image_id"),
    [
        ((7, None), 7),
        (("7", None), 7),
        (("0000007", None), 7),
        (("dog", None), 7),
        (("dog.jpg", None), 7),
        (("b/dog.jpg", None), 7),
        ((None, "b/dog.jpg"), 7),
        ((None, "/data/images/dog.jpg"), 7),
        ((None, "C:\\images\\dog.jpg"), 7),
        ((None, "dog"), 7),
        ((None, "7"), 7),
        (("12", None), 1),
        ((12, "a/12.jpg"), 1),
        (("12", "a/12.jpg"), 1),
        ((1, "a/12.jpg"), 1),
        ((500, "a/12.jpg"), 1),
        ((1, "elsewhere.jpg"), 1),
    ],
)
def test_a_key_finds_its_image(key, image_id):
    assert [photo.image_id for photo in joined(key).photo_of.values()] == [image_id]


@pytest.mark.parametrize("key", [("cat", None), (None, "x/cat.jpeg"), ("bird", None), (None, "x")])
def test_a_text_that_fits_no_image_or_several_is_unknown(key):
    found = joined(key)

    assert (found.photo_of, found.unknown) == ({}, [ImageKey(*key)])


def test_numbers_of_no_image_are_images_outside_the_corpus():
    found = joined((5, None), ("55", None), (7, None))

    assert (len(found.photo_of), found.unknown) == (1, [])


def test_a_number_that_is_an_id_and_a_name_of_another_image_is_refused():
    photos = [Photo(1, "2.jpg", 10, 10), Photo(2, "1.jpg", 10, 10)]

    with refused("1.jpg", "2.jpg"):
        PhotoNames(photos).join([ImageKey("2", None)])


def test_an_interpretation_is_reported_and_a_file_name_is_none():
    assert joined((None, "b/dog.jpg"), (7, None)).notes == []
    (note,) = joined(("dog", None)).notes
    assert "dog" in note
    assert "b/dog.jpg" in note


def test_where_file_names_fit_other_texts_are_not_interpreted():
    found = joined((None, "b/dog.jpg"), (None, "cat.png"))

    assert found.unknown == [ImageKey(None, "cat.png")]


def test_the_id_of_another_image_contradicts_the_name():
    key = ImageKey(9, "b/dog.jpg")

    assert list(joined(key).contradictory) == [key]
    assert joined(key).photo_of == {}
    assert joined(key, certain=False).photo_of == {key: PHOTOS[1]}
