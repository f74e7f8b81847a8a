"""Every layout of stored detections by value: the same boxes, scores and categories."""

import csv
import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.refusals import refused
from vg_mc.boxes.judging import DeclaredBoxes
from vg_mc.proposers.placing import cut_to_photos
from vg_mc.proposers.stored import read_detections
from vg_mc.records import Photo

PHOTOS = [Photo(1, "p0.jpg", 320, 240), Photo(2, "p1.jpg", 200, 260)]
BOXES = {1: [(20, 30, 100, 90), (150, 40, 250, 160)], 2: [(60, 170, 180, 230)]}
SCORES = {1: [0.9, 0.5], 2: [0.75]}
NAMES = {1: "bowl", 2: "dog", 7: "car"}
IDS = {1: [1, 7], 2: [2]}

NAMED = {1: ["bowl", "car"], 2: ["dog"]}
UNNAMED = {1: [None, None], 2: [None]}


def found(file, *, categories=NAMES, photos=PHOTOS, skip_bad=False, **declared):
    stored = read_detections(file, skip_bad=skip_bad, declared=DeclaredBoxes(**declared))
    return cut_to_photos(stored, photos, photos, categories)


def values(cut):
    """Return boxes to a thousandth of a pixel, scores, and categories by image id."""
    each = cut.by_image.items()
    return (
        {key: [tuple(round(edge, 3) for edge in one.box) for one in many] for key, many in each},
        {key: [one.score for one in many] for key, many in each},
        {key: [one.category for one in many] for key, many in each},
    )


def records(spell, **fields):
    """Return one record per box; `fields` are functions of the image id and the position."""
    return [
        {
            **{name: value(image_id, place) for name, value in fields.items()},
            **spell(*BOXES[image_id][place]),
        }
        for image_id in BOXES
        for place in range(len(BOXES[image_id]))
    ]


def sides(surplus=0, field="bbox"):
    return lambda left, top, right, bottom: {
        field: [left, top, right - left + surplus, bottom - top + surplus]
    }


def named(field, *edges):
    return lambda *box: {field: dict(zip(edges, box, strict=True))}


def flat(*edges):
    return lambda *box: dict(zip(edges, box, strict=True))


by_id = {"image_id": lambda image_id, _: image_id}
by_name = {"file_name": lambda image_id, _: PHOTOS[image_id - 1].file_name}
score = {"score": lambda image_id, place: SCORES[image_id][place]}
confidence = {"confidence": score["score"]}
name = {"category_name": lambda image_id, place: NAMED[image_id][place]}
number = {"category_id": lambda image_id, place: IDS[image_id][place]}
label = {"label": name["category_name"]}


def per_image(**columns):
    return {
        photo.file_name: {field: of(photo.image_id) for field, of in columns.items()}
        for photo in PHOTOS
    }


def as_fractions(image_id):
    photo = PHOTOS[image_id - 1]
    return [
        [(left + right) / 2 / photo.width, (top + bottom) / 2 / photo.height,
         (right - left) / photo.width, (bottom - top) / photo.height]
        for left, top, right, bottom in BOXES[image_id]
    ]  # fmt: skip


JSON = {
    "MAttNet": (records(sides(1, "box"), **by_id, **score, **name, **number), NAMED),
    "COCO results, SAHI": (
        records(sides(), **by_id, **score, **name, **number, area=lambda *_: 5), NAMED
    ),
    "detectron2, mmdetection": (records(sides(), **by_id, **score, **number), NAMED),
    "COCO results by file name": (records(sides(), **by_name, **score, **number), NAMED),
    "named sides": (
        records(
            lambda left, top, right, bottom: {
                "bbox": {"x": left, "y": top, "width": right - left, "height": bottom - top}
            }, **by_id, **score, **number,
        ), NAMED,
    ),
    "predictions.json of ultralytics": (
        records(sides(), image_id=lambda image_id, _: f"p{image_id - 1}",
                **by_name, **score, **number), NAMED,
    ),
    "predictions.json of ultralytics, numbers": (
        records(sides(), **by_id, **by_name, **score, **number), NAMED,
    ),
    "predictions.json before 8.3.190": (
        records(sides(), image_id=lambda image_id, _: f"p{image_id - 1}", **score, **number), NAMED,
    ),
    "ids as text": (
        records(sides(), image_id=lambda image_id, _: str(image_id), **score, **number), NAMED,
    ),
    "Results.to_json of ultralytics": (
        records(named("box", "x1", "y1", "x2", "y2"), **by_name, **confidence,
                name=name["category_name"], **{"class": lambda *_: 0}), NAMED,
    ),
    "transformers' pipeline": (
        records(named("box", "xmin", "ymin", "xmax", "ymax"), **by_name, **score, **label), NAMED,
    ),
    "supervision's JSONSink": (
        records(flat("x_min", "y_min", "x_max", "y_max"), **by_name, **confidence,
                class_name=name["category_name"], class_id=lambda *_: 0), NAMED,
    ),
    "results.pandas() of YOLOv5": (
        records(flat("xmin", "ymin", "xmax", "ymax"), **by_name, **confidence,
                name=name["category_name"], **{"class": lambda *_: 0}), NAMED,
    ),
    "torchvision": (
        per_image(boxes=BOXES.get, scores=SCORES.get, labels=IDS.get), NAMED,
    ),
    "post_process_grounded_object_detection": (
        per_image(boxes=BOXES.get, scores=SCORES.get, text_labels=NAMED.get, labels=NAMED.get),
        NAMED,
    ),
    "a list of post_process_object_detection": (
        [{"image_id": image_id, "boxes": BOXES[image_id], "scores": SCORES[image_id],
          "labels": IDS[image_id]} for image_id in BOXES], NAMED,
    ),
    "Grounding DINO": (
        per_image(boxes=as_fractions, logits=SCORES.get, phrases=NAMED.get), NAMED,
    ),
    "refer": ({"dets": records(sides(0, "box"), **by_id, **score)}, UNNAMED),
    "CPT": (
        {str(image_id): [sides(0, "box")(*box) | {"score": SCORES[image_id][place]}
                         for place, box in enumerate(boxes)]
         for image_id, boxes in BOXES.items()}, UNNAMED,
    ),
}  # fmt: skip


LISTED = [layout for layout, (content, _) in JSON.items() if isinstance(content, list)]


@pytest.mark.parametrize("layout", JSON)
def test_every_layout_gives_the_same_detections(layout, tmp_path):
    content, categories = JSON[layout]
    file = tmp_path / "detections.json"
    file.write_text(json.dumps(content))

    assert values(found(file)) == (BOXES, SCORES, categories)


@pytest.mark.parametrize("layout", LISTED)
def test_a_list_may_be_written_as_lines(layout, tmp_path):
    content, categories = JSON[layout]
    file = tmp_path / "detections.jsonl"
    file.write_text("\n".join(map(json.dumps, content)))

    assert values(found(file)) == (BOXES, SCORES, categories)


@pytest.mark.parametrize(
    "layout",
    ["supervision's JSONSink", "results.pandas() of YOLOv5", "detectron2, mmdetection",
     "predictions.json of ultralytics"],
)  # fmt: skip
@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_a_table_has_the_same_columns(layout, ending, tmp_path):
    content, categories = JSON[layout]
    file = tmp_path / f"detections.{ending}"
    if ending == "parquet":
        pq.write_table(pa.Table.from_pylist(content), file)
    else:
        with file.open("w", newline="") as opened:
            writer = csv.DictWriter(opened, content[0])
            writer.writeheader()
            writer.writerows(content)

    assert values(found(file)) == (BOXES, SCORES, categories)


@pytest.mark.parametrize("identified", [by_id, by_name], ids=["id", "name"])
def test_a_parquet_file_may_have_category_ids(identified, tmp_path):
    rows = records(
        lambda *box: {"box": [float(edge) for edge in box]}, **identified, **score, **number
    )
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "detections.parquet")

    assert values(found(tmp_path / "detections.parquet")) == (BOXES, SCORES, NAMED)


def test_one_file_of_grounded_sam_has_the_detections_of_one_image(tmp_path):
    annotations = [
        {"class_name": text, "bbox": box, "score": value, "segmentation": {"counts": "x"}}
        for text, box, value in zip(NAMED[1], BOXES[1], SCORES[1], strict=True)
    ]
    file = tmp_path / "grounded_sam2.json"
    content = {"image_path": "notebooks/p0.jpg", "annotations": annotations, "box_format": "xyxy"}
    file.write_text(json.dumps(content))

    cut = found(file)

    assert values(cut) == ({1: BOXES[1]}, {1: SCORES[1]}, {1: NAMED[1]})
    assert "p0.jpg" in cut.notes[0]


@pytest.mark.parametrize("scored", [True, False])
def test_a_folder_of_label_files_of_yolo_is_read_in_fractions(scored, tmp_path):
    classes = {1: [0, 2], 2: [1]}  # positions from 0 among the categories 1, 2 and 7
    for photo in PHOTOS:
        rows = zip(classes[photo.image_id], as_fractions(photo.image_id), SCORES[photo.image_id],
                   strict=True)  # fmt: skip
        lines = [" ".join(map(str, [kind, *box, *([value] if scored else [])]))
                 for kind, box, value in rows]  # fmt: skip
        (tmp_path / f"{photo.file_name[:-4]}.txt").write_text("\n".join(lines) + "\n")

    boxes, scores, categories = values(found(tmp_path))

    assert (boxes, categories) == (BOXES, NAMED)
    assert scores == (SCORES if scored else {1: [1, 1], 2: [1]})


BAD = {
    "record": lambda one: one.pop(next(k for k in one if k in ("bbox", "box", "x_min", "xmin"))),
    "score": lambda one: one.update({key: 1.5 for key in ("score", "confidence") if key in one}),
}


@pytest.mark.parametrize("layout", [one for one in LISTED if not one.startswith("a list")])
@pytest.mark.parametrize("fault", BAD)
def test_one_bad_record_of_any_layout_is_left_out_and_named(layout, fault, tmp_path):
    content = json.loads(json.dumps(JSON[layout][0]))
    BAD[fault](content[1])
    file = tmp_path / "detections.json"
    file.write_text(json.dumps(content))

    stored = read_detections(file, skip_bad=True)

    assert [one.record for one in stored.rejected] == ["detection 1"]
    assert (stored.records, len(stored.numbers)) == (3, 2)
    with refused(record="detection 1", file="detections.json"):
        read_detections(file, skip_bad=False)


@pytest.mark.parametrize("layout", ["torchvision", "Grounding DINO"])
def test_lists_of_different_lengths_are_one_bad_record(layout, tmp_path):
    content = json.loads(json.dumps(JSON[layout][0]))
    content["p0.jpg"]["boxes"].pop()
    file = tmp_path / "detections.json"
    file.write_text(json.dumps(content))

    stored = read_detections(file, skip_bad=True)

    assert [one.record for one in stored.rejected] == ["image 'p0.jpg', box 0"]
    assert len(stored.numbers) == 1


def test_hidden_files_and_class_names_are_no_label_files(tmp_path):
    (tmp_path / "p0.txt").write_text("0 0.5 0.5 0.2 0.2\n")
    (tmp_path / "._p0.txt").write_bytes(b"\0\5\x16\7")
    (tmp_path / "classes.txt").write_text("dog\ncat\n")

    assert read_detections(tmp_path, skip_bad=False).records == 1


def test_a_folder_without_label_files_is_refused(tmp_path):
    with refused("*.txt"):
        read_detections(tmp_path, skip_bad=False)


def test_a_field_image_with_another_content_is_no_name(tmp_path):
    content = [one | {"image": {"width": 320}} for one in JSON["detectron2, mmdetection"][0]]
    (tmp_path / "detections.json").write_text(json.dumps(content))

    assert values(found(tmp_path / "detections.json")) == (BOXES, SCORES, NAMED)


def test_a_bad_line_of_a_label_file_is_named(tmp_path):
    (tmp_path / "p0.txt").write_text("0 0.5 0.5 0.2 0.2\n0 0.1 0.1 0.2 0.2 0.3 0.1\n")

    stored = read_detections(tmp_path, skip_bad=True)

    assert [one.record for one in stored.rejected] == ["p0.txt, line 2"]
    assert len(stored.numbers) == 1


@pytest.mark.parametrize(
    ("content", "facts"),
    [
        ([{"image_id": 1, "score": 0.5, "category_id": 3}], ("COCO results", "bbox")),
        ([{"file_name": "a.jpg", "x_min": 1, "y_min": 2, "x_max": 4}], ("supervision", "y_max")),
        ({"a.jpg": {"boxes": [[1, 2, 3, 4]], "labels": [1]}}, ("torchvision", "scores")),
        ({"predictions": [{"x": 1, "y": 2}], "image": {"width": 3}}, ("nearest",)),
        ([3], ("no record",)),
    ],
)
def test_an_unknown_layout_is_refused_with_the_nearest_one(content, facts, tmp_path):
    file = tmp_path / "detections.json"
    file.write_text(json.dumps(content))

    with refused(*facts, file="detections.json"):
        read_detections(file, skip_bad=False)
