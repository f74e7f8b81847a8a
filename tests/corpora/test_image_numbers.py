from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from tests.refusals import refused
from vg_mc.corpora.assembly import (
    PhotoRegister,
    assigned_ids,
    counter,
    number_images,
)
from vg_mc.corpora.expression_records import ExpressionRecord
from vg_mc.corpora.frames import ImageFrames
from vg_mc.errors import BadInputError
from vg_mc.records import ImageFolder, Photo

COCO = "COCO_train2014_000000000{}.jpg"


def said(file_name, image_id=None, size=None) -> ExpressionRecord:
    box = (0, 0, 1, 1)
    return ExpressionRecord(
        Path("f"), "r", file_name, "x", box, "val", "", size, image_id, None, None, None
    )


def test_photos_get_their_own_number_or_cocos_or_the_next():
    coco = [said(COCO.format(number)) for number in ("009", "025")]

    assert list(number_images(coco).values()) == [9, 25]
    assert list(number_images([*coco, said("a.jpg"), coco[0]]).values()) == [1, 2, 3]
    assert number_images([said("a"), said("b", 7), said("a", 5)]) == {"a": 5, "b": 7}
    assert number_images([said("a"), said("b", 7)]) == {"a": 8, "b": 7}
    assert number_images([]) == {}


def test_a_number_is_made_up_where_neither_a_record_nor_coco_gives_it():
    def of(*statements):
        return assigned_ids(statements, number_images(statements))

    assert of(said("a"), said("b", 7), said("b")) == {8}
    assert of(said("a.jpg"), said("b.jpg")) == {1, 2}
    assert of(said(COCO.format("009")), said(COCO.format("025"))) == set()
    assert of() == set()


def test_counting_goes_on_behind_what_is_taken():
    following = counter([3, None, 9])

    assert [following(), following()] == [10, 11]
    assert counter([])() == 1
    assert counter([-4])() == 1


def register(folder, image_ids, announced):
    return PhotoRegister(ImageFrames(ImageFolder(folder)), image_ids, announced)


@pytest.fixture
def folder(tmp_path) -> Path:
    Image.new("RGB", (30, 20)).save(tmp_path / "a.jpg")
    return tmp_path


def test_a_size_comes_from_the_statement_the_candidates_or_the_file(folder):
    announced = {3: Photo(3, "elsewhere.jpg", 7, 7)}
    photos = PhotoRegister(
        ImageFrames(ImageFolder(folder)), {"a.jpg": 1, "b.jpg": 2, "c.jpg": 3}, announced
    )

    assert photos.of(said("a.jpg")) == Photo(1, "a.jpg", 30, 20)
    assert photos.of(said("b.jpg", size=(5, 6))) == Photo(2, "b.jpg", 5, 6)
    assert photos.of(said("c.jpg")) == Photo(3, "c.jpg", 7, 7)
    assert list(photos.found) == [1, 2, 3]


def test_statements_about_one_photo_have_to_agree(folder):
    photos = register(folder, {"a.jpg": 1, "b.jpg": 1}, {})
    first = said("a.jpg", 1)
    photos.of(first)

    for other, problem in [
        (replace(first, image_id=2), "a.jpg to be image 1"),
        (replace(first, file_name="b.jpg"), "image 1 to be a.jpg"),
        (replace(first, size=(20, 30)), r"30 x 20 pixels, not \(20, 30\)"),
    ]:
        with pytest.raises(BadInputError, match=problem):
            photos.of(other)


def test_an_unusable_photo_is_looked_at_once(folder, monkeypatch):
    photos = register(folder, {"b.jpg": 1}, {})
    with refused("b.jpg"):
        photos.of(said("b.jpg"))

    monkeypatch.setattr("vg_mc.corpora.assembly.header_of_file", None)
    with refused("b.jpg"):
        photos.of(said("b.jpg"))


def test_all_missing_photos_are_reported_at_once(folder):
    names = ["a.jpg", *(f"{number}.jpg" for number in range(30)), "sized.jpg", "known.jpg"]
    numbers = {name: number for number, name in enumerate(names)}
    known = numbers["known.jpg"]
    photos = PhotoRegister(
        ImageFrames(ImageFolder(folder)), numbers, {known: Photo(known, "known.jpg", 1, 1)}
    )
    statements = [said(name, size=(1, 1) if name == "sized.jpg" else None) for name in names]

    with refused("30", "0.jpg", "19.jpg"):
        photos.require_unmeasured(statements)
