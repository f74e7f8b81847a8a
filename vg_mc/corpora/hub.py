"""Reader of RefCOCO mirrors on the Hugging Face hub and of Parquet folders with the same layout.

No mirror contains all boxes of an image, which are the negatives of multiple choice. COCO's
``instances_train2014.json`` does; it is joined on the image id.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple, NoReturn

from vg_mc.boxes.judging import DeclaredBoxes
from vg_mc.corpora import expression_records as names
from vg_mc.corpora.assembly import Source, assemble
from vg_mc.corpora.embedded_images import EmbeddedPhotos
from vg_mc.corpora.expression_records import ExpressionRecord, as_expression_record
from vg_mc.corpora.frames import ImageFrames
from vg_mc.corpora.hub_layouts import Layout, Row, find_layout, sentences_of
from vg_mc.corpora.inspection import Inspection
from vg_mc.corpora.rows import count_rows, read_columns, read_rows
from vg_mc.corpora.table_files import without_hidden
from vg_mc.errors import BadInputError
from vg_mc.records import Corpus, ImageFolder

_SPLIT_IN_NAME = re.compile(r"(?:^|[-_.])(train|validation|val|testA|testB|test)(?=$|[-_.])")
_REFER_NAMES = {"validation": "val"}
MIXED = "-mixed"  # suffix of a split that is known to combine two corpora

TEST_A_ROWS = 1_975  # references in testA of RefCOCO and of RefCOCO+
MIN_PROMPT_ROWS = 10  # this many identical expressions are a prompt


class Mirror(NamedTuple):
    """A corpus and properties of its layout.

    Attributes:
        has_references: Whether the mirror groups expressions by reference.
        has_photos: Whether its tables contain the images.
    """

    corpus: Corpus
    has_references: bool
    has_photos: bool


class SplitFile(NamedTuple):
    """A file of rows and the split in its name."""

    path: Path
    split: str


def read_hub(
    folder: Path,
    images_folder: ImageFolder,
    *,
    name: str,
    splits: tuple[str, ...],
    declared: DeclaredBoxes,
    skip_bad: bool,
    candidates_file: Path | None = None,
) -> Mirror:
    """Read the Parquet files of a folder.

    Args:
        folder: Searched recursively.
        images_folder: Folder of the images. Images embedded in the files are written to it.
        name: Name of the corpus.
        splits: The splits to read; all if empty. A split that combines two corpora is read only
            under a name that ends in ``-mixed``.
        declared: The convention of the boxes where it is not that of the layout.
        skip_bad: Collect bad records in the corpus' `rejected` instead of stopping at the first.
        candidates_file: A file in the format of COCO's ``instances.json`` with all boxes of every
            image.

    Raises:
        BadInputError: If the files are in no known layout, or at the first bad record.
    """
    inspection = Inspection(skip_bad=skip_bad)
    found = sorted(path for path in folder.rglob("*.parquet") if path.is_file())
    paths = without_hidden(found, inspection)
    if not paths:
        raise BadInputError("expected a folder with Parquet files, found none", file=folder)
    layout = _common_layout(paths)
    files = _split_files(paths, layout, splits)
    photos = EmbeddedPhotos(images_folder)
    records = _expression_records(files, layout, photos, splits, inspection)
    _require_expressions(records)
    source = Source(
        name=name,
        files=[file.path for file in files],
        frames=ImageFrames(images_folder),
        declared=declared.or_else(layout.boxes),
        candidates_file=candidates_file,
    )
    return Mirror(assemble(records, source, inspection), layout.references, layout.has_photos)


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


def _split_files(paths: list[Path], layout: Layout, selected: tuple[str, ...]) -> list[SplitFile]:
    """Determine the split of each file from its name or folder, and drop unselected splits."""
    files = [SplitFile(path, _split_in_name(path)) for path in paths]
    rows: Counter[str] = Counter()
    for file in files:
        rows[file.split] += count_rows(file.path)
    renamed = {split: _refer_name(split, rows) for split in rows}
    for split, clean in layout.checked_splits:
        if split in rows and rows[split] not in clean:
            renamed[split] = split + MIXED
            if not selected or split in selected:
                _refuse_mixed(split, rows[split], paths[0].parent)
    files = [SplitFile(file.path, renamed[file.split]) for file in files]
    if "split" not in layout.optional_columns:  # otherwise it is a column
        _require_splits(selected, set(renamed.values()), paths[0].parent)
        files = [file for file in files if not selected or file.split in selected]
    return files


def _require_splits(selected: tuple[str, ...], found: set[str], folder: Path) -> None:
    missing = [split for split in selected if split not in found]
    if missing:
        there = ", ".join(sorted(found))
        problem = f"no split is called {', '.join(missing)}; the splits are {there}"
        raise BadInputError(problem, file=folder)


def _refuse_mixed(split: str, rows: int, folder: Path) -> NoReturn:
    raise BadInputError(
        f"the split {split} of this mirror has {rows:,} references, which matches no official "
        f"split; it appears to mix in Google's split, whose images overlap with train. Choose "
        f"other splits with --splits, or select it as {split}{MIXED}",
        file=folder,
    )


def _split_in_name(path: Path) -> str:
    found = _SPLIT_IN_NAME.findall(path.stem) or _SPLIT_IN_NAME.findall(path.parent.name)
    if not found:
        problem = "expected a split in the name of the file or its folder, like val-00000.parquet"
        raise BadInputError(problem, file=path)
    return str(found[-1])


def _refer_name(split: str, rows: Counter[str]) -> str:
    """Return the name of a split in REFER; some mirrors call testA ``test``."""
    is_test_a = "testA" not in rows and ("testB" in rows or rows[split] == TEST_A_ROWS)
    if split == "test" and is_test_a:
        return "testA"
    return _REFER_NAMES.get(split, split)


def _expression_records(
    files: list[SplitFile],
    layout: Layout,
    photos: EmbeddedPhotos,
    selected: tuple[str, ...],
    inspection: Inspection,
) -> list[ExpressionRecord]:
    records = []
    found = set()
    for file, position, row in _rows(files, layout, photos):
        split = _split_of_row(row.cells, file.split)
        found.add(split)
        if selected and split not in selected:
            continue
        sentences = sentences_of(layout, row.cells)
        for place, sentence in enumerate(sentences):
            record = f"row {position}, sentence {place}"
            with inspection.record(file.path, record):
                fields = layout.translate(row, sentence) | {names.SPLIT: split}
                records.append(as_expression_record(fields, file.path, record, inspection))
        if not sentences:
            with inspection.record(file.path, f"row {position}"):
                raise BadInputError(
                    f"expected a list with sentences as {layout.sentences}, found another value"
                )
    _require_splits(selected, found, files[0].path.parent)
    return records


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
    """Return the split in a row, or that of the file; a row of testA may contain ``test``."""
    own = cells.get("split")
    if not isinstance(own, str) or not own.strip():
        return split_of_file
    own = _REFER_NAMES.get(own.strip(), own.strip())
    return split_of_file if (own, split_of_file) == ("test", "testA") else own


def _require_expressions(records: list[ExpressionRecord]) -> None:
    """Raise if all rows contain the same text, which is then a prompt."""
    texts = {record.text for record in records}
    if len(records) >= MIN_PROMPT_ROWS and len(texts) == 1:
        text = next(iter(texts))
        problem = f"expected expressions, but all {len(records):,} are {text!r}, probably a prompt"
        raise BadInputError(problem, file=records[0].file)
