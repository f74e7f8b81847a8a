import pytest
from PIL import Image

from tests.refusals import refused
from vg_mc.images.formats import ENDINGS
from vg_mc.images.headers import header_of_bytes, header_of_file
from vg_mc.records import ImageFolder


@pytest.mark.parametrize(("kind", "endings"), ENDINGS.items())
def test_size_and_ending_are_read_whatever_the_name(kind, endings, tmp_path):
    file = tmp_path / "photo.bin"
    Image.new("RGB", (30, 20)).save(file, kind)

    assert header_of_file(ImageFolder(tmp_path), "photo.bin") == (30, 20, endings[0])
    assert header_of_bytes(file.read_bytes(), "stored") == (30, 20, endings[0])


def test_rotation_notes_are_ignored_as_everywhere(tmp_path):
    exif = Image.Exif()
    exif[274] = 6
    Image.new("RGB", (30, 20)).save(tmp_path / "a.jpg", exif=exif)

    assert header_of_file(ImageFolder(tmp_path), "a.jpg")[:2] == (30, 20)


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("missing.jpg", "missing.jpg"),
        ("empty.jpg", "image"),
        ("page.jpg", "image"),
        ("folder", "readable"),
        ("../outside.jpg", "folder"),
        ("a\0b.jpg", "folder"),
    ],
)
def test_what_is_no_photo_is_refused(name, problem, tmp_path):
    folder = tmp_path / "images"
    (folder / "folder").mkdir(parents=True)
    (folder / "empty.jpg").touch()
    (folder / "page.jpg").write_text("<html>404</html>")

    with refused(*problem.split()):
        header_of_file(ImageFolder(folder), name)
