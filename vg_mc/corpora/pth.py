"""Reader of the annotation lists of TransVG and CLIP-VG, such as ``unc/unc_val.pth``.

A file is a list of ``(image, mask, box, expression, attributes)``, or of ``(image, box,
expression)`` for Flickr30k Entities (https://github.com/djiajunustc/TransVG). Boxes are ``(left,
top, width, height)``, except for ReferItGame and Flickr30k, whose boxes are corners; the corpus is
identified by the file name. The file is a pickle, of which only numbers, texts and arrays are
loaded.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy._core import multiarray

from vg_mc.boxes.conventions import Order
from vg_mc.boxes.judging import DeclaredBoxes
from vg_mc.corpora import expression_records as names
from vg_mc.corpora.assembly import Source, assemble
from vg_mc.corpora.expression_records import as_expression_record
from vg_mc.corpora.frames import ImageFrames
from vg_mc.corpora.inspection import Inspection
from vg_mc.corpora.table_files import without_hidden
from vg_mc.errors import BadInputError
from vg_mc.records import Corpus, ImageFolder

ORDERS: dict[str, Order] = {
    "unc": "xywh", "unc+": "xywh", "gref": "xywh", "gref_umd": "xywh",
    "referit": "xyxy", "flickr": "xyxy",
}  # fmt: skip
BOTH = "trainval"  # the union of train and val
VOCABULARY = "corpus"

PLACES = {  # positions of image, box and expression in a record, by its length
    3: (0, 1, 2),
    5: (0, 2, 3),
}

# The functions that numpy pickles arrays and numbers with, under the names of numpy 1 and 2.
_NUMPY = [
    (getattr(multiarray, function), f"numpy.{core}.multiarray.{function}")
    for core in ("core", "_core")
    for function in ("_reconstruct", "scalar")
]
_NUMBERS = [np.ndarray, np.dtype, *(type(np.dtype(kind)) for kind in "bhilqefdBHILQ")]
_ALLOWED: list[Any] = [*_NUMPY, *_NUMBERS]


def read_pth(
    path: Path,
    images_folder: ImageFolder,
    *,
    declared: DeclaredBoxes,
    skip_bad: bool,
    candidates_file: Path | None = None,
) -> Corpus:
    """Read one list, or all lists of a folder such as ``unc``.

    Args:
        path: A file ``<corpus>_<split>.pth``, or a folder of such files.
        images_folder: Folder of the images.
        declared: The convention of the boxes where it is not that of the file name.
        skip_bad: Collect bad records in the corpus' `rejected` instead of stopping at the first.
        candidates_file: A file in the format of COCO's ``instances.json`` with all boxes of every
            image.

    Raises:
        BadInputError: If a file is unusable, or at the first bad record.
    """
    inspection = Inspection(skip_bad=skip_bad)
    files = _files(path, inspection)
    declared = declared.or_else(DeclaredBoxes(declared.order or _order(files), "pixels"))
    records = []
    for file in files:
        split = file.stem.rpartition("_")[2]
        for position, row in enumerate(_load(file)):
            record = f"record {position}"
            with inspection.record(file, record):
                records.append(as_expression_record(_fields(row, split), file, record, inspection))
    source = Source(path.stem, files, ImageFrames(images_folder), declared, candidates_file)
    return assemble(records, source, inspection)


def _files(path: Path, inspection: Inspection) -> list[Path]:
    if not path.is_dir():
        return [path]
    files = [
        file
        for file in without_hidden(sorted(path.glob("*.pth")), inspection)
        if file.stem != VOCABULARY and not file.stem.endswith(f"_{BOTH}")
    ]
    if not files:
        raise BadInputError(
            "expected lists such as unc_val.pth in this folder, found none", file=path
        )
    return files


def _order(files: list[Path]) -> Order:
    orders = {ORDERS.get(file.stem.rpartition("_")[0]) for file in files}
    found = orders.pop()
    if found is None or orders:
        problem = f"expected a file named after one of {', '.join(ORDERS)}; else set --box-format"
        raise BadInputError(problem, file=files[0])
    return found


def _load(file: Path) -> list[object]:
    try:
        with torch.serialization.safe_globals(_ALLOWED):
            content = torch.load(file, map_location="cpu", weights_only=True)
    except Exception as fault:  # torch raises a dozen classes on damaged files
        reason = f"{type(fault).__name__}: {fault}".splitlines()[0]
        problem = f"expected a list of plain data, saved by torch; no code was run: {reason}"
        raise BadInputError(problem, file=file) from fault
    if not isinstance(content, list):
        problem = f"expected a list of annotations, not {type(content).__name__}"
        raise BadInputError(problem, file=file)
    return content


def _fields(row: object, split: str) -> Mapping[str, object]:
    if not isinstance(row, list | tuple) or len(row) not in PLACES:
        problem = "expected (image, mask, box, expression, attributes) or (image, box, expression)"
        raise BadInputError(f"{problem}, not {type(row).__name__}")
    image, box, expression = (_plain(row[place]) for place in PLACES[len(row)])
    return {
        names.IMAGE: image,
        names.BOX: box,
        names.EXPRESSION: expression,
        names.SPLIT: split,
    }


def _plain(value: object) -> object:
    """Convert arrays and tensors to lists of numbers."""
    if isinstance(value, np.ndarray | np.generic | torch.Tensor):
        value = value.tolist()
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    return value
