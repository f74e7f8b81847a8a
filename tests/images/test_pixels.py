"""The same image has the same RGB pixels as a file, as bytes, as an image and as an array."""

import io

import numpy as np
import pytest
from PIL import Image

from tests.refusals import refused
from vg_mc.images.files import open_photo
from vg_mc.images.headers import header_of_file
from vg_mc.inference.opening import opened
from vg_mc.records import ImageFolder, Photo

RAMP = np.random.default_rng(1).integers(0, 256, (20, 30, 3), np.uint8)
GRAY_16 = np.random.default_rng(2).integers(0, 65536, (20, 30), np.uint16)
ALPHA = np.random.default_rng(3).integers(0, 256, (20, 30), np.uint8)
WHITE = 255


def rgb(source) -> np.ndarray:
    return np.asarray(opened(source, "shown").image)


def on_white(color: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    share = alpha[..., None] / 255
    return color * share + WHITE * (1 - share)


def with_alpha(mode: str) -> Image.Image:
    image = Image.fromarray(RAMP).convert("RGBA")
    image.putalpha(Image.fromarray(ALPHA))
    return image.convert(mode)


def palette(transparency: int | None) -> Image.Image:
    image = Image.fromarray(RAMP).quantize(16)
    if transparency is not None:
        image.info["transparency"] = transparency
    return image


def gray_16(mode: str) -> Image.Image:
    order = {"I;16": "<u2", "I;16B": ">u2", "I": "<i4"}[mode]
    return Image.frombytes(mode, (30, 20), GRAY_16.astype(order).tobytes())


IMAGES = {
    "RGB": (Image.fromarray(RAMP), "PNG"),
    "L": (Image.fromarray(RAMP[..., 0]), "PNG"),
    "1": (Image.fromarray(RAMP[..., 0]).convert("1"), "PNG"),
    "P": (palette(None), "PNG"),
    "P, transparent": (palette(3), "PNG"),
    "LA": (with_alpha("LA"), "PNG"),
    "RGBA": (with_alpha("RGBA"), "PNG"),
    "I;16": (gray_16("I;16"), "PNG"),
    "I;16B": (gray_16("I;16B"), "TIFF"),
    "CMYK": (Image.fromarray(RAMP).convert("CMYK"), "TIFF"),
    "YCbCr": (Image.fromarray(RAMP).convert("YCbCr"), "TIFF"),
    "LAB": (Image.merge("LAB", Image.fromarray(RAMP).split()), "TIFF"),
}


@pytest.mark.parametrize("mode", IMAGES)
def test_an_image_in_memory_is_read_like_its_file(tmp_path, mode):
    image, kind = IMAGES[mode]
    options = {"transparency": 3} if mode == "P, transparent" else {}
    image.save(tmp_path / "a.any", kind, **options)

    of_file = rgb(tmp_path / "a.any")

    assert of_file.shape == (20, 30, 3)
    assert (rgb(str(tmp_path / "a.any")) == of_file).all()
    assert (rgb((tmp_path / "a.any").read_bytes()) == of_file).all()
    with Image.open(tmp_path / "a.any") as lazy:
        assert (rgb(lazy) == of_file).all()
    assert (rgb(image) == of_file).all()


@pytest.mark.parametrize("mode", ["I;16", "I;16B", "I"])
def test_16_bits_are_scaled_and_not_clipped(mode):
    expected = (GRAY_16 / 257).round()

    assert (rgb(gray_16(mode)) == expected[..., None]).all()


@pytest.mark.parametrize("mode", ["RGBA", "RGBa", "LA", "La", "PA"])
def test_transparency_is_laid_on_white_in_every_mode(mode):
    image = with_alpha("LA") if mode in ("LA", "La") else with_alpha("RGBA")
    if mode == "La":
        data = np.asarray(image).astype(float)
        data[..., 0] *= data[..., 1] / 255
        image = Image.frombytes("La", image.size, data.round().astype(np.uint8).tobytes())
    elif mode == "PA":
        gray = np.stack([RAMP[..., 0], ALPHA], axis=2)
        image = Image.frombytes("PA", image.size, gray.tobytes())
        image.putpalette([value for value in range(256) for _ in range(3)])
    else:
        image = image.convert(mode)
    color = {"LA": np.asarray(with_alpha("LA"))[..., :1], "PA": RAMP[..., :1]}
    color["La"] = color["LA"]

    found = rgb(image)

    tolerance = 2 if mode in ("RGBa", "La") else 1  # premultiplied values are rounded
    assert np.abs(found - on_white(color.get(mode, RAMP), ALPHA)).max() <= tolerance


def test_a_transparent_color_is_white_in_gray_and_in_rgb(tmp_path):
    pixels = np.zeros((20, 30, 3), np.uint8)
    pixels[:10] = (9, 8, 7)
    Image.fromarray(pixels).save(tmp_path / "rgb.png", transparency=(9, 8, 7))
    gray = np.full((20, 30), 500, np.uint16)
    gray[10:] = 65535 // 5
    Image.fromarray(gray).save(tmp_path / "gray.png", transparency=500)

    for name, rest in (("rgb.png", 0), ("gray.png", 51)):
        found = rgb(tmp_path / name)

        assert (found[:10] == WHITE).all()
        assert (found[10:] == rest).all()


def test_other_color_spaces_are_converted():
    for mode in ("HSV", "YCbCr", "CMYK", "RGBX"):
        found = rgb(Image.fromarray(RAMP).convert(mode))

        assert np.abs(found.astype(float) - RAMP).mean() < 3
    gray = Image.merge("LAB", [Image.new("L", (4, 4), value) for value in (255, 128, 128)])
    assert (rgb(gray) >= 250).all()


@pytest.mark.parametrize(
    ("array", "pixels"),
    [
        (RAMP, RAMP),
        (RAMP[..., 0], RAMP[..., :1]),
        (RAMP[..., :1], RAMP[..., :1]),
        (RAMP[:, ::-1], RAMP[:, ::-1]),
        (RAMP[..., 0] > 99, (RAMP[..., :1] > 99) * 255),
        (GRAY_16, (GRAY_16 / 257).round()[..., None]),
        (GRAY_16.astype(">u2"), (GRAY_16 / 257).round()[..., None]),
    ],
)
def test_an_array_is_an_image(array, pixels):
    found = rgb(array)

    assert found.shape[:2] == array.shape[:2]
    assert (found == pixels).all()


def test_an_array_with_alpha_is_laid_on_white():
    array = np.dstack([RAMP, ALPHA])

    assert (rgb(array) == rgb(with_alpha("RGBA"))).all()
    assert (rgb(array.astype(np.uint16) << 8) == rgb(array)).all()


def test_an_array_of_16_bits_is_read_like_its_file(tmp_path):
    Image.fromarray(GRAY_16).save(tmp_path / "a.png")

    assert (rgb(GRAY_16) == rgb(tmp_path / "a.png")).all()


@pytest.mark.parametrize(
    ("array", "fact"),
    [
        (RAMP / 255, "float64"),
        (RAMP.astype(np.int64), "int64"),
        (RAMP.transpose(2, 0, 1), "(3, 20, 30)"),
        (RAMP[..., :2], "(20, 30, 2)"),
        (RAMP[:0], "(0, 30, 3)"),
        (RAMP[0, 0], "(3,)"),
    ],
)
def test_an_array_that_is_no_image_is_refused(array, fact):
    with refused(fact):
        opened(array, "shown")


def test_values_without_a_range_are_refused(tmp_path):
    Image.new("F", (4, 4), 0.5).save(tmp_path / "a.tif")
    with refused("float", file="a.tif"):
        opened(tmp_path / "a.tif", "shown")
    with refused("float"):
        opened(Image.new("F", (4, 4)), "shown")
    with refused("-1", "65,535"):
        opened(Image.new("I", (4, 4), -1), "shown")


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF", "MPO"])
def test_a_turned_image_in_memory_is_read_like_its_file(tmp_path, kind, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    frames = {"save_all": True, "append_images": [Image.new("RGB", (8, 8))]}
    Image.fromarray(RAMP).save(
        tmp_path / "a.any", kind, exif=exif, **(frames if kind == "MPO" else {})
    )

    shown = opened(tmp_path / "a.any", "shown")
    stored = opened(tmp_path / "a.any", "stored")

    swapped = orientation >= 5
    assert shown.image.size == ((20, 30) if swapped else (30, 20))
    assert stored.image.size == (30, 20)
    assert np.abs(np.asarray(stored.image).mean() - RAMP.mean()) < 3
    with Image.open(tmp_path / "a.any") as lazy:
        assert (rgb(lazy) == np.asarray(shown.image)).all()
    if kind != "TIFF":
        with Image.open(tmp_path / "a.any") as image:
            assert (rgb(image.copy()) == np.asarray(shown.image)).all()


def test_the_stored_pixels_of_a_tiff_are_those_of_the_file(tmp_path):
    for orientation in range(1, 9):
        exif = Image.Exif()
        exif[0x0112] = orientation
        Image.fromarray(RAMP).save(tmp_path / "a.tif", exif=exif)

        assert (np.asarray(opened(tmp_path / "a.tif", "stored").image) == RAMP).all()


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG", "TIFF"])
def test_the_first_frame_is_used_and_reported(kind):
    frames = [Image.new("RGB", (8, 8), color) for color in ("red", "blue")]
    file = io.BytesIO()
    options = {"lossless": True} if kind == "WEBP" else {}
    frames[0].save(file, kind, save_all=True, append_images=frames[1:], **options)

    found = opened(file.getvalue(), "shown")

    assert found.image.getpixel((4, 4)) == (255, 0, 0)
    assert found.peculiarities == ["several frames"]


def test_the_second_picture_of_a_phone_is_no_frame():
    file = io.BytesIO()
    Image.fromarray(RAMP).save(file, "MPO", save_all=True, append_images=[Image.new("RGB", (8, 8))])

    found = opened(file.getvalue(), "shown")

    assert found.image.size == (30, 20)
    assert found.peculiarities == []


@pytest.mark.parametrize(
    ("content", "fact"),
    [
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "HEIC"),
        (b"\0\5\x16\7\0\2\0\0Mac OS X", "AppleDouble"),
        (b"version https://git-lfs.github.com/spec/v1\n", "LFS"),
        (b"\xff\xd8\xff", "JPEG, but"),
        (b"<html>", "error page"),
        (b"", "empty"),
    ],
)
def test_what_is_no_image_is_named(tmp_path, content, fact):
    (tmp_path / "a.jpg").write_bytes(content)

    with refused(fact, file="a.jpg"):
        opened(tmp_path / "a.jpg", "shown")
    with refused(fact):
        opened(content, "shown")


def test_the_cases_of_users_are_read_alike_in_all_ways(shared):
    folder = shared / "cases" / "sixteen-bit-in-memory" / "images"
    for file in sorted(folder.iterdir()):
        of_file = rgb(file)

        with Image.open(file) as image:
            assert (rgb(image) == of_file).all()
        assert len(np.unique(of_file)) > 1


def test_photos_with_a_second_picture_are_opened_in_all_ways(shared):
    folder = shared / "cases" / "mpo-photo" / "images"
    for file in sorted(folder.iterdir()):
        of_file = rgb(file)

        assert header_of_file(ImageFolder(folder), file.name) == (320, 240, ".jpg")
        photo = open_photo(ImageFolder(folder), Photo(1, file.name, 320, 240))
        assert (np.asarray(photo) == of_file).all()
        assert (rgb(file.read_bytes()) == of_file).all()
        assert np.abs(of_file[60, 65] - np.array([255.0, 0, 0])).max() < 60  # the red box
