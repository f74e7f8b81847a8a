"""A fault names its place, in this process and in another."""

import pickle

import pytest

from vg_mc.errors import BadInputError


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
