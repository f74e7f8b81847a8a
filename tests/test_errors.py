"""A fault names its place, in this process and in another."""

import pickle
from functools import partial

import pytest

from vg_mc.boxes.judging import DeclaredBoxes
from vg_mc.errors import BadInputError
from vg_mc.inference.box_files import read_boxes
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


def test_a_fault_of_a_worker_names_file_and_record(tmp_path):
    file = tmp_path / "boxes.json"
    file.write_text("[[1, 2, 3, 4], [1, 2]]")

    read = partial(read_boxes, size=(9, 9), declared=DeclaredBoxes("xyxy", "pixels"))
    with pytest.raises(BadInputError) as caught:
        list(unordered_results(read, [file, file], 2))

    assert (caught.value.file, caught.value.record) == (str(file), "box 1")
