"""Annotations as other programs write them, prepared and compared with known boxes."""

import shutil
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path

from benchmarks.cases.boxes import FIVE_TIMES, TURNED, UPRIGHT, prepare, right_targets
from benchmarks.cases.case import REFUSED, Case
from vg_mc.records import XYXY

TRAIN_AND_VAL = "train 6 of 6, val 6 of 6"
VAL = "val 12 of 12"
NOTED = f"{TRAIN_AND_VAL}, noted: yxyx in pixels"


def cases() -> Iterator[Case]:
    """Yield a case for each file and each reading of it."""
    yield _table("coco-annotator-extras", "coco.json")
    yield _table("coco-bbox-object", "coco.json")
    yield _table("coco-folder-of-splits", "annotations --images {}/images")
    yield _table("coco-string-ids", "coco.json")
    yield _table("cvat-coco-attributes", "cvat.json", "cvat 12 of 12")
    yield from _turned_photos()
    yield _grefcoco()
    yield _case(
        "jxu124-refcoco-benchmark",
        "--corpus hub --annotations {}/data --images {}/extracted",
        "val 6 of 6",
    )
    yield from _labels_in_percent()
    yield _table("mdetr-json", "finetune_refcoco_val.json", "val 6 of 6")
    yield _table("minigpt4-lists", "refcoco_val.json", VAL)
    yield _table("mpo-photo", "coco.json")
    yield _table("mpo-photo", "mine.csv", f"{TRAIN_AND_VAL}, noted: xyxy in pixels")
    yield _table("qwen-internvl-jsonl", "refcoco_val.jsonl", VAL)
    yield _table("roboflow-coco", ".")
    yield _table(
        "shares-of-1000", "mine.csv --box-unit per-mille --box-format xyxy", boxes=FIVE_TIMES
    )
    yield _table("shares-of-1000", "mine.csv", f"{REFUSED}--box-unit", FIVE_TIMES)
    yield _table("valid-split-csv", "mine.csv", f"{TRAIN_AND_VAL}, noted: xyxy in pixels")
    yield _regions()
    yield _table("via-coco-string-image-id", "via.json")
    yield _table("vlm-r1-json", "refcoco_val.json", VAL)
    yield _table("vlmevalkit-tsv", "RefCOCO.tsv", "val 6 of 6")
    yield _table("yxyx-boxes", "mine.csv --box-format yxyx", NOTED)
    yield _table("yxyx-boxes", "mine.csv", NOTED)


def _turned_photos() -> Iterator[Case]:
    name = "exif-turned-phone-photo"
    yield _table(name, "coco.json --orientation shown", boxes=TURNED)
    yield _table(name, "coco.json", boxes=TURNED)
    yield _table(name, "labelstudio.json --orientation shown", boxes=TURNED)
    yield _table(name, "labelstudio.json", boxes=TURNED)
    yield _table(name, "mine.csv", f"{TRAIN_AND_VAL}, noted: xyxy in pixels", TURNED)
    yield _table(name, "mine.csv --orientation stored", f"{REFUSED}--orientation")
    half = "train 4 of 4, val 4 of 4"
    yield _table(name, "mine-close.csv --box-format xyxy --box-unit pixels", half, TURNED)
    yield _table(name, "mine-close.csv", f"{REFUSED}--box-format")


def _grefcoco() -> Case:
    flags = "--corpus refer --annotations {} --images {}/images"
    return _case("grefcoco", flags, f"{REFUSED}grefs(unc).json")


def _labels_in_percent() -> Iterator[Case]:
    yield _table(
        "labelstudio-percent", "mine.csv --box-unit percent", "train 12 of 12, val 12 of 12"
    )
    yield _table("labelstudio-percent", "mine.csv", f"{REFUSED}--box-unit")
    yield _table("labelstudio-percent", "project.json", "project 24 of 24")


def _regions() -> Case:
    file = "region_descriptions.json"  # two regions have no color, one is outside its image
    expected = "region_descriptions 6 of 8, 1 rejected"
    flags = f"--corpus table --annotations {{}}/{file} --on-error skip"
    command = f"prepare_data.py {flags.replace('{}/', '')} --images ..."
    return Case("vg-region-descriptions", command, partial(_prepared_by_id, flags), expected)


def _table(
    name: str,
    file_and_flags: str,
    expected: str = TRAIN_AND_VAL,
    boxes: Mapping[str, XYXY] = UPRIGHT,
) -> Case:
    return _case(name, f"--corpus table --annotations {{}}/{file_and_flags}", expected, boxes)


def _case(name: str, flags: str, expected: str, boxes: Mapping[str, XYXY] = UPRIGHT) -> Case:
    command = f"prepare_data.py {flags.replace('{}/', '')}"
    return Case(name, command, partial(_prepared, flags, boxes), expected)


def _prepared_by_id(flags: str, folder: Path, scratch: Path) -> str:
    """Prepare with images that are named by their ids, as Visual Genome's are."""
    (scratch / "images").mkdir()
    for number, image in enumerate(sorted((folder / "images").iterdir()), start=1):
        shutil.copy(image, scratch / "images" / f"{number}.jpg")
    return _prepared(f"{flags} --images {scratch / 'images'}", UPRIGHT, folder, scratch)


def _prepared(flags: str, boxes: Mapping[str, XYXY], folder: Path, scratch: Path) -> str:
    none = ["--proposer", "none", "--train-proposer", "none"]
    return right_targets(prepare(folder, scratch, [*flags.split(), *none]), boxes)
