"""The formats of corpora, each with writers of the same four expressions of two images."""

import csv
import io
import json
import pickle
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq
import torch
from PIL import Image

from benchmarks.faults.case import Outcome, Reading
from vg_mc.boxes.judging import DeclaredBoxes
from vg_mc.corpora.readers import CorpusKind, CorpusSource, read_corpus
from vg_mc.prepared.build.plan import check_splits

Row = dict[str, Any]

SIZE = (96, 64)
PHOTOS = {9: "COCO_train2014_000000000009.jpg", 25: "COCO_train2014_000000000025.jpg"}
BOXES = [(10, 10, 40, 50), (50, 10, 90, 60), (55, 5, 95, 40), (60, 20, 94, 60)]
TEXTS = ["left man", "man", "the dog", "cat"]


def good_rows() -> list[Row]:
    """Return four valid rows with boxes as corners."""
    return [
        {"image": PHOTOS[image_id], "text": text, "box": box, "split": "val", "image_id": image_id,
         "annotation_id": 90 + place, "ref_id": 50 + place, "sentence_id": 30 + place,
         "category_id": 1, "size": SIZE}
        for place, (text, box, image_id) in enumerate(
            zip(TEXTS, BOXES, (9, 9, 25, 25), strict=True)
        )
    ]  # fmt: skip


def photo_bytes(color: tuple[int, int, int] = (120, 120, 120)) -> bytes:
    """Return a small image as a JPEG file."""
    buffer = io.BytesIO()
    Image.new("RGB", SIZE, color).save(buffer, "JPEG", quality=95)
    return buffer.getvalue()


class Written(NamedTuple):
    """Paths of a corpus: the annotations of `CorpusSource`, and the file to damage."""

    annotations: Path
    file: Path


@dataclass(frozen=True, slots=True)
class Form:
    """One format.

    Attributes:
        kind: Value of ``--corpus``.
        write: Writes rows to a folder.
        typed: Whether every value of a column has one type.
        fields: The fields of a row that can be spelled.
        tables: Whether photos and boxes are records of their own, which are counted, too.
    """

    kind: CorpusKind
    write: Callable[[Path, list[Row]], Written]
    typed: bool = False
    fields: frozenset[str] = frozenset({"text", "box"})
    tables: bool = False
    flags: tuple[tuple[str, Any], ...] = ()


def reading(form: Form, folder: Path, rows: list[Row], damage: bytes | None = None) -> Reading:
    """Write images and rows, apply `damage` to the file, and return a function that reads it."""
    images = folder / "images"
    images.mkdir()
    for name in PHOTOS.values():
        (images / name).write_bytes(photo_bytes())
    written = form.write(folder, rows)
    if damage is not None:
        written.file.write_bytes(damage)
    source = CorpusSource(
        form.kind, written.annotations, images, folder / "extracted", **dict(form.flags)
    )
    return lambda skip_bad: outcome(source, form, rows, skip_bad=skip_bad)


def outcome(source: CorpusSource, form: Form, rows: list[Row], *, skip_bad: bool) -> Outcome:
    """Read a corpus and count."""
    corpus, _ = read_corpus(replace(source, skip_bad=skip_bad))
    check_splits(corpus, ())
    accepted, total = len(corpus.expressions), len(rows)
    if form.tables:
        accepted += len(corpus.photos) + sum(map(len, corpus.annotations.values()))
        total += len(PHOTOS) + len(rows)
    values = {one.text for one in corpus.expressions} | {one.target for one in corpus.expressions}
    return Outcome(accepted, corpus.rejected, total, set(values))


def corners(row: Row) -> Any:  # noqa: ANN401 - a fault may be anything
    """Return a box as corners; a value that is not a tuple is a fault and is kept."""
    box = row.get("box", ...)
    return [float(value) for value in box] if isinstance(box, tuple) else box


def sides(row: Row) -> Any:  # noqa: ANN401 - likewise
    """Return a box as position and size; a value that is not a tuple is kept."""
    box = row.get("box", ...)
    if not isinstance(box, tuple):
        return box
    left, top, right, bottom = map(float, box)
    return [left, top, right - left, bottom - top]


def present(fields: Row) -> Row:
    """Leave out what a fault calls missing, by three dots."""
    return {name: value for name, value in fields.items() if value is not ...}


def table_row(row: Row) -> Row:
    """Name the fields as tables do."""
    return present({
        "image": row["image"], "expression": row["text"], "box": corners(row),
        "split": row["split"], "id": row["sentence_id"], "ref_id": row["ref_id"],
        "image_id": row["image_id"], "annotation_id": row["annotation_id"],
    })  # fmt: skip


def _csv(folder: Path, rows: list[Row]) -> Written:
    file = folder / "mine.csv"
    with file.open("w", newline="", encoding="utf-8") as opened:
        writer = csv.DictWriter(opened, list(table_row(good_rows()[0])), restval="")
        writer.writeheader()
        writer.writerows(
            {name: json.dumps(value) if isinstance(value, list) else value
             for name, value in table_row(row).items()}
            for row in rows
        )  # fmt: skip
    return Written(file, file)


def _jsonl(folder: Path, rows: list[Row]) -> Written:
    file = folder / "mine.jsonl"
    file.write_text("".join(json.dumps(table_row(row)) + "\n" for row in rows))
    return Written(file, file)


def _json(folder: Path, rows: list[Row]) -> Written:
    file = folder / "mine.json"
    file.write_text(json.dumps([table_row(row) for row in rows]))
    return Written(file, file)


def _parquet(folder: Path, rows: list[Row]) -> Written:
    return _as_parquet(folder / "mine.parquet", [table_row(row) for row in rows])


def _as_parquet(file: Path, rows: list[Row]) -> Written:
    pq.write_table(pa.Table.from_pylist(rows), file)
    return Written(file if file.stem == "mine" else file.parent, file)


def _instances(rows: list[Row]) -> dict[str, Any]:
    names = {row["image_id"]: row for row in reversed(rows)}
    images = [
        present({"id": image_id, "width": SIZE[0], "height": SIZE[1],
                 "file_name": names[image_id]["image"] if image_id in names else name})
        for image_id, name in PHOTOS.items()
    ]  # fmt: skip
    annotations = [
        present({"id": good["annotation_id"], "image_id": good["image_id"], "bbox": sides(row),
                 "category_id": row["category_id"]})
        for good, row in zip(good_rows(), rows, strict=True)
    ]  # fmt: skip
    return {
        "images": images,
        "annotations": annotations,
        "categories": [{"id": 1, "name": "thing"}],
    }


def _refer(folder: Path, rows: list[Row]) -> Written:
    references = [
        present({"ref_id": row["ref_id"], "ann_id": row["annotation_id"], "split": row["split"],
                 "image_id": row["image_id"],
                 "sentences": [present({"sent_id": row["sentence_id"], "sent": row["text"]})]})
        for row in rows
    ]  # fmt: skip
    (folder / "instances.json").write_text(json.dumps(_instances(rows)))
    file = folder / "refs(unc).p"
    file.write_bytes(pickle.dumps(references, 2))
    return Written(folder, file)


def _coco(folder: Path, rows: list[Row]) -> Written:
    content = _instances(rows)
    for annotation, row in zip(content["annotations"], rows, strict=True):
        annotation["expressions"] = [row["text"]]
        annotation["split"] = row["split"]
    file = folder / "mine.json"
    file.write_text(json.dumps(content))
    return Written(file, file)


def _pth(folder: Path, rows: list[Row]) -> Written:
    file = folder / "unc_val.pth"
    torch.save([(row["image"], "mask", sides(row), row["text"], []) for row in rows], file)
    return Written(file, file)


def _jxu(folder: Path, rows: list[Row]) -> Written:
    described = [
        {"ref_id": row["ref_id"], "ann_id": row["annotation_id"], "image_id": row["image_id"],
         "split": row["split"], "raw_anns": json.dumps(present({"bbox": sides(row)})),
         "bbox": corners(row if isinstance(row.get("box"), tuple) else good),
         "raw_image_info": json.dumps(
             {"file_name": row["image"], "width": SIZE[0], "height": SIZE[1]}),
         "sentences": [{"sent_id": row["sentence_id"], "sent": row["text"]}]}
        for row, good in zip(rows, good_rows(), strict=True)
    ]  # fmt: skip
    return _as_parquet(folder / "val-00000-of-00001.parquet", described)


def _lmms(folder: Path, rows: list[Row]) -> Written:
    cells = [
        {"question": "Please describe the area.", "bbox": sides(row), "file_name": row["image"],
         "answer": [row["text"]], "image": {"bytes": photo_bytes(), "path": None}}
        for row in rows
    ]  # fmt: skip
    return _as_parquet(folder / "testA-00000-of-00001.parquet", cells)


def _kangheng(folder: Path, rows: list[Row]) -> Written:
    cells = [
        {"question": row["text"], "bbox": json.dumps(corners(row)),
         "image": {"bytes": photo_bytes(), "path": None}}
        for row in rows
    ]  # fmt: skip
    return _as_parquet(folder / "val-00000-of-00001.parquet", cells)


def _ref_l4(folder: Path, rows: list[Row]) -> Written:
    cells = [
        {"caption": row["text"], "bbox": sides(row), "file_name": row["image"], "id": place,
         "width": SIZE[0], "height": SIZE[1], "split": row["split"]}
        for place, row in enumerate(rows)
    ]  # fmt: skip
    return _as_parquet(folder / "val-00000-of-00001.parquet", cells)


_OF_TABLES = frozenset(
    {"text", "box", "image", "split", "image_id", "annotation_id", "ref_id", "sentence_id"}
)
_OF_REFER = _OF_TABLES | {"category_id"}
_XYXY = (("boxes", DeclaredBoxes("xyxy", "pixels")),)

FORMS = {
    "CSV": Form("table", _csv, flags=_XYXY, fields=_OF_TABLES),
    "JSON lines": Form("table", _jsonl, flags=_XYXY, fields=_OF_TABLES),
    "JSON": Form("table", _json, flags=_XYXY, fields=_OF_TABLES),
    "Parquet": Form("table", _parquet, flags=_XYXY, typed=True, fields=_OF_TABLES),
    "COCO": Form(
        "table", _coco, fields=frozenset({"text", "box", "image", "category_id"}), tables=True
    ),
    "refer": Form("refer", _refer, fields=_OF_REFER, tables=True),
    "pth": Form("pth", _pth, fields=frozenset({"text", "box", "image"})),
    "jxu124": Form("hub", _jxu, typed=True, fields=_OF_TABLES),
    "lmms-lab": Form("hub", _lmms, typed=True),
    "Kangheng": Form("hub", _kangheng, typed=True, flags=_XYXY),
    "Ref-L4": Form("hub", _ref_l4, typed=True, fields=frozenset({"text", "box", "image"})),
}
