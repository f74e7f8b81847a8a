"""Reader of tables and lists: CSV, TSV, JSON lines, JSON or Parquet, and COCO files.

The columns of this package are ``image`` (a path inside the image folder), ``expression``, ``box``
(four numbers) or four columns (``left, top, right, bottom`` or ``left, top, width, height``),
``split``, and optionally ``id``, ``ref_id``, ``image_id``, ``annotation_id``, ``category``. Without
``split`` the name of the file or its folder contains the split: ``val.csv``. Files of other
programs are read by the layouts of `corpora.table_layouts`.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from vg_mc.boxes.judging import DeclaredBoxes
from vg_mc.corpora import expression_records as names
from vg_mc.corpora.assembly import Source, assemble
from vg_mc.corpora.cells import counter
from vg_mc.corpora.coco_expressions import (
    captioned_images,
    has_captions,
    is_coco,
    read_coco_expressions,
)
from vg_mc.corpora.coco_files import coco_tables
from vg_mc.corpora.coco_folder import united
from vg_mc.corpora.embedded_images import EmbeddedPhotos
from vg_mc.corpora.expression_records import ExpressionRecord, as_expression_record
from vg_mc.corpora.frames import ImageFrames
from vg_mc.corpora.inspection import Inspection
from vg_mc.corpora.instances import COCO_BOXES
from vg_mc.corpora.row_fields import RowFields, RowReader
from vg_mc.corpora.row_images import RowImages
from vg_mc.corpora.rows import json_records, rows_of
from vg_mc.corpora.splits import files_of_splits, splits_of_files
from vg_mc.corpora.table_files import tables_in
from vg_mc.corpora.table_layouts import Names
from vg_mc.errors import BadInputError
from vg_mc.records import Corpus, ImageFolder, Orientation
from vg_mc.system.fields import as_mapping, read_json

# Fields of a row with an id, and of a record.
IDS = {
    names.EXPRESSION_ID: "expression_id",
    names.REF_ID: "ref_id",
    names.IMAGE_ID: "image_id",
    names.ANNOTATION_ID: "annotation_id",
}


def read_table(
    path: Path,
    images_folder: ImageFolder,
    *,
    declared: DeclaredBoxes,
    skip_bad: bool,
    candidates_file: Path | None = None,
    columns: Names | None = None,
    extracted: Path | None = None,
    splits: tuple[str, ...] = (),
    judges_frame: bool = False,
) -> Corpus:
    """Read a table, or all tables of a folder.

    Args:
        path: A file ending in .csv, .tsv, .jsonl, .json or .parquet, or a folder of such files.
        images_folder: Base folder of the names of images, and the frame of the boxes.
        declared: Convention of the boxes where columns or layout do not state it. COCO files are
            always ``xywh`` in pixels.
        skip_bad: Collect bad records in the corpus' `rejected` instead of stopping at the first.
        candidates_file: A file in the format of COCO's ``instances.json`` with all boxes of every
            image.
        columns: Paths of fields in the files, where they are not those of a known layout.
        extracted: Folder that embedded images are written to; None to only measure them.
        splits: Splits in the names of files; files of others are not read. All if empty.
        judges_frame: Whether that frame is only a default; it is then ``stored`` for COCO files.

    Raises:
        BadInputError: If a file is unusable, or at the first bad record.
    """
    inspection = Inspection(skip_bad=skip_bad)
    columns = columns or {}
    files = tables_in(path, inspection)
    split_of = splits_of_files(files)
    files = files_of_splits(split_of, splits, path)
    frames_in = partial(ImageFrames.of, is_declared=not judges_frame)
    stored = replace(images_folder, orientation="stored") if judges_frame else images_folder
    images_folder = images_folder if candidates_file is None else stored
    images = _row_images(images_folder, extracted)
    table = _Table(inspection)
    coco: list[Corpus] = []
    for file in files:
        content = read_json(file) if file.suffix.lower() == ".json" else None
        if is_coco(content) and not has_captions(content):
            _check_coco_flags(declared, candidates_file, columns, file)
            tables, split = coco_tables(content, file), split_of[file]
            frames_of = partial(frames_in, stored, beside=file.parent)
            coco.append(read_coco_expressions(tables, file, frames_of, split, inspection, columns))
        else:
            reader = RowReader(split_of[file], columns, images)
            table.read(file, _rows(file, content), reader)
    if coco:
        return _of_coco(coco, files, path)
    table.add_notes(images)
    declared = _common(declared, table.stated, path)
    folder = _folder_of(images, images_folder, extracted, path)
    records = table.numbered()
    frames = table.frames_of(folder, is_declared=not judges_frame)
    source = Source(path.stem, files, frames, declared, candidates_file)
    return assemble(records, source, inspection)


@dataclass(slots=True)
class _Table:
    """The records of all files, and what their layouts state about boxes."""

    inspection: Inspection
    records: list[ExpressionRecord] = field(default_factory=list)
    stated: set[DeclaredBoxes] = field(default_factory=set)
    text_ids: list[tuple[int, str, str]] = field(default_factory=list)  # row, field, id
    orientations: set[Orientation | None] = field(default_factory=set)
    empty: int = 0

    def read(self, file: Path, rows: Iterable[tuple[str, object]], reader: RowReader) -> None:
        """Add the records of a file."""
        for place, row in rows:
            found: list[RowFields | BadInputError] = []
            with self.inspection.record(file, place):
                if isinstance(row, BadInputError):
                    raise row
                found = list(reader.records(as_mapping(row)))
                if len(found) == 1:
                    self._add(found.pop(), file, place)
            for number, one in enumerate(found):
                name = place if number == 0 else f"{place}, expression {number}"
                with self.inspection.record(file, name):
                    self._add(one, file, name)
        self.empty += reader.empty
        self.orientations |= reader.orientations

    def _add(self, row: RowFields | BadInputError, file: Path, place: str) -> None:
        if isinstance(row, BadInputError):
            raise row
        fields, boxes = row
        texts = {name: fields.pop(name) for name in IDS if isinstance(fields.get(name), str)}
        self.records.append(as_expression_record(fields, file, place, self.inspection))
        self.stated.add(boxes)
        for name, text in texts.items():
            self.text_ids.append((len(self.records) - 1, name, str(text)))

    def numbered(self) -> list[ExpressionRecord]:
        """Return the records; ids that are texts are numbered after those that are numbers.

        Images are identified by their files, so that their texts are not needed.
        """
        for name, attribute in IDS.items():
            texts = [(row, text) for row, field_, text in self.text_ids if field_ == name]
            if not texts:
                continue
            following = counter(getattr(one, attribute) for one in self.records)
            numbers = {text: following() for text in dict.fromkeys(text for _, text in texts)}
            for row, text in texts if name != names.IMAGE_ID else ():
                self.records[row] = replace(self.records[row], **{attribute: numbers[text]})  # type: ignore[arg-type]  # an id
            first = next(iter(numbers))
            self.inspection.notes.append(
                f"{len(numbers):,} values of {name} are texts, such as {first!r}, and get numbers"
            )
        return self.records

    def frames_of(self, folder: ImageFolder, *, is_declared: bool) -> ImageFrames:
        """Return the frames of all images; that of the layout is declared, too."""
        stated = next(iter(self.orientations)) if len(self.orientations) == 1 else None
        if stated is not None and not is_declared:
            folder, is_declared = replace(folder, orientation=stated), True
        names_of_images = (one.file_name for one in self.records)
        return ImageFrames.of(folder, names_of_images, is_declared=is_declared)

    def add_notes(self, images: RowImages) -> None:
        """Note what the summary says about rows and images."""
        notes = self.inspection.notes
        if self.empty:
            notes.append(f"records without an expression, which are not read: {self.empty:,}")
        if images.renamed is not None:
            written, found = images.renamed
            notes.append(f"images are found by the end of their path: {written} as {found}")


def _row_images(folder: ImageFolder, extracted: Path | None) -> RowImages:
    embedded_in = replace(folder, path=extracted or folder.path)
    return RowImages(folder.path, EmbeddedPhotos(embedded_in, is_written=extracted is not None))


def _folder_of(
    images: RowImages, named: ImageFolder, extracted: Path | None, path: Path
) -> ImageFolder:
    """Return the folder of the images that rows name, or of those that rows contain."""
    if images.embedded and images.named:
        problem = (
            "expected images in all rows or file names in all rows, found both; prepare the tables "
            "with embedded images apart"
        )
        raise BadInputError(problem, file=path)
    return replace(named, path=extracted or named.path) if images.embedded else named


def _rows(file: Path, content: object) -> Iterable[tuple[str, object]]:
    """Return the rows of a file; those of JSON and MDETR are in its `content`."""
    if is_coco(content):
        return captioned_images(coco_tables(content, file))
    return rows_of(file) if content is None else json_records(content, file)


def _check_coco_flags(
    declared: DeclaredBoxes, candidates_file: Path | None, columns: Names, file: Path
) -> None:
    """Raise an error if a flag contradicts what COCO defines."""
    if declared.or_else(COCO_BOXES) != COCO_BOXES or candidates_file is not None:
        problem = "COCO boxes are always xywh in pixels, and its annotations are the candidates"
        flags = "--box-format, --box-unit and --instances"
        raise BadInputError(f"{problem}; remove {flags}", file=file)
    unused = sorted(columns.keys() - {names.EXPRESSION, names.SPLIT})
    if unused:
        problem = f"COCO defines all fields but {names.EXPRESSION} and {names.SPLIT}"
        raise BadInputError(f"{problem}; remove {', '.join(unused)}", file=file, record="--columns")


def _of_coco(coco: list[Corpus], files: list[Path], path: Path) -> Corpus:
    """Return the corpus of COCO files only."""
    if len(files) == 1:
        return coco[0]
    read = [file for corpus in coco for file in corpus.source_files]
    others = [file.name for file in files if file not in read]
    if others:
        problem = f"expected COCO files only or none, found {read[0].name} and {others[0]}"
        raise BadInputError(f"{problem}; choose one file with --annotations", file=path)
    return united(coco, path.stem, path)


def _common(asked: DeclaredBoxes, written: set[DeclaredBoxes], path: Path) -> DeclaredBoxes:
    """Return what is stated about all boxes: by the flags, else by column names or the layout."""
    if len(written) > 1:
        named = " and ".join(sorted(map(str, written)))
        raise BadInputError(f"expected boxes of one convention, found {named}", file=path)
    stated = written.pop() if written else DeclaredBoxes()
    agreed = asked.or_else(stated)
    if stated.order not in (None, agreed.order):
        problem = f"--box-format is {agreed.order}, but the columns are those of {stated.order}"
        raise BadInputError(problem, file=path)
    return agreed
