"""Every photo is RGB of the announced size, or an error that names it."""

import io
import os
import warnings

import numpy as np
import pytest
from PIL import Image

from tests.refusals import refused
from vg_mc.errors import BadInputError
from vg_mc.images import files as photos
from vg_mc.images.files import located, open_photo, require_photos
from vg_mc.records import ImageFolder, Photo


def photo_of(name: str, width: int = 64, height: int = 48) -> Photo:
    return Photo(image_id=7, file_name=name, width=width, height=height)


def gradient(mode: str = "RGB") -> Image.Image:
    ramp = np.linspace(0, 255, 64 * 48 * 3).reshape(48, 64, 3).astype(np.uint8)
    return Image.fromarray(ramp).convert(mode)


def refusal(folder, name: str, **announced) -> BadInputError:
    with pytest.raises(BadInputError) as raised:
        open_photo(ImageFolder(folder), photo_of(name, **announced))
    assert raised.value.record == "image 7"
    assert name.rsplit("/", maxsplit=1)[-1] in str(raised.value.file)
    return raised.value


@pytest.mark.parametrize("ending", ["png", "webp", "bmp"])
def test_pixels_come_as_they_are_stored(tmp_path, ending):
    options = {"lossless": True} if ending == "webp" else {}
    gradient().save(tmp_path / f"a.{ending}", **options)

    image = open_photo(ImageFolder(tmp_path), photo_of(f"a.{ending}"))

    assert image.mode == "RGB"
    assert (np.asarray(image) == np.asarray(gradient())).all()


def test_the_content_counts_not_the_ending(tmp_path):
    gradient().save(tmp_path / "a.jpg", format="PNG")

    assert (
        np.asarray(open_photo(ImageFolder(tmp_path), photo_of("a.jpg"))) == np.asarray(gradient())
    ).all()


@pytest.mark.parametrize(
    ("mode", "ending"), [("L", "jpg"), ("P", "png"), ("1", "png"), ("CMYK", "jpg"), ("P", "gif")]
)
def test_other_color_modes_become_rgb(tmp_path, mode, ending):
    image = gradient(mode)
    image.save(tmp_path / f"a.{ending}")

    opened = np.asarray(open_photo(ImageFolder(tmp_path), photo_of(f"a.{ending}")), dtype=float)

    expected = np.asarray(image.convert("RGB"), dtype=float)
    assert np.abs(opened - expected).mean() < 4


def test_only_the_first_frame_of_an_animation_counts(tmp_path):
    frames = [Image.new("RGB", (64, 48), color) for color in ("red", "blue")]
    frames[0].save(tmp_path / "a.gif", save_all=True, append_images=frames[1:])

    assert open_photo(ImageFolder(tmp_path), photo_of("a.gif")).getpixel((5, 5)) == (255, 0, 0)


def test_16_bits_are_scaled_and_not_clipped_to_white(tmp_path):
    values = np.linspace(0, 65535, 64 * 48).reshape(48, 64).astype(np.uint16)
    Image.fromarray(values).save(tmp_path / "a.png")

    opened = np.asarray(open_photo(ImageFolder(tmp_path), photo_of("a.png")), dtype=float)

    assert np.abs(opened - values[..., None] / 257).max() <= 0.5


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_what_is_transparent_shows_white_and_not_hidden_colors(tmp_path, mode):
    image = Image.new("RGBA", (64, 48), (0, 0, 0, 0))
    image.paste((0, 0, 0, 255), (0, 0, 32, 48))
    image.convert(mode).save(tmp_path / "a.png")

    opened = open_photo(ImageFolder(tmp_path), photo_of("a.png"))

    assert opened.getpixel((5, 5)) == (0, 0, 0)
    assert opened.getpixel((60, 5)) == (255, 255, 255)


def test_a_transparent_color_of_a_palette_shows_white(tmp_path):
    image = Image.new("P", (64, 48), 1)
    image.putpalette([0, 0, 0, 200, 0, 0])
    image.save(tmp_path / "a.png", transparency=1)

    assert open_photo(ImageFolder(tmp_path), photo_of("a.png")).getpixel((5, 5)) == (255, 255, 255)


def test_exif_rotation_is_ignored_as_boxes_ignore_it(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6  # turn by 90 degrees
    gradient().save(tmp_path / "a.jpg", exif=exif, quality=100, subsampling=0)

    opened = open_photo(ImageFolder(tmp_path), photo_of("a.jpg"))

    assert opened.size == (64, 48)
    difference = np.asarray(opened, dtype=float) - np.asarray(gradient(), dtype=float)
    assert np.abs(difference).mean() < 2


def test_another_size_than_announced_is_refused(tmp_path):
    gradient().save(tmp_path / "a.jpg")

    problem = refusal(tmp_path, "a.jpg", width=48, height=64).problem

    assert "64 x 48 pixels" in problem
    assert "48 x 64 in the annotations" in problem


KINDS = {"jpg": "JPEG", "png": "PNG", "tif": "TIFF", "webp": "WEBP", "avif": "AVIF",
         "jp2": "JPEG2000", "bmp": "BMP", "mpo": "MPO"}  # fmt: skip


@pytest.mark.parametrize(
    ("ending", "kept"),
    [*((ending, 0.5) for ending in KINDS), ("jpg", -8), ("png", -8), ("png", 0.9)],
)
def test_a_photo_cut_short_is_refused_and_not_filled_with_grey(tmp_path, ending, kept):
    buffer = io.BytesIO()
    gradient().resize((640, 480)).save(buffer, KINDS[ending])
    content = buffer.getvalue()
    end = int(len(content) * kept) if kept > 0 else kept - 16 * (ending == "png")
    (tmp_path / f"a.{ending}").write_bytes(content[:end])

    problem = refusal(tmp_path, f"a.{ending}", width=640, height=480).problem

    assert "truncated" in problem or "damaged" in problem
    for orientation in ("stored", "shown"):
        with refused(file=f"a.{ending}"):
            open_photo(ImageFolder(tmp_path, orientation), photo_of(f"a.{ending}", 640, 480), [])


def test_the_error_page_of_a_download_is_named_as_such(tmp_path):
    (tmp_path / "a.jpg").write_text("<!DOCTYPE html><html><body>404 Not Found</body></html>")

    assert "error page" in refusal(tmp_path, "a.jpg").problem


def test_an_empty_file_is_named_as_such(tmp_path):
    (tmp_path / "a.jpg").touch()

    assert refusal(tmp_path, "a.jpg").problem == "the file is empty"


def test_a_missing_file_and_a_folder_are_named_as_such(tmp_path):
    (tmp_path / "folder.jpg").mkdir()

    assert refusal(tmp_path, "a.jpg").problem == "the image is missing"
    assert refusal(tmp_path, "folder.jpg").problem == "not a readable file: Is a directory"


def test_a_format_that_is_not_for_photos_is_refused(tmp_path):
    gradient().save(tmp_path / "a.jpg", format="PPM")

    assert "expected one of JPEG, PNG, WEBP" in refusal(tmp_path, "a.jpg").problem


@pytest.mark.parametrize("side", [7_100, 9_500, 14_000])  # silent, warned of, refused by Pillow
def test_a_photo_that_is_too_large_is_refused_before_it_is_decoded(tmp_path, side):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        Image.new("1", (side, side)).save(tmp_path / "a.png")

    problem = refusal(tmp_path, "a.png", width=side, height=side).problem

    assert "50,000,000" in problem


def test_tiny_photos_are_photos(tmp_path):
    for name, size in (("a.png", (1, 1)), ("b.png", (1, 500))):
        Image.new("RGB", size).save(tmp_path / name)

        assert open_photo(ImageFolder(tmp_path), photo_of(name, *size)).size == size


def test_no_problem_tells_where_this_machine_keeps_its_files(tmp_path):
    (tmp_path / "page.jpg").write_text("<html>")
    (tmp_path / "folder.jpg").mkdir()

    for name in ("page.jpg", "folder.jpg", "missing.jpg"):
        assert str(tmp_path) not in refusal(tmp_path, name).problem


@pytest.mark.parametrize("name", ["../outside.jpg", "inner/../../outside.jpg", "/etc/hostname"])
def test_a_name_cannot_lead_out_of_the_folder(tmp_path, name):
    folder = tmp_path / "images"
    (folder / "inner").mkdir(parents=True)
    gradient().save(tmp_path / "outside.jpg")

    problem = refusal(folder, name).problem
    assert "inside the image folder" in problem
    assert "link" not in problem


def test_a_link_cannot_lead_out_of_the_folder_but_within_it(tmp_path):
    folder = tmp_path / "images"
    folder.mkdir()
    gradient().save(tmp_path / "outside.png")
    gradient().save(folder / "inside.png")
    (folder / "bad.png").symlink_to(tmp_path / "outside.png")
    (folder / "good.png").symlink_to("inside.png")

    problem = refusal(folder, "bad.png").problem
    assert "found a link" in problem
    assert open_photo(ImageFolder(folder), photo_of("good.png")).size == (64, 48)


def test_the_folder_itself_may_be_a_link(tmp_path):
    (tmp_path / "disk").mkdir()
    gradient().save(tmp_path / "disk" / "a.png")
    (tmp_path / "images").symlink_to("disk")

    assert open_photo(ImageFolder(tmp_path / "images"), photo_of("a.png")).size == (64, 48)


@pytest.mark.parametrize("name", ["a\0.jpg", "circle.jpg"])
def test_names_that_lead_nowhere_are_refused(tmp_path, name):
    (tmp_path / "circle.jpg").symlink_to("circle.jpg")

    with pytest.raises(BadInputError):
        open_photo(ImageFolder(tmp_path), photo_of(name))


def test_all_missing_photos_are_named_at_once(tmp_path, monkeypatch):
    monkeypatch.setattr(photos, "MISSING_SHOWN", 3)
    gradient().save(tmp_path / "there.png")
    names = ["there.png", *(f"missing{number}.jpg" for number in range(5))]

    with pytest.raises(BadInputError) as raised:
        require_photos(ImageFolder(tmp_path), map(photo_of, names))

    problem = "5 images are missing: missing0.jpg, missing1.jpg, missing2.jpg, ..."
    assert raised.value.problem == problem
    assert raised.value.file == str(tmp_path)


@pytest.mark.parametrize("place", ["..", "below"])
def test_photos_one_folder_up_or_down_are_pointed_at(tmp_path, place):
    folder = tmp_path / "images"
    (folder / "below").mkdir(parents=True)
    gradient().save(folder / place / "1.png")

    with pytest.raises(BadInputError) as raised:
        require_photos(ImageFolder(folder), [photo_of("1.png"), photo_of("2.png")])

    where = (folder / place).resolve()
    assert "2 images are missing: 1.png, 2.png" in raised.value.problem
    assert f"is in {where}, " in raised.value.problem


def test_coco_s_photos_of_2017_are_told_from_those_of_2014(tmp_path):
    gradient().save(tmp_path / "000000000009.jpg")

    with refused("9.jpg", "000000000009.jpg"):
        require_photos(ImageFolder(tmp_path), [photo_of("COCO_train2014_000000000009.jpg")])


def test_a_folder_that_is_not_there_has_no_list_of_missing_photos(tmp_path):
    with refused("--images"):
        require_photos(ImageFolder(tmp_path / "nowhere"), [photo_of("1.png")])


def test_nothing_is_said_where_no_photo_is_missing(tmp_path):
    gradient().save(tmp_path / "there.png")

    require_photos(ImageFolder(tmp_path), [photo_of("there.png")])


def test_a_photo_lies_in_its_folder(tmp_path):
    path = located(ImageFolder(tmp_path), photo_of(os.path.join("train2014", "a.jpg")))  # noqa: PTH118

    assert path == tmp_path.resolve() / "train2014" / "a.jpg"


@pytest.mark.parametrize(
    ("mode", "name", "peculiarity"),
    [
        ("RGB", "a.png", []),
        ("L", "a.png", []),
        ("RGBA", "a.png", ["transparent"]),
        ("LA", "a.png", ["transparent"]),
        ("CMYK", "a.jpg", ["CMYK"]),
        ("I;16", "a.png", ["16 bits"]),
    ],
)
def test_what_is_peculiar_about_a_photo_is_told_to_who_asks(tmp_path, mode, name, peculiarity):
    image = Image.new("I;16", (64, 48)) if mode == "I;16" else gradient(mode)
    image.save(tmp_path / name)

    open_photo(ImageFolder(tmp_path), photo_of(name), noticed := [])

    assert noticed == peculiarity


def test_exif_rotation_is_noticed_and_an_upright_photo_is_not(tmp_path):
    noticed = {}
    for orientation in (1, 6):
        exif = Image.Exif()
        exif[0x0112] = orientation
        gradient().save(tmp_path / "a.jpg", exif=exif)
        open_photo(ImageFolder(tmp_path), photo_of("a.jpg"), noticed.setdefault(orientation, []))

    assert noticed == {1: [], 6: ["EXIF rotation"]}
