"""The command draws answers and tells them, for one photo, a folder or a table."""

import json

import numpy as np
import pytest
from PIL import Image

from tests.turned import TURNS, save_turned
from vg_mc.commands.predict import main

BOXES = [[1, 2, 21, 22], [30, 5, 50, 35]]


@pytest.fixture
def folder(tmp_path):
    for name in ("a_1.png", "b_2.png"):
        Image.new("RGB", (64, 48), "navy").save(tmp_path / name)
    (tmp_path / "boxes.json").write_text(json.dumps(BOXES))
    stored = [
        {"file_name": "a_1.png", "bbox": [1, 2, 20, 20], "score": 0.9},
        {"file_name": "a_1.png", "bbox": [30, 5, 20, 30], "score": 0.5},
    ]
    (tmp_path / "stored.json").write_text(json.dumps(stored))
    return tmp_path


def flags(folder, *others: str) -> list[str]:
    return [*others, *("--model", "tiny-vit", "--output", str(folder / "out"))]


def given(folder) -> list[str]:
    boxes = str(folder / "boxes.json")
    return ["--boxes", boxes, "--box-format", "xyxy", "--box-unit", "pixels"]


def stored(folder) -> list[str]:
    return ["--proposer", "stored", "--proposals", str(folder / "stored.json")]


def test_one_answer_is_one_picture(folder, capsys):
    picture = folder / "answer.jpg"
    flags = ["--model", "tiny-vit", "--output", str(picture)]

    main([str(folder / "a_1.png"), "the man in red", *flags, *given(folder)])

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


@pytest.mark.filterwarnings("ignore:.*no detection belongs to")
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
        ("GIVEN --views smiley", "--views: unknown view 'smiley'"),
        (
            "GIVEN --temperature 0",
            "expected a temperature above 0",
        ),
        ("--boxes BOXES --max-proposals 9", "--max-proposals: has no effect together with --boxes"),
        (
            "--proposer stored --proposals STORED --nms 2",
            "--nms: expected a number",
        ),
        ("--boxes BOXES", "--box-format and --box-unit"),
        ("--boxes BOXES --box-format xyxy --box-unit unit", "box 0: expected"),
        ("--box-unit pixels --proposer grid", "--box-unit: has no effect without --boxes"),
        (
            "GIVEN --output two.png",
            "two.png, --output: expected a folder for 2 answers",
        ),
    ],
)
def test_wrong_flags_get_one_clear_line(folder, capsys, wrong, problem):
    words = wrong.replace("GIVEN", "--boxes BOXES --box-format xyxy --box-unit pixels")
    words = words.replace("BOXES", str(folder / "boxes.json"))
    words = words.replace("STORED", str(folder / "stored.json"))
    with pytest.raises(SystemExit) as ended:
        main([str(folder / "a_1.png"), "red", "blue", *flags(folder), *words.split()])

    assert ended.value.code == 3
    assert problem in capsys.readouterr().err
    assert not (folder / "out").exists()


BLUE, RED = (0, 0, 255), (255, 0, 0)
REGIONS = {BLUE: (30, 5, 50, 35), RED: (1, 2, 21, 22)}  # in the shown frame of 64 x 48 pixels


def turned(folder, orientation: int) -> str:
    image = Image.new("RGB", (64, 48), "white")
    for color, box in REGIONS.items():
        image.paste(color, box)
    save_turned(image, folder / "phone.png", orientation)
    return str(folder / "phone.png")


@pytest.mark.parametrize("orientation", TURNS)
def test_a_turned_photo_is_answered_and_drawn_as_it_is_shown(folder, orientation):
    out = folder / "answer.png"
    (folder / "boxes.json").write_text(json.dumps([list(REGIONS[BLUE])]))

    main([turned(folder, orientation), "blue", "--model", "tiny-vit", *given(folder),
          "--output", str(out)])  # fmt: skip

    with Image.open(out) as drawn:
        assert drawn.width == 64
        for color, (left, top, right, bottom) in REGIONS.items():
            assert drawn.getpixel(((left + right) // 2, (top + bottom) // 2)) == color
        assert drawn.getpixel((30, 20)) not in (BLUE, RED, (255, 255, 255))  # the frame


def test_the_stored_frame_is_used_on_request(folder):
    out = folder / "answer.png"
    (folder / "boxes.json").write_text(json.dumps([[0, 0, 48, 64]]))

    main([turned(folder, 6), "blue", "--model", "tiny-vit", *given(folder),
          "--orientation", "stored", "--output", str(out)])  # fmt: skip

    with Image.open(out) as drawn:
        assert drawn.width == 48


def test_boxes_in_the_only_unit_that_fits_are_read_and_reported(folder, capsys):
    boxes = [(8 * x, 6 * y, 8 * x + 16, 6 * y + 12) for x in range(7) for y in range(7)]
    per_mille = np.array(boxes) * 1000 / np.array([64, 48, 64, 48])
    (folder / "boxes.json").write_text(json.dumps(per_mille.tolist()))

    flags = ["--grounder", "most-confident", "--output", str(folder / "out"), "--json"]
    main([str(folder / "a_1.png"), "red", *flags, "--box-format", "xyxy",
          "--boxes", str(folder / "boxes.json")])  # fmt: skip

    printed = capsys.readouterr()
    found = [one["box"] for one in json.loads(printed.out)["candidates"]]
    assert np.allclose(found, boxes)
    assert "xyxy in per-mille" in printed.err


def test_one_unreadable_photo_stops_the_folder_or_is_skipped(folder, capsys):
    (folder / "c_3.jpg").write_text("<html>")
    (folder / "._a_1.png").write_bytes(b"\x00\x05\x16\x07")
    asked = [str(folder), "red", *flags(folder), *stored(folder)]

    with pytest.raises(SystemExit):
        main(asked)
    stopped = capsys.readouterr().err
    main([*asked, "--on-error", "skip"])

    assert "c_3.jpg" in stopped
    assert not stopped.count("a_1.png: ")
    skipped = capsys.readouterr()
    assert "c_3.jpg" in skipped.err
    assert "1 hidden files" in skipped.err
    assert skipped.out.count(": red") == 2


def test_stored_detections_of_a_folder_are_found_by_name_and_checked_together(folder, capsys):
    for number in range(30):
        Image.new("RGB", (64, 48)).save(folder / f"{number:02}x.png")
    boxes = [[4, 5, 20, 20], [30, 5, 20, 30], [8, 9, 10, 11]]
    few_outside = [[40, 5, 60, 20], [30, 5, 50, 30], [30, 9, 60, 11]]  # of one image only
    stored = [
        {"file_name": f"{number:02}x.png", "bbox": box, "score": 0.9 - 0.1 * place}
        for number in range(30)
        for place, box in enumerate(few_outside if number == 20 else boxes)
    ]
    (folder / "stored.json").write_text(json.dumps(stored))
    named = ["--grounder", "most-confident", "--output", str(folder / "out"), "--json"]
    flags = ["--proposer", "stored", "--proposals", str(folder / "stored.json")]

    main([str(folder), "red", *named, *flags])

    printed = capsys.readouterr()
    answers = {one["image"]: one["box"] for one in map(json.loads, printed.out.splitlines())}
    assert len(answers) == 32
    assert answers["07x.png"] == [4, 5, 24, 25]
    assert answers["20x.png"] == [40, 5, 64, 25]
    assert "Warning" not in printed.err
