"""Predictions survive the way to disk, and a file with wrong ones is refused."""

import contextlib
from dataclasses import fields

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from vg_mc.errors import BadInputError
from vg_mc.predictions import FILE_NAME, first_difference, read_predictions, write_predictions
from vg_mc.predictions.parquet import SCHEMA


@pytest.mark.parametrize("expressions", [0, 1, 12])
def test_a_round_trip_is_exact(make_predictions, tmp_path, expressions):
    written = make_predictions(expressions=expressions, facts={"proposals": "yolo", "β": "\u2028"})

    write_predictions(written, tmp_path)
    read = read_predictions(tmp_path)

    for column in (item.name for item in fields(written)):
        before, after = getattr(written, column), getattr(read, column)
        if isinstance(before, list) and before and isinstance(before[0], np.ndarray):
            assert [row.dtype for row in before] == [row.dtype for row in after]
            assert [row.shape for row in before] == [row.shape for row in after]
            assert all(np.array_equal(*pair) for pair in zip(before, after, strict=True)), column
        elif isinstance(before, np.ndarray):
            assert (before.dtype, before.shape) == (after.dtype, after.shape)
            assert np.array_equal(before, after), column
        else:
            assert before == after, column


def test_the_same_predictions_are_the_same_bytes(make_predictions, tmp_path):
    for folder in ("first", "second"):
        write_predictions(make_predictions(), tmp_path / folder)

    first, second = ((tmp_path / folder / FILE_NAME).read_bytes() for folder in ("first", "second"))
    assert first == second


def test_pandas_opens_the_file_too(make_predictions, tmp_path):
    predictions = make_predictions()
    write_predictions(predictions, tmp_path)

    table = pq.read_table(tmp_path / FILE_NAME).to_pandas()

    assert table["text"].tolist() == predictions.texts
    assert table["logits"][3].tolist() == predictions.logits[3].tolist()


def test_a_folder_without_predictions_says_who_writes_them(tmp_path):
    with pytest.raises(BadInputError, match=r"no predictions\.parquet is here; evaluate\.py"):
        read_predictions(tmp_path)


def test_a_cut_file_is_refused_by_name(make_predictions, tmp_path):
    write_predictions(make_predictions(), tmp_path)
    path = tmp_path / FILE_NAME
    path.write_bytes(path.read_bytes()[:-20])

    with pytest.raises(BadInputError, match=r"predictions\.parquet: cannot be read as Parquet"):
        read_predictions(tmp_path)


def test_a_damaged_value_is_noticed(make_predictions, tmp_path):
    written = make_predictions()
    write_predictions(written, tmp_path)
    path = tmp_path / FILE_NAME
    whole = path.read_bytes()
    values_end = len(whole) - 8 - int.from_bytes(whole[-8:-4], "little")  # Parquet's footer follows
    generator = np.random.default_rng(0)

    for place in generator.integers(4, values_end, size=300):
        damaged = bytearray(whole)
        damaged[place] ^= 1 << generator.integers(8)
        path.write_bytes(damaged)
        with contextlib.suppress(BadInputError):
            read = read_predictions(tmp_path)  # a bit that means nothing may be damaged
            assert first_difference(written, read) is None
            assert all(map(np.array_equal, written.logits, read.logits))


def rewritten(tmp_path, make_predictions, change) -> None:
    """Write good predictions, then replace the file by `change` of its table."""
    write_predictions(make_predictions(), tmp_path)
    table = pq.read_table(tmp_path / FILE_NAME)
    pq.write_table(change(table), tmp_path / FILE_NAME)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda table: table.drop_columns("logits"), r"column logits: no such column"),
        (
            lambda table: table.set_column(1, "image_id", pa.array(["1"] * len(table))),
            r"column image_id: expected int64, found string, which may be null",
        ),
        (lambda table: table.replace_schema_metadata({}), "not written by vg_mc"),
        (lambda table: table.replace_schema_metadata({"vg_mc": "{"}), "damaged metadata"),
        (lambda table: table.replace_schema_metadata({"vg_mc": "[]"}), "damaged metadata"),
        (
            lambda table: table.replace_schema_metadata(
                {
                    "vg_mc": '{"schema": 9, "name": "a", "split": "b", "data_hash": "c", '
                    '"facts": {}, "news": 1}'
                }
            ),
            "schema 9, expected 2",
        ),
    ],
)
def test_a_file_of_another_kind_is_refused(tmp_path, make_predictions, change, message):
    rewritten(tmp_path, make_predictions, change)

    with pytest.raises(BadInputError, match=message):
        read_predictions(tmp_path)


def with_logits(table: pa.Table, row: int, values: list[float]) -> pa.Table:
    """Return the table with the logits of one row replaced, types kept."""
    logits = table.column("logits").to_pylist()
    logits[row] = values
    position = SCHEMA.get_field_index("logits")
    return table.set_column(
        position, SCHEMA.field("logits"), pa.array(logits, SCHEMA.field("logits").type)
    )


def test_the_first_expression_with_a_nan_logit_is_named(tmp_path, make_predictions):
    def spoil(table):
        logits = table.column("logits").to_pylist()
        for row in (5, 4):
            table = with_logits(table, row, [*logits[row][:-1], float("nan")])
        return table

    rewritten(tmp_path, make_predictions, spoil)

    with pytest.raises(BadInputError, match="expression 128: logits must be finite, not nan"):
        read_predictions(tmp_path)


def test_too_few_logits_are_refused_with_the_expression(tmp_path, make_predictions):
    rewritten(tmp_path, make_predictions, lambda table: with_logits(table, 2, []))

    with pytest.raises(BadInputError, match=r"expression 114: \d candidates, .* 0 logits, "):
        read_predictions(tmp_path)
