"""Predictions survive the way to disk, and a file with wrong ones is refused."""

import contextlib
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.predictions.made import changed, moved_targets, proposed_by
from tests.refusals import refused
from vg_mc.errors import BadInputError
from vg_mc.predictions import (
    FILE_NAME,
    Provenance,
    first_difference,
    outcomes,
    read_predictions,
    write_predictions,
)
from vg_mc.predictions.columns import declared

PROVENANCE = Provenance(
    name="a, β",
    split="val",
    data_hash="0123",
    corpus="refcoco_unc",
    proposals=proposed_by("annotations+yolo", source="best.pt", nms=0.7),
    detector_exposure="unknown",
    model_hash="abc",
    members=("one", "other"),
    weighting="equal",
    notes={"β": "\u2028"},
)


@pytest.mark.parametrize("expressions", [0, 1, 12])
@pytest.mark.parametrize("kind", ["choices", "boxes", "boxes without confidences"])
def test_a_round_trip_is_exact(make_predictions, tmp_path, expressions, kind):
    written = replace(make_predictions(expressions=expressions), provenance=PROVENANCE)
    if kind != "choices":
        written = moved_targets(written)
    if kind == "boxes without confidences":
        written = changed(written, confidences=None)

    write_predictions(written, tmp_path)
    read = read_predictions(tmp_path)

    assert repr(read.provenance) == repr(written.provenance)  # also in the order of settings
    for before, after in ((written.examples, read.examples), (written.answers, read.answers)):
        assert type(before) is type(after)
        assert list(declared(before)) == list(declared(after))
        for name in declared(before):
            check_equal(getattr(before, name), getattr(after, name))


def check_equal(before: object, after: object) -> None:
    if isinstance(before, np.ndarray):
        assert (before.dtype, before.shape) == (after.dtype, after.shape)
        assert np.array_equal(before, after, equal_nan=np.issubdtype(before.dtype, np.floating))
    elif before and isinstance(before[0], np.ndarray):
        for one, other in zip(before, after, strict=True):
            check_equal(one, other)
    else:
        assert before == after


def test_the_same_predictions_are_the_same_bytes(make_predictions, tmp_path):
    for folder in ("first", "second"):
        write_predictions(make_predictions(), tmp_path / folder)

    first, second = ((tmp_path / folder / FILE_NAME).read_bytes() for folder in ("first", "second"))
    assert first == second


def test_pandas_opens_the_file_too(make_predictions, tmp_path):
    predictions = make_predictions()
    write_predictions(predictions, tmp_path)

    table = pq.read_table(tmp_path / FILE_NAME).to_pandas()

    assert table["text"].tolist() == predictions.examples.texts
    assert table["logits"][3].tolist() == predictions.answers.logits[3].tolist()


def test_a_folder_without_predictions_says_who_writes_them(tmp_path):
    with refused("predictions.parquet"):
        read_predictions(tmp_path)


def test_a_cut_file_is_refused_by_name(make_predictions, tmp_path):
    write_predictions(make_predictions(), tmp_path)
    path = tmp_path / FILE_NAME
    path.write_bytes(path.read_bytes()[:-20])

    with refused(file="predictions.parquet"):
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
            assert all(map(np.array_equal, written.answers.logits, read.answers.logits))


def rewritten(tmp_path, make_predictions, change) -> None:
    """Write good predictions, then replace the file by `change` of its table."""
    write_predictions(make_predictions(), tmp_path)
    table = pq.read_table(tmp_path / FILE_NAME)
    pq.write_table(change(table), tmp_path / FILE_NAME)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda table: table.drop_columns("logits"), "column logits"),
        (
            lambda table: table.set_column(2, "image_id", pa.array(["1"] * len(table))),
            "image_id int64",
        ),
        (lambda table: table.replace_schema_metadata({}), "metadata"),
        (lambda table: table.replace_schema_metadata({"vg_mc": "{"}), "metadata"),
        (lambda table: table.replace_schema_metadata({"vg_mc": "[]"}), "metadata"),
        (
            lambda table: table.replace_schema_metadata({"vg_mc": '{"schema": 3, "kind": "?"}'}),
            "metadata",
        ),
        (
            lambda table: table.replace_schema_metadata({"vg_mc": '{"schema": 2, "facts": {}}'}),
            "3 2",
        ),
    ],
)
def test_a_file_of_another_kind_is_refused(tmp_path, make_predictions, change, message):
    rewritten(tmp_path, make_predictions, change)

    with refused(*message.split()):
        read_predictions(tmp_path)


def with_logits(table: pa.Table, row: int, values: list[float]) -> pa.Table:
    """Return the table with the logits of one row replaced, types kept."""
    logits = table.column("logits").to_pylist()
    logits[row] = values
    position = table.schema.get_field_index("logits")
    field = table.schema.field("logits")
    return table.set_column(position, field, pa.array(logits, field.type))


def test_the_first_expression_with_a_nan_logit_is_named(tmp_path, make_predictions):
    def spoil(table):
        logits = table.column("logits").to_pylist()
        for row in (5, 4):
            table = with_logits(table, row, [*logits[row][:-1], float("nan")])
        return table

    rewritten(tmp_path, make_predictions, spoil)

    with refused("finite") as caught:
        read_predictions(tmp_path)
    assert caught.value.record == "expression 128"


def test_too_few_logits_are_refused_with_the_expression(tmp_path, make_predictions):
    rewritten(tmp_path, make_predictions, lambda table: with_logits(table, 2, []))

    with refused("logits") as caught:
        read_predictions(tmp_path)
    assert caught.value.record == "expression 114"


def test_ious_stand_in_the_file_for_other_readers(make_predictions, tmp_path):
    predictions = make_predictions()
    judged = outcomes(predictions)
    write_predictions(predictions, tmp_path)
    write_predictions(moved_targets(predictions), tmp_path / "boxes")

    table = pq.read_table(tmp_path / FILE_NAME)
    boxes = pq.read_table(tmp_path / "boxes" / FILE_NAME)

    assert table["iou"].to_pylist() == judged.ious.tolist()
    assert table["ious"].to_pylist() == [row.tolist() for row in judged.candidates.ious]
    assert boxes["iou"].to_pylist() == outcomes(moved_targets(predictions)).ious.tolist()
    assert "ious" not in boxes.column_names
