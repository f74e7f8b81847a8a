"""The command draws answers and tells them, for one photo, a folder or a table."""

import json

import pytest
from PIL import Image

from vg_mc.commands.predict import main

BOXES = [[1, 2, 21, 22], [30, 5, 50, 35]]


@pytest.fixture
def folder(tmp_path):
    for name in ("a_1.png", "b_2.png"):
        Image.new("RGB", (64, 48), "navy").save(tmp_path / name)
    (tmp_path / "boxes.json").write_text(json.dumps(BOXES))
    stored = [
        {"image_id": 1, "bbox": [1, 2, 20, 20], "score": 0.9},
        {"image_id": 1, "bbox": [30, 5, 20, 30], "score": 0.5},
    ]
    (tmp_path / "stored.json").write_text(json.dumps(stored))
    return tmp_path


def flags(folder, *others: str) -> list[str]:
    return [*others, *("--model", "tiny-vit", "--output", str(folder / "out"))]


def stored(folder) -> list[str]:
    return ["--proposer", "stored", "--proposals", str(folder / "stored.json")]


def test_one_answer_is_one_picture(folder, capsys):
    picture = folder / "answer.jpg"
    flags = ["--model", "tiny-vit", "--boxes", str(folder / "boxes.json")]

    main([str(folder / "a_1.png"), "the man in red", *flags, "--output", str(picture)])

    with Image.open(picture) as drawn:
        assert (drawn.format, drawn.width) == ("JPEG", 64)
    told = capsys.readouterr()
    assert told.out.startswith("a_1.png: the man in red\n")
    assert told.out.count("%") == 2
    assert "unknown (no config.json" in told.err


def test_a_folder_gives_pictures_and_tables_and_says_where_nothing_was_proposed(folder, capsys):
    main([str(folder), "red", "blue", *flags(folder), *stored(folder)])

    assert {path.name for path in (folder / "out").iterdir()} == {
        *("00001-a_1.jpg", "00002-a_1.jpg", "00003-b_2.jpg", "00004-b_2.jpg"),
        *("answers.csv", "answers.jsonl"),
    }
    assert capsys.readouterr().out.count("no proposals and no answer") == 2


def test_the_whole_image_answers_where_asked(folder, capsys):
    whole = ["--when-empty", "whole-image", "--json"]
    main([str(folder / "b_2.png"), "red", *flags(folder), *stored(folder), *whole])

    record = json.loads(capsys.readouterr().out)
    assert (record["box"], record["score"]) == ([0, 0, 64, 48], 1)


def test_a_table_of_pairs_is_answered(folder, capsys):
    (folder / "pairs.csv").write_text("image,expression\nb_2.png,x\na_1.png,y\n")

    main([str(folder / "pairs.csv"), *flags(folder), *stored(folder), "--json"])

    records = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    asked = [(record["image"], record["expression"]) for record in records]
    assert asked == [("b_2.png", "x"), ("a_1.png", "y")]
    written = (folder / "out" / "answers.jsonl").read_text().splitlines()
    assert [json.loads(line) for line in written] == records


@pytest.mark.parametrize(("temperature", "told"), [([], 0), (["--temperature", "2"], 2)], ids=str)
def test_ranks_are_no_probabilities_unless_somebody_calibrates_them(
    folder, capsys, temperature, told
):
    rule = ["--grounder", "most-confident", "--output", str(folder / "out"), *temperature]

    main([str(folder / "a_1.png"), "red", *rule, *stored(folder)])

    assert capsys.readouterr().out.count("%") == told


@pytest.mark.parametrize(
    ("wrong", "problem"),
    [
        ("", "the proposer yolo requires --weights"),
        ("--weights absent.pt", "absent.pt, --weights: no such file"),
        ("--proposer transformers", "the proposer transformers requires --detector"),
        ("--proposer stored+transformers --proposals STORED", "transformers requires --detector"),
        ("--proposer annotations", "unknown proposer 'annotations'"),
        ("--proposer transformers --detector absent", "absent: expected a folder, or the id"),
        ("--boxes BOXES --weights BOXES", "--weights: has no effect together with --boxes"),
        ("--boxes STORED", "box 0: expected a list as box"),
        ("--boxes BOXES --views smiley", "--views: unknown view 'smiley'"),
        ("--boxes BOXES --temperature 0", "expected a temperature above 0"),
        ("--boxes BOXES --max-proposals 9", "--max-proposals: has no effect together with --boxes"),
        (
            "--proposer stored --proposals STORED --nms 2",
            "--nms: expected a number",
        ),
        ("--boxes BOXES --output two.png", "two.png, --output: expected a folder for 2 answers"),
    ],
)
def test_wrong_flags_get_one_clear_line(folder, capsys, wrong, problem):
    words = wrong.replace("BOXES", str(folder / "boxes.json"))
    words = words.replace("STORED", str(folder / "stored.json"))
    with pytest.raises(SystemExit) as ended:
        main([str(folder / "a_1.png"), "red", "blue", *flags(folder), *words.split()])

    assert ended.value.code == 3
    assert problem in capsys.readouterr().err
    assert not (folder / "out").exists()


def test_a_photo_that_lies_on_its_side_is_told(folder, capsys):
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (64, 48)).save(folder / "phone.jpg", exif=exif)
    boxes = ["--boxes", str(folder / "boxes.json")]

    main([str(folder / "phone.jpg"), "red", *flags(folder), *boxes])
    assert "phone.jpg has an EXIF orientation" in capsys.readouterr().err
    main([str(folder / "a_1.png"), "red", *flags(folder), *boxes])
    assert "EXIF" not in capsys.readouterr().err
