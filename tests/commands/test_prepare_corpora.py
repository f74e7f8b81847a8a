"""Every kind of corpus through the command: two photos, three boxes, four sentences."""

import csv
import io
import json
import pickle
from pathlib import Path

import datasets
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from PIL import Image

from vg_mc.commands.prepare_data import main

SIZE = (96, 64)
NAMES = {9: "COCO_train2014_000000000009.jpg", 25: "COCO_train2014_000000000025.jpg"}
BOXES = {90: (9, (10, 10, 40, 50)), 91: (9, (50, 10, 90, 60)), 250: (25, (5, 5, 60, 40))}
SENTENCES = [(90, "left man"), (90, "man"), (91, "the dog’s bowl"), (250, "cat")]


def sides(box):
    left, top, right, bottom = box
    return [left, top, right - left, bottom - top]


def photo(image_id: int) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", SIZE, (image_id, 90, 90)).save(buffer, "JPEG")
    return buffer.getvalue()


@pytest.fixture
def images(tmp_path) -> Path:
    folder = tmp_path / "train2014"
    folder.mkdir()
    for image_id, name in NAMES.items():
        (folder / name).write_bytes(photo(image_id))
    return folder


@pytest.fixture
def instances(tmp_path) -> Path:
    """Write all boxes: those above and one that nobody speaks of."""
    boxes = BOXES | {92: (9, (0, 0, 20, 20))}
    content = {
        "images": [
            {"id": image_id, "file_name": name, "width": SIZE[0], "height": SIZE[1]}
            for image_id, name in NAMES.items()
        ],
        "annotations": [
            {"id": number, "image_id": image_id, "category_id": 1, "bbox": sides(box)}
            for number, (image_id, box) in boxes.items()
        ],
        "categories": [{"id": 1, "name": "thing"}],
    }
    file = tmp_path / "instances_train2014.json"
    file.write_text(json.dumps(content))
    return file


def write_refer(folder: Path) -> Path:
    folder.mkdir()
    references = [
        {"ref_id": number, "ann_id": number, "image_id": image_id, "split": "val",
         "sentences": [
             {"sent_id": place, "sent": text}
             for place, (meant, text) in enumerate(SENTENCES) if meant == number
         ]}
        for number, (image_id, _) in BOXES.items()
    ]  # fmt: skip
    (folder / "refs(unc).p").write_bytes(pickle.dumps(references, 2))
    return folder


def write_jxu(folder: Path) -> Path:
    folder.mkdir()
    rows = [
        {"ref_id": number, "ann_id": number, "image_id": image_id, "split": "val",
         "bbox": [float(value) for value in box], "raw_anns": json.dumps({"bbox": sides(box)}),
         "raw_image_info": json.dumps(
             {"file_name": NAMES[image_id], "width": SIZE[0], "height": SIZE[1]}),
         "sentences": [
             {"sent_id": place, "sent": text, "raw": text}
             for place, (meant, text) in enumerate(SENTENCES) if meant == number
         ]}
        for number, (image_id, box) in BOXES.items()
    ]  # fmt: skip
    pq.write_table(pa.Table.from_pylist(rows), folder / "validation-00000-of-00001.parquet")
    return folder


def write_lmms(folder: Path) -> Path:
    folder.mkdir()
    rows = [
        {"question": "Please describe the area.", "bbox": sides(box), "file_name": NAMES[image_id],
         "image": {"bytes": photo(image_id), "path": None},
         "answer": [text for meant, text in SENTENCES if meant == number]}
        for number, (image_id, box) in BOXES.items()
    ]  # fmt: skip
    pq.write_table(pa.Table.from_pylist(rows), folder / "testA-00000-of-00001.parquet")
    return folder


def write_kangheng(folder: Path) -> Path:
    folder.mkdir()
    rows = [
        {"question": text, "bbox": json.dumps(BOXES[number][1]),
         "image": {"bytes": photo(BOXES[number][0]), "path": None}}
        for number, text in SENTENCES
    ]  # fmt: skip
    pq.write_table(pa.Table.from_pylist(rows), folder / "val-00000-of-00001.parquet")
    return folder


def write_table(folder: Path) -> Path:
    file = folder.with_suffix(".csv")
    with file.open("w", newline="", encoding="utf-8") as opened:
        writer = csv.writer(opened)
        writer.writerow(["image", "expression", "box", "split"])
        for number, text in SENTENCES:
            image_id, box = BOXES[number]
            writer.writerow([NAMES[image_id], text, " ".join(map(str, box)), "val"])
    return file


def write_coco(folder: Path) -> Path:
    file = folder.with_name("val.json")
    content = json.loads(folder.with_name("instances_train2014.json").read_text())
    for annotation in content["annotations"]:
        annotation["expressions"] = [
            text for number, text in SENTENCES if number == annotation["id"]
        ]
    file.write_text(json.dumps(content))
    return file


def write_pth(folder: Path) -> Path:
    file = folder.with_name("unc_val.pth")
    rows = [
        (NAMES[BOXES[number][0]], "mask.pth", sides(BOXES[number][1]), text, [])
        for number, text in SENTENCES
    ]
    torch.save(rows, file)
    return file


CORNERS = "--box-format xyxy --box-unit pixels"
KINDS = {  # what writes it, --corpus, further flags, candidates per image
    "refer": (write_refer, "refer", "--instances I --images P", [3, 1]),
    "jxu124": (write_jxu, "hub", "--images P", [2, 1]),
    "jxu124 with instances": (write_jxu, "hub", "--images P --instances I", [3, 1]),
    "lmms-lab": (write_lmms, "hub", "", [2, 1]),
    "lmms-lab with instances": (write_lmms, "hub", "--instances I", [3, 1]),
    "Kangheng": (write_kangheng, "hub", "--box-format xyxy", [2, 1]),
    "table": (write_table, "table", f"--images P {CORNERS}", [2, 1]),
    "table with instances": (write_table, "table", f"--images P --instances I {CORNERS}", [3, 1]),
    "COCO": (write_coco, "table", "--images P", [3, 1]),
    "pth": (write_pth, "pth", "--images P", [2, 1]),
    "pth with instances": (write_pth, "pth", "--images P --instances I", [3, 1]),
}


@pytest.mark.parametrize("name", KINDS)
def test_every_kind_of_corpus_is_prepared(name, tmp_path, images, instances):
    write, kind, others, candidates = KINDS[name]
    annotations, output = write(tmp_path / "mine"), tmp_path / "prepared"
    places = {"I": str(instances), "P": str(images)}
    flags = [places.get(flag, flag) for flag in others.split()]

    arguments = ["--corpus", kind, "--annotations", str(annotations), "--output", str(output)]
    main([*arguments, "--image-size", "32", "--num-workers", "1", *flags])

    manifest = json.loads((output / "manifest.json").read_text())
    split = "testA" if "lmms" in name else "val"
    counts = manifest["counts"][split]
    assert (counts["images"], counts["expressions"], counts["references"]) == (2, 4, 3)
    assert counts["proposal_recall"] == 1
    assert manifest["texts"] == {"cleaned": 1, "with NUL": 0, "over 75 words": 0}
    rows = datasets.load_from_disk(str(output / "expressions" / split))
    assert sorted(rows["text"]) == ["cat", "left man", "man", "the dog's bowl"]
    targets = {row["text"]: tuple(row["target"]) for row in rows}
    assert targets["man"] == BOXES[90][1]
    boxes_per_image = {row["image_id"]: len(row["candidate_ids"]) for row in rows}
    assert list(boxes_per_image.values()) == candidates
    drawn = datasets.load_from_disk(str(output / "candidates"))
    beside = [(0, 0, 20, 20)] * (candidates == [3, 1])
    expected = sorted([*(box for _, box in BOXES.values()), *beside])
    assert sorted(map(tuple, drawn["box"][:])) == expected
    if "lmms" in name or name == "Kangheng":
        assert len(list((tmp_path / "prepared-photos").iterdir())) == 2


def test_bad_records_of_a_table_are_listed(tmp_path, images):
    table = write_table(tmp_path / "mine")
    table.write_text(table.read_text(encoding="utf-8") + f"{NAMES[9]},,1 2 3 4,val\n")
    arguments = ["--corpus", "table", "--annotations", str(table), "--images", str(images)]
    arguments += CORNERS.split()
    arguments += ["--output", str(tmp_path / "out"), "--image-size", "32", "--num-workers", "1"]

    with pytest.raises(SystemExit):
        main(arguments)
    main([*arguments, "--on-error", "skip"])

    (line,) = (tmp_path / "out" / "rejected.jsonl").read_text().splitlines()
    assert json.loads(line) == {
        "file": "mine.csv",
        "record": "line 6",
        "reason": "expected a field expression, found none",
    }
