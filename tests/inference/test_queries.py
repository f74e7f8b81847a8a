"""Questions come from a photo, a folder or a table."""

import pytest
from PIL import Image

from tests.refusals import refused
from vg_mc.inference.checking import checked
from vg_mc.inference.opening import opened
from vg_mc.inference.queries import Question, read_questions


@pytest.fixture
def folder(tmp_path):
    for name in ("b_12.png", "a.JPG", "COCO_000000000009.jpg"):
        Image.new("RGB", (12, 9), "red").save(tmp_path / name)
    (tmp_path / "notes.txt").write_text("no photo")
    return tmp_path


def table(folder, text: str):
    file = folder / "pairs.csv"
    file.write_text(text, encoding="utf-8")
    return file


def test_a_photo_is_asked_about_every_text(folder):
    asked, notes = read_questions(folder / "a.JPG", ("red", "blue"))

    assert asked == [Question(folder / "a.JPG", ("red", "blue"))]
    assert notes == []


def test_every_photo_of_a_folder_is_asked_about_in_order(folder):
    asked, notes = read_questions(folder, ("red",))

    assert [question.image.name for question in asked] == [
        "COCO_000000000009.jpg",
        "a.JPG",
        "b_12.png",
    ]
    assert len(notes) == 1
    assert "notes.txt" in notes[0]


def test_hidden_files_are_left_out_and_counted(folder):
    for name in ("._a.JPG", ".DS_Store", "Thumbs.db"):
        (folder / name).write_bytes(b"\x00\x05\x16\x07")
    (folder / "more.png").mkdir()

    asked, (hidden, others) = read_questions(folder, ("red",))

    assert len(asked) == 3
    assert "3 hidden files" in hidden
    assert all(name in hidden for name in ("._a.JPG", ".DS_Store", "Thumbs.db"))
    assert "2 files or folders" in others
    assert all(name in others for name in ("more.png", "notes.txt"))


def test_rows_of_a_table_are_sorted_by_photo(folder):
    file = table(folder, 'image,expression,note\nb_12.png,red,x\na.JPG,"a, b",\nb_12.png,blue,\n')

    assert read_questions(file, ()).questions == [
        Question(folder / "b_12.png", ("red", "blue")),
        Question(folder / "a.JPG", ("a, b",)),
    ]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("image,text\na.JPG,red\n", "expression"),
        ("", "columns"),
        ("image,expression\n", "rows"),
        ("image,expression\na.JPG,\n", "2"),
        ("image,expression\na.JPG\n", "2"),
    ],
)
def test_a_bad_table_is_refused(folder, text, problem):
    with refused(*problem.split()):
        read_questions(table(folder, text), ())


def test_what_is_missing_or_said_twice_is_refused(folder, tmp_path_factory):
    file = table(folder, "image,expression\na.JPG,red\n")
    with refused("CSV", file="pairs.csv"):
        read_questions(file, ("red",))
    with refused("expression"):
        read_questions(folder / "a.JPG", ())
    with refused("images"):
        read_questions(tmp_path_factory.mktemp("empty"), ("red",))
    with refused("UTF-8"):
        read_questions(folder / "absent.csv", ())


@pytest.mark.parametrize(
    ("name", "image_id"), [("COCO_000000000009.jpg", 9), ("b_12.png", 12), ("a.JPG", -1)]
)
def test_a_photo_has_the_number_in_its_name(folder, name, image_id):
    photo, image, _ = opened(folder / name, "shown")

    assert (photo.image_id, photo.file_name, photo.width, photo.height) == (image_id, name, 12, 9)
    assert image.mode == "RGB"


def test_no_photo_is_refused_by_name(folder):
    with refused("nowhere.jpg"):
        opened(folder / "nowhere.jpg", "shown")
    with refused("notes.txt"):
        opened(folder / "notes.txt", "shown")


def test_unreadable_images_stop_or_are_skipped_before_anything_is_answered(folder):
    (folder / "c.jpg").write_bytes((folder / "a.JPG").read_bytes()[:300])
    Image.new("RGBA", (4, 8)).save(folder / "d.png")
    questions, _ = read_questions(folder, ("red",))

    kept, seen, notes = checked(questions, "shown", skip_bad=True)

    assert [one.image.name for one in kept] == [
        "COCO_000000000009.jpg",
        "a.JPG",
        "b_12.png",
        "d.png",
    ]
    assert [(one.width, one.height) for one in seen] == [(12, 9)] * 3 + [(4, 8)]
    assert "c.jpg" in notes[0]
    assert "1 images: transparent" in notes[1]
    with refused("--on-error skip", file="c.jpg"):
        checked(questions, "shown", skip_bad=False)
    with refused("c.jpg", "2"):
        checked([questions[3]] * 2, "shown", skip_bad=True)
