from pathlib import Path

import pytest

from tests.refusals import refused
from vg_mc.corpora.inspection import Inspection
from vg_mc.errors import BadInputError
from vg_mc.records import Rejected

FILE = Path("folder/refs(unc).p")


def test_the_first_fault_stops_and_gets_its_place():
    inspection = Inspection(skip_bad=False)

    with (
        refused(file="refs(unc).p", record="ref_id 3"),
        inspection.record(FILE, "ref_id 3"),
    ):
        raise BadInputError("no text")


def test_a_skipped_fault_is_noted_and_leaves_the_block():
    inspection = Inspection(skip_bad=True)
    done = []

    for number in (1, 2, 3):
        with inspection.record(FILE, f"ref_id {number}"):
            if number == 2:
                raise BadInputError("no text")
            done.append(number)

    assert done == [1, 3]
    assert inspection.rejected == [Rejected("refs(unc).p", "ref_id 2", "no text")]


def test_only_bad_input_is_skipped():
    with pytest.raises(ZeroDivisionError), Inspection(skip_bad=True).record(FILE, "ref_id 1"):
        _ = 1 / 0
