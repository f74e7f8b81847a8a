"""Records of answer files: lines, rows, sheets, and the containers that programs put them in."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from vg_mc.corpora.rows import ENDINGS, rows_of
from vg_mc.errors import BadInputError
from vg_mc.predictions.external.layouts import EXPRESSION, ID, IMAGE, TARGET, USUAL
from vg_mc.system.fields import read_json

SPREADSHEET = ".xlsx"
CONTAINERS = (
    "results",
    "logs",
    "samples",
    "predictions",
    "annotations",
)  # keys of lists of records
KEY, VALUE = "id", "reply"  # fields of a record whose value has none
_OWN_KEYS = {name for field in (ID, IMAGE, EXPRESSION, TARGET) for name in USUAL[field]}

Records = Iterator[tuple[str, object]]  # the name of a record, and the record or its error


def records_of(file: Path) -> Records:
    """Yield the records of a file with their names.

    Raises:
        BadInputError: If the file cannot be read.
    """
    kind = file.suffix.lower()
    if kind == SPREADSHEET:
        return _sheet_rows(file)
    if kind == ".json":
        return _json_records(file)
    if kind not in ENDINGS:
        expected = ", ".join((*ENDINGS, SPREADSHEET))
        raise BadInputError(f"expected a file of answers: {expected}", file=file)
    return rows_of(file)


def _json_records(file: Path) -> Records:
    content = read_json(file)
    if isinstance(content, dict):
        lists = [key for key in CONTAINERS if isinstance(content.get(key), list)]
        if len(lists) == 1:
            content = content[lists[0]]
    if isinstance(content, list):
        yield from ((f"record {place}", row) for place, row in enumerate(content))
    elif isinstance(content, dict):
        yield from ((f"record {key}", _keyed(key, row)) for key, row in content.items())
    else:
        raise BadInputError("expected a list or a mapping of answers", file=file)


def _keyed(key: str, row: object) -> object:
    """Return a value of a mapping as a record; its key is the id if the value has no other key."""
    if not isinstance(row, Mapping):
        return {KEY: key, VALUE: row}
    own = {str(name).lower() for name in row}
    return row if own & _OWN_KEYS else {**row, KEY: key}


def _sheet_rows(file: Path) -> Records:
    try:
        from openpyxl import load_workbook
        from openpyxl.utils.exceptions import InvalidFileException
    except ModuleNotFoundError as fault:
        problem = "spreadsheets require openpyxl: pip install openpyxl, or save the sheet as CSV"
        raise BadInputError(problem, file=file) from fault
    import zipfile

    try:
        book = load_workbook(file, read_only=True, data_only=True)
        rows = book.worksheets[0].iter_rows(values_only=True)
        header = [str(name or "").strip().lower() for name in next(rows, ())]
        for number, cells in enumerate(rows, start=2):
            yield f"row {number}", dict(zip(header, cells, strict=False))
        book.close()
    except (OSError, zipfile.BadZipFile, InvalidFileException, KeyError, ValueError) as fault:
        raise BadInputError(f"expected a spreadsheet: {fault}", file=file) from fault


def is_empty(row: Mapping[object, object]) -> bool:
    """Return True if no cell of a row has a value, as in the last lines of some tables."""
    return all(value is None or str(value).strip() == "" for value in row.values())
