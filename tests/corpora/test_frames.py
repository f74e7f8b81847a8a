"""Boxes of photos that are stored turned are read in the frame that fits, and it is noted."""

import json

import pytest
from PIL import Image

from tests.refusals import refused
from vg_mc.boxes.judging import UNDECLARED, DeclaredBoxes
from vg_mc.corpora.readers import CorpusSource, read_corpus

SHOWN = {"red": (30, 20, 90, 100), "blue": (40, 150, 160, 250), "green": (170, 60, 230, 180)}
CLOSE = {name: SHOWN[name] for name in ("red", "green")}  # also inside the stored images
CORNERS = DeclaredBoxes("xyxy", "pixels")
ROTATED, UPSIDE_DOWN = 6, 3  # values of the EXIF tag


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "images").mkdir()
    return tmp_path


def save_images(folder, turned=ROTATED, size=(320, 240)):
    exif = Image.Exif()
    exif[0x0112] = turned
    for number in range(4):
        Image.new("RGB", size).save(folder / "images" / f"{number}.jpg", exif=exif)


def read(folder, declared=UNDECLARED, name="val.jsonl", **options):
    extracted = folder / "extracted"
    source = CorpusSource("table", folder / name, None, extracted, boxes=declared, **options)
    return read_corpus(source)[0]


def write_table(folder, boxes=SHOWN):
    rows = [
        {"image": f"{number}.jpg", "expression": name, "box": list(box)}
        for number in range(4)
        for name, box in boxes.items()
    ]
    (folder / "val.jsonl").write_text("\n".join(map(json.dumps, rows)))


def write_list(folder, width, height):
    """Write the layout of InternVL and Qwen-VL, which states sizes."""
    rows = [
        {"image": f"{number}.jpg", "sent": name, "bbox": list(box), "width": width,
         "height": height}
        for number in range(4)
        for name, box in SHOWN.items()
    ]  # fmt: skip
    (folder / "val.jsonl").write_text("\n".join(map(json.dumps, rows)))


def write_coco(folder, width, height, boxes=SHOWN):
    images = [
        {"id": number, "file_name": f"{number}.jpg", "width": width, "height": height}
        for number in range(4)
    ]
    annotations = [
        {"id": 10 * number + place, "image_id": number, "category_id": 1, "expression": name,
         "bbox": [left, top, right - left, bottom - top]}
        for number in range(4)
        for place, (name, (left, top, right, bottom)) in enumerate(boxes.items())
    ]  # fmt: skip
    content = {"images": images, "annotations": annotations, "categories": [{"id": 1, "name": "x"}]}
    (folder / "val.json").write_text(json.dumps(content))


def targets(corpus):
    return {one.text: one.target for one in corpus.expressions}


def sizes(corpus):
    return {(photo.width, photo.height) for photo in corpus.photos.values()}


def test_a_table_is_read_as_its_images_are_shown(folder):
    save_images(folder)
    write_table(folder)

    corpus = read(folder)

    assert targets(corpus) == SHOWN
    assert sizes(corpus) == {(240, 320)}
    assert corpus.images_folder.orientation == "shown"
    assert any("4 images" in note and "shown" in note for note in corpus.notes)
    assert corpus.boxes == "xyxy in pixels (found)"


def test_boxes_that_fit_both_frames_are_as_shown_with_a_note(folder):
    save_images(folder)
    write_table(folder, CLOSE)

    corpus = read(folder, CORNERS)

    assert (targets(corpus), sizes(corpus)) == (CLOSE, {(240, 320)})
    assert any("--orientation stored" in note for note in corpus.notes)


def test_a_declared_frame_is_not_judged(folder):
    save_images(folder)
    write_table(folder, CLOSE)

    corpus = read(folder, CORNERS, orientation="stored")

    assert (targets(corpus), sizes(corpus), corpus.notes) == (CLOSE, {(320, 240)}, [])
    write_table(folder)
    for declared in (CORNERS, UNDECLARED):  # they would fit stored images with y first
        with refused("12 boxes", "shown frame xyxy in pixels", "--orientation", file="val.jsonl"):
            read(folder, declared, orientation="stored")


def test_boxes_of_stored_images_are_recognized(folder):
    save_images(folder)
    stored = {name: (y0, x0, y1, x1) for name, (x0, y0, x1, y1) in SHOWN.items()}
    write_table(folder, stored)

    corpus = read(folder, CORNERS)

    assert (targets(corpus), sizes(corpus)) == (stored, {(320, 240)})
    assert corpus.images_folder.orientation == "stored"


@pytest.mark.parametrize("size", [(240, 320), (320, 240)])
def test_sizes_in_a_table_may_be_those_of_either_frame(folder, size):
    save_images(folder)
    write_list(folder, *size)

    corpus = read(folder)

    assert (targets(corpus), sizes(corpus)) == (SHOWN, {(240, 320)})
    write_list(folder, 640, 480)
    with refused("640", "240 x 320", file="val.jsonl"):
        read(folder)


def test_images_without_orientation_need_no_note(folder):
    save_images(folder, turned=1)
    write_table(folder, CLOSE)

    assert read(folder, CORNERS).notes == []


def test_half_a_turn_changes_no_size_and_is_noted(folder):
    save_images(folder, UPSIDE_DOWN, size=(320, 320))
    write_table(folder)

    corpus = read(folder, CORNERS)

    assert corpus.images_folder.orientation == "shown"
    assert any("4 images" in note for note in corpus.notes)


@pytest.mark.parametrize("size", [(240, 320), (320, 240)])
def test_a_coco_file_is_read_in_the_frame_of_its_boxes(folder, size):
    """Label Studio states the size of the stored image, other tools that of the shown one."""
    save_images(folder)
    write_coco(folder, *size)

    corpus = read(folder, name="val.json")

    assert (targets(corpus), sizes(corpus)) == (SHOWN, {(240, 320)})
    assert {one.box for one in corpus.annotations[0]} == set(SHOWN.values())
    assert corpus.images_folder.orientation == "shown"


@pytest.mark.parametrize(("size", "frame"), [((240, 320), "shown"), ((320, 240), "stored")])
def test_sizes_in_a_coco_file_decide_where_boxes_do_not(folder, size, frame):
    save_images(folder)
    write_coco(folder, *size, boxes=CLOSE)

    corpus = read(folder, name="val.json")

    assert (sizes(corpus), corpus.images_folder.orientation) == ({size}, frame)


def test_another_size_of_a_turned_image_is_refused(folder):
    save_images(folder)
    write_coco(folder, 480, 640, boxes=CLOSE)

    with refused("480 x 640", file="val.json", record="image 0"):
        read(folder, name="val.json")


def test_turned_images_of_coco_s_own_corpora_stay_stored(folder):
    save_images(folder)
    write_table(folder, CLOSE)
    write_coco(folder, 320, 240, boxes=CLOSE)
    rows = [json.loads(line) for line in (folder / "val.jsonl").read_text().splitlines()]
    numbered = [row | {"image_id": int(row["image"][0])} for row in rows]
    (folder / "val.jsonl").write_text("\n".join(map(json.dumps, numbered)))

    corpus = read(folder, CORNERS, instances=folder / "val.json")

    assert (sizes(corpus), corpus.images_folder.orientation) == ({(320, 240)}, "stored")
