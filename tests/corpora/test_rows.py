from contextlib import suppress

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.refusals import refused
from vg_mc.corpora.rows import ROWS_AT_ONCE, count_rows, read_columns, read_rows
from vg_mc.errors import BadInputError


@pytest.fixture
def file(tmp_path):
    rows = [{"image": f"{number}.jpg", "box": [number, 2.5]} for number in range(150)]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "val.parquet")
    return tmp_path / "val.parquet"


def test_all_rows_come_in_order(file):
    rows = list(read_rows(file))

    assert len(rows) == count_rows(file) == 150 > 2 * ROWS_AT_ONCE
    assert rows[149] == {"image": "149.jpg", "box": [149.0, 2.5]}
    assert read_columns(file) == ["image", "box"]


def test_only_columns_that_are_wanted_and_there_are_read(file):
    assert next(read_rows(file, ["box", "split"])) == {"box": [0.0, 2.5]}


@pytest.mark.parametrize("content", [None, b"", b"PAR1", b"a,b\n1,2\n" * 99])
def test_what_is_no_parquet_file_is_refused(content, tmp_path):
    file = tmp_path / "val.parquet"
    if content is not None:
        file.write_bytes(content)

    for read in (read_columns, count_rows, lambda path: list(read_rows(path))):
        with refused(file="val.parquet"):
            read(file)


@given(st.data())
@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_damaged_file_is_read_or_refused(file, data):
    content = bytearray(file.read_bytes())
    for _ in range(3):
        content[data.draw(st.integers(0, len(content) - 1))] ^= data.draw(st.integers(1, 255))
    damaged = file.with_name("damaged.parquet")
    damaged.write_bytes(bytes(content[: data.draw(st.sampled_from([len(content), 900]))]))

    with suppress(BadInputError):
        list(read_rows(damaged))
