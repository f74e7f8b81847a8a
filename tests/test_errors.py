"""A fault names its place, in this process and in another."""

import pickle
from functools import partial

import pytest

from vg_mc.errors import BadInputError
from vg_mc.system.workers import unordered_results


@pytest.mark.parametrize(
    ("place", "message"),
    [
        ({}, "expected a box"),
        ({"file": "refs.p"}, "refs.p: expected a box"),
        ({"record": "ref 7"}, "ref 7: expected a box"),
        ({"file": "refs.p", "record": "ref 7"}, "refs.p, ref 7: expected a box"),
    ],
)
def test_the_message_says_where_and_what(place, message):
    assert str(BadInputError("expected a box", **place)) == message


def test_a_fault_crosses_to_another_process_whole():
    fault = BadInputError("expected a box", file="refs.p", record="ref 7")

    copy = pickle.loads(pickle.dumps(fault))

    assert (copy.problem, copy.file, copy.record) == ("expected a box", "refs.p", "ref 7")
    assert str(copy) == str(fault)


def rejecting(file, record):
    raise BadInputError("expected two columns", file=file, record=record)


def test_a_fault_of_a_worker_names_file_and_record(tmp_path):
    file = tmp_path / "table.csv"
    file.write_text("image\n")
    read = partial(rejecting, record="line 1")

    with pytest.raises(BadInputError) as caught:
        list(unordered_results(read, [file, file], 2))

    assert (caught.value.file, caught.value.record) == (str(file), "line 1")
