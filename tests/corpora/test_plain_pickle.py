import builtins
import os
import pickle
import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.refusals import refused
from vg_mc.corpora.plain_pickle import read_plain_pickle
from vg_mc.errors import BadInputError

PLAIN = [{"ref_id": 1, "big": 10**20, "box": [0.5, None, True], "sent": "naïve", "t": (1, "x")}]


@pytest.fixture
def written(tmp_path):
    def write(content):
        file = tmp_path / "refs(unc).p"
        file.write_bytes(content)
        return file

    return write


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_plain_data_comes_back_in_every_protocol(protocol, written):
    assert read_plain_pickle(written(pickle.dumps(PLAIN, protocol))) == PLAIN


def python2_pickle(text: bytes) -> bytes:
    """Spell [{'sent': text}] as Python 2 did, with byte strings, in protocol 2."""
    return b"\x80\x02]q\x00}q\x01U\x04sentq\x02U" + bytes([len(text)]) + text + b"q\x03sa."


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"plain", "plain"),
        ("café".encode(), "café"),
        ("café".encode("latin-1"), "café"),
    ],
    ids=["ascii", "utf-8", "latin-1"],
)
def test_byte_strings_of_python_2_become_text(text, expected, written):
    assert read_plain_pickle(written(python2_pickle(text))) == [{"sent": expected}]


def test_protocol_0_of_python_2_is_read(written):
    content = b"(lp0\n(dp1\nS'ref_id'\np2\nI17\nsS'id'\nL42L\nsS'sent'\nVna\\u00efve\np3\nsa."

    assert read_plain_pickle(written(content)) == [{"ref_id": 17, "id": 42, "sent": "naïve"}]


class Payload:
    def __init__(self, function, *arguments):
        self.function, self.arguments = function, arguments

    def __reduce__(self):
        return self.function, self.arguments


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize("function", [os.mkdir, builtins.eval, builtins.getattr, os.system])
def test_nothing_is_run(function, protocol, written, tmp_path):
    canary = tmp_path / "canary"
    argument = str(canary) if function is os.mkdir else f"__import__('os').mkdir({str(canary)!r})"
    file = written(pickle.dumps([Payload(function, argument)], protocol))

    with refused(file="refs(unc).p"):
        read_plain_pickle(file)
    assert not canary.exists()


@pytest.mark.parametrize(
    "content",
    [
        b"cos\nsystem\n(S'true'\ntR.",  # GLOBAL, REDUCE
        b"(S'true'\nios\nsystem\n.",  # INST
        b"\x80\x04\x8c\x02os\x8c\x06system\x93\x8c\x04true\x85R.",  # STACK_GLOBAL
        b"\x80\x02cbuiltins\nobject\n)\x81.",  # NEWOBJ
        b"\x80\x02\x82\x01.",  # EXT1
        b"\x80\x02K\x01Q.",  # BINPERSID
        b"P12\n.",  # PERSID
    ],
)
def test_every_way_out_is_closed(content, written):
    with pytest.raises(BadInputError):
        read_plain_pickle(written(content))


def test_a_place_far_out_in_the_memo_costs_no_memory(written):
    tracemalloc.start()
    assert read_plain_pickle(written(b"\x80\x02]r\xff\xff\xff\x7f.")) == []
    assert tracemalloc.get_traced_memory()[1] < 10**6
    tracemalloc.stop()


def test_a_reference_to_an_outer_object_is_refused(written):
    with refused("12", file="refs(unc).p"):
        read_plain_pickle(written(b"P12\n."))


@pytest.mark.parametrize("length", range(0, 60, 7))
def test_a_truncated_pickle_is_refused(length, written):
    with refused(file="refs(unc).p"):
        read_plain_pickle(written(pickle.dumps(PLAIN)[:length]))


@pytest.mark.parametrize(
    "content",
    [b"", b"not a pickle", b"\x80\xff.", b"<html>404</html>", b"]q\x00X\x02\0\0\0\xff\xfea."],
)
def test_what_is_no_pickle_is_refused(content, written):
    with refused(file="refs(unc).p"):
        read_plain_pickle(written(content))


def test_a_missing_file_is_named(tmp_path):
    with refused(file="gone.p"):
        read_plain_pickle(tmp_path / "gone.p")


@given(st.data())
@settings(max_examples=200)
def test_a_damaged_pickle_raises_our_fault_or_none(tmp_path_factory, data):
    content = bytearray(pickle.dumps(PLAIN, data.draw(st.sampled_from([0, 2]))))
    for _ in range(3):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    file = tmp_path_factory.getbasetemp() / "damaged.p"
    file.write_bytes(content)

    try:
        read_plain_pickle(file)
    except BadInputError as fault:
        assert "damaged.p" in str(fault)  # noqa: PT017 - either outcome is right
