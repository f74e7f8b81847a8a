import io

import pytest
from PIL import Image

from tests.refusals import refused
from vg_mc.corpora.embedded_images import EmbeddedPhotos
from vg_mc.errors import BadInputError
from vg_mc.records import ImageFolder


def photo(color="red", size=(30, 20), kind="JPEG") -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", size, color).save(buffer, kind)
    return buffer.getvalue()


def test_a_photo_of_coco_gets_its_number_for_a_name(tmp_path):
    photos = EmbeddedPhotos(ImageFolder(tmp_path / "images"))
    cell = {"bytes": photo(), "path": None}

    kept = photos.keep(cell, "COCO_train2014_000000000009_16.jpg")

    assert kept == ("COCO_train2014_000000000009.jpg", 30, 20)
    assert (tmp_path / "images" / kept.file_name).read_bytes() == photo()
    assert photos.keep({"bytes": photo(), "path": "COCO_train2014_000000000009.jpg"}) == kept


def test_any_other_photo_is_named_by_its_bytes(tmp_path):
    photos = EmbeddedPhotos(ImageFolder(tmp_path))

    names = {
        photos.keep({"bytes": photo(color, kind="PNG"), "path": "../../x.png"}).file_name
        for color in ("red", "red", "blue")
    }

    assert len(names) == 2
    assert names == {file.name for file in tmp_path.iterdir()}
    assert all(name.endswith(".png") and len(name) == 24 for name in names)


def test_a_second_run_finds_the_photos_there(tmp_path):
    EmbeddedPhotos(ImageFolder(tmp_path)).keep({"bytes": photo()})
    before = [file.stat() for file in tmp_path.iterdir()]

    EmbeddedPhotos(ImageFolder(tmp_path)).keep({"bytes": photo()})

    assert [file.stat() for file in tmp_path.iterdir()] == before


def test_a_file_of_somebody_else_is_not_overwritten(tmp_path):
    mine = tmp_path / "COCO_train2014_000000000009.jpg"
    mine.write_bytes(b"mine")

    with refused("exists"):
        EmbeddedPhotos(ImageFolder(tmp_path)).keep({"bytes": photo()}, mine.name)
    assert mine.read_bytes() == b"mine"


@pytest.mark.parametrize(
    "cell", [None, 3, b"x", {}, {"bytes": None}, {"bytes": "x"}, {"bytes": b"<"}]
)
def test_a_cell_without_photo_is_refused(cell, tmp_path):
    with pytest.raises(BadInputError):
        EmbeddedPhotos(ImageFolder(tmp_path)).keep(cell)
    assert not list(tmp_path.iterdir())


def test_a_folder_that_cannot_be_written_to_is_named(tmp_path):
    (tmp_path / "images").write_text("a file")

    with refused(file="535cbc26091d252179f4.jpg"):
        EmbeddedPhotos(ImageFolder(tmp_path / "images")).keep({"bytes": photo()})
