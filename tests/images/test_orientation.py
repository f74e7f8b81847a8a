"""Size and pixels of a turned photo are in one frame: as stored, or as viewers show them."""

import numpy as np
import pytest
from PIL import Image, ImageOps
from PIL.Image import Transpose

from tests.refusals import refused
from vg_mc.images.files import open_photo
from vg_mc.images.headers import header_of_bytes, header_of_file
from vg_mc.images.opening import peculiarities_of
from vg_mc.images.orientation import exif_orientation, turned_boxes
from vg_mc.records import ImageFolder, Photo

ORIENTATIONS = range(1, 9)
STORED = np.random.default_rng(0).integers(0, 256, (30, 40, 3), np.uint8)

# From stored to shown pixels, as the EXIF standard defines the sides of row 0 and column 0.
SHOWN = {
    1: STORED,
    2: STORED[:, ::-1],
    3: STORED[::-1, ::-1],
    4: STORED[::-1],
    5: STORED.transpose(1, 0, 2),
    6: STORED.transpose(1, 0, 2)[:, ::-1],
    7: STORED.transpose(1, 0, 2)[::-1, ::-1],
    8: STORED.transpose(1, 0, 2)[::-1],
}


def turned(folder, orientation: int, kind: str = "PNG") -> str:
    exif = Image.Exif()
    exif[0x0112] = orientation
    options = {"lossless": True} if kind == "WEBP" else {}
    Image.fromarray(STORED).save(folder / "a.image", kind, exif=exif, **options)
    return "a.image"


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
@pytest.mark.parametrize("orientation", ORIENTATIONS)
def test_a_photo_is_opened_as_it_is_shown_or_as_it_is_stored(tmp_path, orientation, kind):
    name = turned(tmp_path, orientation, kind)
    for folder, pixels in (
        (ImageFolder(tmp_path, "shown"), SHOWN[orientation]),
        (ImageFolder(tmp_path, "stored"), STORED),
    ):
        height, width = pixels.shape[:2]
        image = open_photo(folder, Photo(1, name, width, height))

        assert (np.asarray(image) == pixels).all()
        assert image.mode == "RGB"
        assert header_of_file(folder, name)[:2] == (width, height)
        content = (tmp_path / name).read_bytes()
        assert header_of_bytes(content, folder.orientation)[:2] == (width, height)


@pytest.mark.parametrize("orientation", ORIENTATIONS)
def test_the_shown_frame_is_that_of_pillow(tmp_path, orientation):
    with Image.open(tmp_path / turned(tmp_path, orientation)) as image:
        shown = ImageOps.exif_transpose(image)

    assert (np.asarray(shown) == SHOWN[orientation]).all()


def with_exif_last(content: bytes) -> bytes:
    """Move the EXIF chunk of a PNG behind its pixels."""
    start = content.index(b"eXIf") - 4
    end = start + 12 + int.from_bytes(content[start : start + 4], "big")
    last = content.index(b"IEND") - 4
    return content[:start] + content[end:last] + content[start:end] + content[last:]


@pytest.mark.parametrize("orientation", ORIENTATIONS)
def test_a_png_may_name_its_orientation_behind_its_pixels(tmp_path, orientation):
    file = tmp_path / turned(tmp_path, orientation)
    file.write_bytes(with_exif_last(file.read_bytes()))

    height, width = SHOWN[orientation].shape[:2]
    folder = ImageFolder(tmp_path, "shown")
    image = open_photo(folder, Photo(1, file.name, width, height), noticed := [])

    assert header_of_file(folder, file.name)[:2] == (width, height)
    assert (np.asarray(image) == SHOWN[orientation]).all()
    assert noticed == (["EXIF orientation"] if orientation > 1 else [])


def test_the_size_of_a_png_is_read_without_its_pixels(tmp_path):
    file = tmp_path / turned(tmp_path, 6)
    file.write_bytes(file.read_bytes()[:-100])

    assert header_of_file(ImageFolder(tmp_path, "shown"), file.name)[:2] == (30, 40)


@pytest.mark.parametrize("value", [0, 9, 65535, "junk"])
def test_an_orientation_that_is_none_is_ignored(tmp_path, value):
    exif = b"Exif\0\0junk"
    if value != "junk":
        exif = Image.Exif()
        exif[0x0112] = value
    Image.fromarray(STORED).save(tmp_path / "a.png", exif=exif)

    image = open_photo(ImageFolder(tmp_path, "shown"), Photo(1, "a.png", 40, 30))

    assert (np.asarray(image) == STORED).all()


def test_the_flag_is_named_where_the_size_is_that_of_the_other_frame(tmp_path):
    name = turned(tmp_path, 6)

    with refused("--orientation shown", "6", "30 x 40"):
        open_photo(ImageFolder(tmp_path), Photo(1, name, 30, 40))
    with refused("--orientation stored", "6", "40 x 30"):
        open_photo(ImageFolder(tmp_path, "shown"), Photo(1, name, 40, 30))


def test_what_is_done_about_the_orientation_is_reported(tmp_path):
    with Image.open(tmp_path / turned(tmp_path, 8)) as image:
        assert exif_orientation(image) == 8
        assert peculiarities_of(image, "stored") == ["EXIF rotation"]
        assert peculiarities_of(image, "shown") == ["EXIF orientation"]


@pytest.mark.parametrize("turn", Transpose)
def test_a_box_turns_with_the_pixels_of_its_image(turn):
    box = (3, 5, 11, 8)
    image = Image.new("L", (40, 30))
    image.paste(255, box)

    turned = turned_boxes(np.array([box], dtype=float), image.size, turn)

    assert tuple(turned[0]) == image.transpose(turn).getbbox()
