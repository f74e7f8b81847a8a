"""Valid files in every layout of expressions and of detections, as Python objects.

Each has one good record per box of `forms.BOXES`. The layouts are written as the programs write
them that their names say; see data/README.md.
"""

import base64
import csv
import io
import json
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq
import torch

from benchmarks.faults.forms import BOXES, PHOTOS, SIZE, TEXTS, photo_bytes

Keys = tuple[str | int, ...]  # the way to a value in a document

NOISE = photo_bytes() + bytes(1000)  # longer than any file name
ROWS = list(zip(TEXTS, BOXES, (9, 9, 25, 25), strict=True))
WIDTH, HEIGHT = SIZE


class Document(NamedTuple):
    """A valid file of one layout.

    Attributes:
        kind: Value of ``--corpus``; "detections" for a file of detections.
        file: Name of the file; its ending selects the writer.
        content: The content.
        record: The way to the record that is changed, the third of four.
        losing: Number of records that are lost if this one cannot be used.
        beside: Further files by name.
        is_own: Whether flags declare order and unit of the boxes.
        optional: Fields that a record need not have; without one, it has no expression.
    """

    name: str
    kind: str
    file: str
    content: Any
    record: Keys
    losing: int = 1
    beside: dict[str, Any] = {}  # noqa: RUF012 - never changed
    is_own: bool = False
    optional: frozenset[str] = frozenset()


def sides(box: tuple[float, ...]) -> list[float]:
    """Return left, top, width and height."""
    left, top, right, bottom = map(float, box)
    return [left, top, right - left, bottom - top]


def named_sides(box: tuple[float, ...]) -> dict[str, float]:
    """Return a box as most labelling tools write it."""
    return dict(zip(("x", "y", "width", "height"), sides(box), strict=True))


def percent(box: tuple[float, ...]) -> dict[str, float]:
    """Return a box as Label Studio writes it."""
    scale = (WIDTH, HEIGHT, WIDTH, HEIGHT)
    return {
        name: 100 * value / side
        for (name, value), side in zip(named_sides(box).items(), scale, strict=True)
    }


def _own_tables() -> list[Document]:
    own = [
        {"image": PHOTOS[image], "expression": text, "box": list(map(float, box)), "split": "val",
         "id": 30 + place, "ref_id": 50 + place, "image_id": image, "annotation_id": 90 + place,
         "category": "thing"}
        for place, (text, box, image) in enumerate(ROWS)
    ]  # fmt: skip
    four = [
        {"image": PHOTOS[image], "expression": text, "split": "val",
         **dict(zip(("left", "top", "right", "bottom"), map(float, box), strict=True))}
        for text, box, image in ROWS
    ]  # fmt: skip
    return [
        Document("table", "table", "val.json", own, (2,), is_own=True),
        Document("table in lines", "table", "val.jsonl", own, (2,), is_own=True),
        Document("table as CSV", "table", "val.csv", own, (2,), is_own=True),
        Document("table as TSV", "table", "val.tsv", own, (2,), is_own=True),
        Document("four columns", "table", "val.json", four, (2,), is_own=True),
    ]


def _tables() -> list[Document]:
    size = {"width": WIDTH, "height": HEIGHT}
    minigpt = [
        {"img_id": f"{PHOTOS[image][:-4]}_{place}", "sents": text, "bbox": sides(box), **size}
        for place, (text, box, image) in enumerate(ROWS)
    ]
    qwen = [
        {"image": PHOTOS[image], "sent": text, "bbox": list(box), **size}
        for text, box, image in ROWS
    ]
    vlm_r1 = [
        {"image": PHOTOS[image], "normal_caption": text, "bbox_list": [list(box)],
         "problem": f"this sentence describes: {text}.", "solution": list(box), **size}
        for text, box, image in ROWS
    ]  # fmt: skip
    photo = base64.b64encode(NOISE).decode()
    vlmevalkit = [
        {"index": place, "image": photo, "question": f"the region: <ref>{text}</ref>",
         "answer": [x / side for x, side in zip(box, SIZE * 2, strict=True)], "split": "val"}
        for place, (text, box, image) in enumerate(ROWS)
    ]  # fmt: skip
    genome = [
        {"id": image, "regions": [
            {"region_id": 30 + place, "image_id": image, "phrase": text, **named_sides(box)}
            for place, (text, box, of) in enumerate(ROWS) if of == image]}
        for image in PHOTOS
    ]  # fmt: skip
    studio = [
        {"id": image, "data": {"image": f"/data/upload/{PHOTOS[image]}"}, "annotations": [
            {"id": image, "result": [
                part for place, (text, box, of) in enumerate(ROWS) if of == image for part in (
                    {"id": f"r{place}", "type": "rectanglelabels", "from_name": "label",
                     "original_width": WIDTH, "original_height": HEIGHT, "image_rotation": 0,
                     "value": {**percent(box), "rotation": 0, "rectanglelabels": ["thing"]}},
                    {"id": f"r{place}", "type": "textarea", "from_name": "text",
                     "value": {"text": [text]}},
                )]}]}
        for image in PHOTOS
    ]  # fmt: skip
    return [
        Document("MiniGPT-v2", "table", "val.json", minigpt, (2,)),
        Document("Qwen-VL and InternVL", "table", "val.jsonl", qwen, (2,)),
        Document("VLM-R1", "table", "val.json", vlm_r1, (2,)),
        Document("VLMEvalKit", "table", "val.tsv", vlmevalkit, (2,)),
        Document("Visual Genome", "table", "val.json", genome, (1, "regions", 0)),
        Document("Visual Genome (an image)", "table", "val.json", genome, (1,), 2),
        Document("Label Studio", "table", "val.json", studio, (1,), 2),
    ]


def _coco() -> list[Document]:
    images = [
        {"id": image, "file_name": name, "width": WIDTH, "height": HEIGHT}
        for image, name in PHOTOS.items()
    ]
    categories = [{"id": 1, "name": "thing"}, {"id": 2, "name": "other"}]

    def annotations(
        said: Callable[[str], dict[str, Any]], of: Callable[..., Any] = sides
    ) -> list[dict[str, Any]]:
        return [
            {"id": 90 + place, "image_id": image, "category_id": 1, "bbox": of(box), **said(text)}
            for place, (text, box, image) in enumerate(ROWS)
        ]

    def file(found: list[dict[str, Any]]) -> dict[str, Any]:
        return {"images": images, "annotations": found, "categories": categories}

    plain = file(annotations(lambda text: {"expression": text, "split": "val"}))
    cvat = file(annotations(lambda text: {"attributes": {"occluded": False, "expression": text}}))
    objects = file(annotations(lambda text: {"expression": text}, named_sides))
    captions = [
        {**images[image != 9], "id": place, "original_id": image, "caption": text}
        for place, (text, _, image) in enumerate(ROWS)
    ]
    mdetr = {
        "images": captions,
        "annotations": [
            {"id": place, "image_id": place, "category_id": 1, "bbox": sides(box),
             "original_id": 90 + place}
            for place, (_, box, _) in enumerate(ROWS)
        ],
        "categories": categories,
    }  # fmt: skip
    region, image = ("annotations", 2), ("images", 1)
    said = frozenset({"expression", "attributes"})
    return [
        Document("COCO (a region)", "table", "val.json", plain, region, optional=said),
        Document("COCO (an image)", "table", "val.json", plain, image, 2),
        Document("COCO (a category)", "table", "val.json", plain, ("categories", 1), 0),
        Document("CVAT", "table", "val.json", cvat, region, optional=said),
        Document("COCO with named sides", "table", "val.json", objects, region, optional=said),
        Document("MDETR (an image)", "table", "val.json", mdetr, ("images", 2)),
        Document("MDETR (a region)", "table", "val.json", mdetr, region),
        Document("refer (a reference)", "refer", "refs(unc).p", _references(), (2,), 1, {
            "instances.json": plain}),
        Document("refer (a region)", "refer", "instances.json", plain, region, 1, {
            "refs(unc).p": _references()}),
        Document("refer (an image)", "refer", "instances.json", plain, image, 2, {
            "refs(unc).p": _references()}),
    ]  # fmt: skip


def _references() -> list[dict[str, Any]]:
    return [
        {"ref_id": 50 + place, "ann_id": 90 + place, "image_id": image, "split": "val",
         "category_id": 1, "file_name": f"{place}.jpg",
         "sentences": [{"sent_id": 30 + place, "sent": text, "raw": text, "tokens": text.split()}]}
        for place, (text, _, image) in enumerate(ROWS)
    ]  # fmt: skip


def _lists() -> list[Document]:
    rows = [[PHOTOS[image], "mask", sides(box), text, []] for text, box, image in ROWS]
    return [Document("TransVG's list", "pth", "unc_val.pth", rows, (2,))]


def _detections() -> list[Document]:
    scored = {"score": 0.5}
    mattnet = [
        {"image_id": image, "box": sides(box), "category_name": "thing", "category_id": 1, **scored}
        for _, box, image in ROWS
    ]
    coco: list[dict[str, Any]] = [
        {"image_id": image, "bbox": sides(box), "category_id": 1, **scored}
        for _, box, image in ROWS
    ]
    ultralytics = [one | {"file_name": PHOTOS[one["image_id"]]} for one in coco]
    named = [
        {"image_id": image, "bbox": named_sides(box), "category_id": 1, **scored}
        for _, box, image in ROWS
    ]
    edges = ("xmin", "ymin", "xmax", "ymax")
    pipeline = [
        {"file_name": PHOTOS[image], "label": "thing", **scored,
         "box": dict(zip(edges, map(float, box), strict=True))}
        for _, box, image in ROWS
    ]  # fmt: skip
    pandas = [
        {"file_name": PHOTOS[image], **dict(zip(edges, map(float, box), strict=True)),
         "confidence": 0.5, "class": 0, "name": "thing"}
        for _, box, image in ROWS
    ]  # fmt: skip
    by_image = {
        str(image): [{"box": sides(box)} for _, box, of in ROWS if of == image] for image in PHOTOS
    }
    tensors = {
        name: {
            "boxes": [list(map(float, box)) for _, box, of in ROWS if of == image],
            "scores": [0.5, 0.5],
            "labels": [1, 1],
        }
        for image, name in PHOTOS.items()
    }
    return [
        Document("MAttNet", "detections", "dets.json", mattnet, (2,)),
        Document("COCO results", "detections", "dets.json", coco, (2,)),
        Document("COCO results in lines", "detections", "dets.jsonl", coco, (2,)),
        Document("ultralytics' predictions", "detections", "dets.json", ultralytics, (2,)),
        Document("results with named sides", "detections", "dets.json", named, (2,)),
        Document("transformers' pipeline", "detections", "dets.json", pipeline, (2,)),
        Document("pandas of YOLOv5", "detections", "dets.json", pandas, (2,)),
        Document("refer's", "detections", "dets.json", {"dets": mattnet}, ("dets", 2)),
        Document("ReCLIP", "detections", "dets.json", by_image, ("25", 0)),
        Document("torchvision (an image)", "detections", "dets.json", tensors, (PHOTOS[25],), 2),
        Document("Parquet", "detections", "dets.parquet", [
            {"image_id": image, "box": list(map(float, box)), "category": "thing", **scored}
            for _, box, image in ROWS], (2,)),
    ]  # fmt: skip


DOCUMENTS = (*_own_tables(), *_tables(), *_coco(), *_lists(), *_detections())


def write(path: Path, content: Any) -> bool:  # noqa: ANN401 - of any layout
    """Write a document; return False if its kind of file cannot express the content."""
    kind = path.suffix
    try:
        if kind in (".csv", ".tsv"):
            path.write_text(_delimited(content, "," if kind == ".csv" else "\t"), encoding="utf-8")
        elif kind == ".jsonl":
            path.write_text("".join(json.dumps(row) + "\n" for row in content))
        elif kind == ".p":
            path.write_bytes(pickle.dumps(content, 2))
        elif kind == ".pth":
            torch.save([tuple(row) if isinstance(row, list) else row for row in content], path)
        elif kind == ".parquet":
            pq.write_table(pa.Table.from_pylist(content), path)
        else:
            path.write_text(json.dumps(content))
    except (pa.ArrowException, AttributeError, OverflowError, TypeError, UnicodeEncodeError):
        return False
    return True


def _delimited(rows: list[Any], delimiter: str) -> str:
    """Return the text of a table; lists are written as JSON, None as an empty cell."""
    opened = io.StringIO()
    names = list(rows[0])
    writer = csv.writer(opened, delimiter=delimiter)
    writer.writerow(names)
    for row in rows:
        values = [row.get(name) for name in names]
        writer.writerow(
            json.dumps(value) if isinstance(value, list | dict) else value for value in values
        )
    return opened.getvalue()
