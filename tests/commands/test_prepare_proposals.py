"""Every format of stored detections through the command: same boxes, same candidates."""

import csv
import json

import datasets
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from vg_mc.commands.prepare_data import main

SIZE = (96, 64)
NAMES = {9: "COCO_train2014_000000000009.jpg", 25: "COCO_train2014_000000000025.jpg"}
FOUND = {9: [(10, 10, 40, 50), (50, 10, 90, 60)], 25: [(5, 5, 60, 40)]}


def sides(box, surplus=0):
    left, top, right, bottom = map(float, box)
    return [left, top, right - left + surplus, bottom - top + surplus]


def each(key, box_field, spell):
    return [
        {key: NAMES[image_id] if key == "file_name" else image_id, box_field: spell(box),
         "score": 1.0, "category_name": "thing"}
        for image_id, boxes in FOUND.items()
        for box in boxes
    ]  # fmt: skip


def by_image(spell, named=False):
    return {
        NAMES[image_id] if named else str(image_id): [spell(box) for box in boxes]
        for image_id, boxes in FOUND.items()
    }


CONTENTS = {
    "MAttNet": each("image_id", "box", lambda box: sides(box, surplus=1)),
    "COCO results": each("image_id", "bbox", sides),
    "refer": {"dets": each("image_id", "box", sides)},
    "ReCLIP": by_image(sides),
    "CPT": by_image(lambda box: {"box": sides(box)}),
    "COCO results by name": each("file_name", "bbox", sides),
    "ReCLIP by name": by_image(sides, named=True),
    "Parquet": each("image_id", "box", lambda box: [float(value) for value in box]),
    "Parquet by name": each("file_name", "box", lambda box: [float(value) for value in box]),
}


@pytest.mark.parametrize("name", CONTENTS)
def test_every_format_of_detections_gives_the_same_candidates(name, tmp_path):
    images, output = tmp_path / "images", tmp_path / "prepared"
    images.mkdir()
    for file_name in NAMES.values():
        Image.new("RGB", SIZE).save(images / file_name)
    with (tmp_path / "mine.csv").open("w", newline="") as opened:
        writer = csv.writer(opened)
        writer.writerow(["image", "expression", "box", "split"])
        writer.writerows([[NAMES[9], "man", "10 10 40 50", "val"], [NAMES[25], "cat", "5 5 60 40",
                         "val"]])  # fmt: skip
    file = tmp_path / "detections"
    if "Parquet" in name:
        pq.write_table(pa.Table.from_pylist(CONTENTS[name]), file)
    else:
        file.write_text(json.dumps(CONTENTS[name]))

    flags = f"--corpus table --proposer stored --image-size 32 --num-workers 1 --images {images}"
    flags += " --box-format xyxy --box-unit pixels"
    places = ["--annotations", str(tmp_path / "mine.csv"), "--proposals", str(file)]
    main([*flags.split(), *places, "--output", str(output)])

    rows = datasets.load_from_disk(str(output / "candidates"))
    assert np.array(rows["box"][:]).tolist() == [
        [*box] for boxes in FOUND.values() for box in boxes
    ]
    assert rows["image_id"][:] == [9, 9, 25]
    assert set(rows["source"]) == {"stored"}
    manifest = json.loads((output / "manifest.json").read_text())
    (counts,) = manifest["detections"].values()
    assert counts == {"records": 3, "cut_to_photo": 0, "of_other_photos": 0, "rejected": 0}
    assert manifest["counts"]["val"]["proposal_recall"] == 1
