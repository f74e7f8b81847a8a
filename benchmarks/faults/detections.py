"""Cases with a bad value in one stored detection, in every format."""

import json
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.faults.case import Case, Outcome, Reading
from benchmarks.faults.forms import PHOTOS, SIZE
from benchmarks.faults.records import FOUR, INFINITY, MISSING, NAN, Fault
from vg_mc.proposers.placing import cut_to_photos
from vg_mc.proposers.stored import read_detections
from vg_mc.records import Photo

KNOWN = [Photo(image_id, name, *SIZE) for image_id, name in PHOTOS.items()]
GOOD = [(9, (10, 10, 40, 50)), (9, (50, 10, 90, 60)), (25, (55, 5, 95, 40)), (25, (60, 20, 94, 60))]
SPOILT = 2

Record = dict[str, Any]

BOX_OF = {"MAttNet": "box", "COCO results": "bbox", "refer's": "box", "ReCLIP": "box",
          "CPT": "box", "our Parquet": "box"}  # fmt: skip
KEYED = ("ReCLIP", "CPT")
FLAT = ("MAttNet", "COCO results", "refer's")
JSON_FORMS = (*FLAT, *KEYED)
SCORED = (*FLAT, "our Parquet")

FAULTS = [
    ("box", [
        Fault("NaN", [NAN] * 4, says=FOUR), Fault("infinite", [INFINITY] * 4, says=FOUR),
        Fault("three numbers", [1.0, 2.0, 3.0], says=FOUR), Fault("none", None, says=FOUR),
        Fault("a word", "left", says=FOUR), Fault("a list in a list", [[1, 2, 3, 4]], says=FOUR),
        Fault("without width", (10, 10, 10, 50)), Fault("turned inside out", (40, 50, 10, 10)),
        Fault("outside", (200, 10, 220, 50), "listed", says="outside its image"),
        Fault("left of the photo", (-60, 10, -10, 50), "listed", says="outside its image"),
        Fault("standing out: cut", (50, 20, 120, 90), "accepted", becomes=(50, 20, 96, 64)),
    ]),
    ("score", [
        Fault("NaN", NAN, says="finite number as score", forms=SCORED),
        Fault("infinite", INFINITY, says="finite number as score", forms=SCORED),
        Fault("over 1", 1.5, says="score from 0 to 1", forms=SCORED),
        Fault("negative", -0.5, says="score from 0 to 1", forms=SCORED),
        Fault("percent", 87.0, says="score from 0 to 1", forms=SCORED),
        Fault("null", None, says="as score", forms=SCORED),
        Fault("missing", MISSING, says="score", forms=FLAT),
        Fault("a word", "0.5", says="finite number as score", forms=FLAT),
        Fault("a truth value", True, says="finite number as score", forms=FLAT),
    ]),
    ("photo", [
        Fault("null", {"image_id": None}, says="found neither", forms=SCORED),
        Fault("missing", {"image_id": MISSING}, says="found neither", forms=FLAT),
        Fault("a number as text", {"image_id": "25"}, "accepted", becomes=(55, 5, 95, 40),
              forms=FLAT),
        Fault("a word", {"image_id": "x"}, "listed", says="no image of the corpus", forms=FLAT),
        Fault("a fraction", {"image_id": 9.5}, says="as image_id", forms=FLAT),
        Fault("over 64 bits", {"image_id": 2**70}, says="64 bits", forms=FLAT),
        Fault("id and name of two images", {"image_id": 9, "file_name": PHOTOS[25]},
              says="in the corpus, not", forms=SCORED),
        Fault("a name that no photo has", {"image_id": None, "file_name": "x.jpg"}, "listed",
              says="no image of the corpus", forms=SCORED),
        Fault("a name in place of the id", {"image_id": None, "file_name": PHOTOS[25]}, "accepted",
              becomes=(55, 5, 95, 40), forms=SCORED),
        Fault("an unknown id: of another photo", {"image_id": 777}, "accepted", forms=SCORED),
    ]),
]  # fmt: skip

CONTENTS = [
    ("a text", b"left 1 2 3 4", "expected JSON"), ("empty", b"", "expected JSON"),
    ("cut off", b'[{"image_id": 9, "box": [1,', "expected JSON"),
    ("a number", b"7", "expected detections"), ("null", b"null", "expected detections"),
    ("nested 100,000 deep", b"[" * 100_000, "expected JSON"),
    ("UTF-16 without mark", '[{"Ä": 1}]'.encode("utf-16-le") + b"\xff", "expected JSON"),
    ("half a Parquet file", b"PAR1" + b"\0" * 50, "expected a Parquet file"),
    ("of other photos", b'{"1": [[1, 2, 3, 4]]}', "no detection matches"),
    ("of other names", b'{"y.jpg": [[1, 2, 3, 4]]}', "no detection matches"),
    ("20 corners read as sides",
     json.dumps([{"image_id": 9, "bbox": [50, 10, 90, 60], "score": 1}] * 20).encode(),
     "exceed their image"),
    ("20 boxes in shares of the photo",
     json.dumps([{"image_id": 9, "bbox": [0.1, 0.1, 0.4, 0.5], "score": 1}] * 20).encode(),
     "exceeds 1"),
]  # fmt: skip


def cases() -> Iterator[Case]:
    """Yield every fault in every format that can express it, and files without detections."""
    for field, faults in FAULTS:
        for fault in faults:
            for form in BOX_OF:
                fits = form in fault.forms or fault.forms == Fault("", None).forms
                typed = form == "our Parquet" and fault.value in ("left", [[1, 2, 3, 4]])
                if fits and not typed:
                    yield Case(
                        "stored detections", form, f"{field}: {fault.fault}", fault.promise,
                        partial(_spoilt, form, field, fault), fault.says, fault.becomes,
                    )  # fmt: skip
    for name, content, says in CONTENTS:
        write = partial(_content, content)
        yield Case("stored detections", "a file", name, "refused", write, says)


def _spoilt(form: str, field: str, fault: Fault, folder: Path) -> Reading:
    records = [_record(form, image_id, box) for image_id, box in GOOD]
    if field == "box":
        records[SPOILT] |= {BOX_OF[form]: _spelled(form, fault.value)}
    elif field == "score":
        records[SPOILT] |= {"score": fault.value}
    else:
        records[SPOILT] |= fault.value
    records = [
        {name: value for name, value in record.items() if value is not MISSING}
        for record in records
    ]
    return partial(_read, _write(folder, form, records), len(records))


def _content(content: bytes, folder: Path) -> Reading:
    file = folder / "dets.json"
    file.write_bytes(content)
    return partial(_read, file, 0)


def _read(file: Path, total: int, skip_bad: bool) -> Outcome:
    stored = read_detections(file, skip_bad=skip_bad)
    found = cut_to_photos(stored, KNOWN, KNOWN)
    kept = [one.box for detections in found.by_image.values() for one in detections]
    return Outcome(len(kept) + found.other, [*stored.rejected, *found.rejected], total, set(kept))


def _record(form: str, image_id: int, box: tuple[int, ...]) -> Record:
    record = {"image_id": image_id, BOX_OF[form]: _spelled(form, box)}
    return record if form in KEYED else record | {"score": 0.5}


def _spelled(form: str, box: Any) -> Any:  # noqa: ANN401 - a fault may be anything
    if not isinstance(box, tuple):
        return box
    left, top, right, bottom = map(float, box)
    if form == "our Parquet":
        return [left, top, right, bottom]
    surplus = form == "MAttNet"
    return [left, top, right - left + surplus, bottom - top + surplus]


def _write(folder: Path, form: str, records: list[Record]) -> Path:
    file = folder / "dets.json"
    if form == "our Parquet":
        columns = dict.fromkeys(name for record in records for name in record)
        rows = [{name: record.get(name) for name in columns} for record in records]
        pq.write_table(pa.Table.from_pylist(rows), file)
        return file
    content: object = records
    if form == "refer's":
        content = {"dets": records}
    elif form in KEYED:
        by_image: dict[str, list[object]] = {}
        for record in records:
            found = record["box"] if form == "ReCLIP" else {"box": record["box"]}
            by_image.setdefault(str(record["image_id"]), []).append(found)
        content = by_image
    file.write_text(json.dumps(content))
    return file
