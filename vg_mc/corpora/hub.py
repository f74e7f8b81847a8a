"""Mirrors of RefCOCO on the Hugging Face hub, or folders of Parquet files laid out like them.

None of them has all boxes of a photo, the wrong answers of multiple choice: COCO's
``instances_train2014.json`` has, joined on the number of the image.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple, NoReturn

import numpy as np

from vg_mc.boxes.arithmetic import as_boxes
from vg_mc.boxes.formats import BoxFormat, fits
from vg_mc.corpora import expression_records as names
from vg_mc.corpora.assembly import Source, assemble
from vg_mc.corpora.embedded_images import EmbeddedPhotos
from vg_mc.corpora.expression_records import Statement, as_statement
from vg_mc.corpora.hub_layouts import Layout, Row, find_layout, sentences_of
from vg_mc.corpora.inspection import Inspection
from vg_mc.corpora.rows import count_rows, read_columns, read_rows
from vg_mc.errors import BadInputError
from vg_mc.records import Corpus

_SPLIT_IN_NAME = re.compile(r"(?:^|[-_.])(train|validation|val|testA|testB|test)(?=$|[-_.])")
_OUR_NAMES = {"validation": "val"}
MIXED = "-mixed"  # ends the name of a split that is known to be two

TEST_A_ROWS = 1_975  # references in testA of RefCOCO and of RefCOCO+
A_PROMPT = 10  # so many expressions that are all the same are none


class Mirror(NamedTuple):
    """A corpus, and what its layout tells.

    Attributes:
        has_references: Whether it says which sentences belong to one reference.
        has_photos: Whether photos were in its tables.
    """

    corpus: Corpus
    has_references: bool
    has_photos: bool


class SplitFile(NamedTuple):
    """A file of rows, and the split that its name tells."""

    path: Path
    split: str


def read_hub(
    folder: Path,
    images_folder: Path,
    *,
    name: str,
    splits: tuple[str, ...],
    box_format: BoxFormat | None,
    skip_bad: bool,
    candidates_file: Path | None = None,
) -> Mirror:
    """Read the Parquet files of a folder.

    Args:
        folder: Searched with all folders in it.
        images_folder: Holds the photos; photos inside of the files are written to it.
        name: Of the corpus.
        splits: What to read; all if empty. A split that mixes two corpora has to be asked for by a
            name that ends in ``-mixed``.
        box_format: What the four numbers are; None for what the layout or the numbers tell.
        skip_bad: Collect bad records in the corpus' `rejected` instead of stopping at the first.
        candidates_file: A file like COCO's ``instances.json`` with all boxes of every image.

    Raises:
        BadInputError: If the files are in no known layout, or at the first bad record.
    """
    paths = sorted(path for path in folder.rglob("*.parquet") if path.is_file())
    if not paths:
        raise BadInputError("expected a folder with Parquet files, but there are none", file=folder)
    layout = _common_layout(paths)
    files = _split_files(paths, layout, splits)
    inspection = Inspection(skip_bad=skip_bad)
    photos = EmbeddedPhotos(images_folder)
    statements = _statements(files, layout, photos, splits, inspection)
    _require_expressions(statements)
    source = Source(
        name=name,
        files=[file.path for file in files],
        images_folder=images_folder,
        box_format=box_format or layout.box_format or _found_format(statements, files[0].path),
        candidates_file=candidates_file,
    )
    return Mirror(assemble(statements, source, inspection), layout.references, layout.has_photos)


def _common_layout(paths: list[Path]) -> Layout:
    layouts = {}
    for path in paths:
        try:
            found = find_layout(read_columns(path))
        except BadInputError as fault:
            raise BadInputError(fault.problem, file=path) from fault
        layouts[found.name] = found
    if len(layouts) > 1:
        raise BadInputError(f"expected one layout, not {'; '.join(layouts)}", file=paths[0].parent)
    return layouts.popitem()[1]


def _split_files(paths: list[Path], layout: Layout, wanted: tuple[str, ...]) -> list[SplitFile]:
    """Find the split of each file, by its name or its folder's, and leave out what nobody wants."""
    files = [SplitFile(path, _split_in_name(path)) for path in paths]
    rows: Counter[str] = Counter()
    for file in files:
        rows[file.split] += count_rows(file.path)
    ours = {split: _our_name(split, rows) for split in rows}
    for split, clean in layout.checked_splits:
        if split in rows and rows[split] not in clean:
            ours[split] = split + MIXED
            if not wanted or split in wanted:
                _refuse_mixed(split, rows[split], paths[0].parent)
    files = [SplitFile(file.path, ours[file.split]) for file in files]
    if "split" not in layout.optional_columns:  # else the rows decide
        _require_splits(wanted, set(ours.values()), paths[0].parent)
        files = [file for file in files if not wanted or file.split in wanted]
    return files


def _require_splits(wanted: tuple[str, ...], found: set[str], folder: Path) -> None:
    missing = [split for split in wanted if split not in found]
    if missing:
        there = ", ".join(sorted(found))
        problem = f"no split is called {', '.join(missing)}; there are {there}"
        raise BadInputError(problem, file=folder)


def _refuse_mixed(split: str, rows: int, folder: Path) -> NoReturn:
    raise BadInputError(
        f"the split {split} of this mirror has {rows:,} references, the number of no one corpus: "
        f"it mixes in a split of Google, whose photos are in train elsewhere. Choose others by "
        f"--splits, or ask for it as {split}{MIXED}",
        file=folder,
    )


def _split_in_name(path: Path) -> str:
    found = _SPLIT_IN_NAME.findall(path.stem) or _SPLIT_IN_NAME.findall(path.parent.name)
    if not found:
        problem = "expected a split in the name of the file or its folder, like val-00000.parquet"
        raise BadInputError(problem, file=path)
    return str(found[-1])


def _our_name(split: str, rows: Counter[str]) -> str:
    """Spell a split as REFER does; ``test`` beside testB, or with testA's rows, is testA."""
    is_test_a = "testA" not in rows and ("testB" in rows or rows[split] == TEST_A_ROWS)
    if split == "test" and is_test_a:
        return "testA"
    return _OUR_NAMES.get(split, split)


def _statements(
    files: list[SplitFile],
    layout: Layout,
    photos: EmbeddedPhotos,
    wanted: tuple[str, ...],
    inspection: Inspection,
) -> list[Statement]:
    statements = []
    found = set()
    for file, position, row in _rows(files, layout, photos):
        split = _split_of_row(row.cells, file.split)
        found.add(split)
        if wanted and split not in wanted:
            continue
        sentences = sentences_of(layout, row.cells)
        for place, sentence in enumerate(sentences):
            record = f"row {position}, sentence {place}"
            with inspection.record(file.path, record):
                fields = layout.translate(row, sentence) | {names.SPLIT: split}
                statements.append(as_statement(fields, file.path, record, inspection))
        if not sentences:
            with inspection.record(file.path, f"row {position}"):
                raise BadInputError(f"expected a list as {layout.sentences}, with sentences")
    _require_splits(wanted, found, files[0].path.parent)
    return statements


def _rows(
    files: list[SplitFile], layout: Layout, photos: EmbeddedPhotos
) -> Iterator[tuple[SplitFile, int, Row]]:
    number = 0
    for file in files:
        columns = (*layout.columns, *layout.optional_columns)
        for position, cells in enumerate(read_rows(file.path, columns)):
            number += 1
            yield file, position, Row(cells, number, photos)


def _split_of_row(cells: Mapping[str, object], split_of_file: str) -> str:
    """Take the row's own word, which is REFER's, except that it may say test of what is testA."""
    own = cells.get("split")
    if not isinstance(own, str) or not own.strip():
        return split_of_file
    own = _OUR_NAMES.get(own.strip(), own.strip())
    return split_of_file if (own, split_of_file) == ("test", "testA") else own


def _require_expressions(statements: list[Statement]) -> None:
    """Refuse a column of prompts: every row asks the same."""
    texts = {statement.text for statement in statements}
    if len(statements) >= A_PROMPT and len(texts) == 1:
        text = next(iter(texts))
        problem = f"expected expressions, but all {len(statements):,} are {text!r}: is it a prompt?"
        raise BadInputError(problem, file=statements[0].file)


def _found_format(statements: list[Statement], file: Path) -> BoxFormat:
    """Find out whether boxes are corners or have sides: of the wrong ones many leave their photos.

    Raises:
        BadInputError: If both would do, or none.
    """
    sized = [one for one in statements if one.size is not None]
    numbers = as_boxes([one.box for one in sized])
    sizes = np.array([one.size for one in sized], dtype=np.float64).reshape(-1, 2)
    kinds: tuple[BoxFormat, ...] = ("xyxy", "xywh")
    found = [kind for kind in kinds if fits(numbers, kind, sizes)]
    if len(found) != 1:
        could = " and ".join(found) or "neither xyxy nor xywh"
        problem = f"the boxes could be {could}; say by --box-format which it is"
        raise BadInputError(problem, file=file)
    return found[0]
