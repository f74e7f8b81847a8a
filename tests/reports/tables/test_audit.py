"""An audit says what was found in words, and writes the same as JSON."""

import json

import pytest

from vg_mc.prepared.auditing import Audit, audit
from vg_mc.prepared.detector_exposure import Exposure
from vg_mc.reports.tables.audit import audit_text, write_audit

A, B, C = "a.jpg", "b.jpg", "c.jpg"


@pytest.fixture
def found(make_sentences, tmp_path):
    dataset = make_sentences(
        tmp_path / "set",
        {
            "train": [(A, "x", 0), (A, "x", 1), (B, "x", 0)],
            "val": [(B, "x", 0), (C, "x", 0)],
            "test": [(C, "x", 0)],
        },
    )
    return audit([dataset]), {"refcoco_unc": Exposure.LIKELY}


def test_leaks_come_first_and_are_called_so(found):
    lines = audit_text(*found).splitlines()

    assert "refcoco_unc train 2 3 0 2".split() in [line.split() for line in lines]
    leak = next(place for place, line in enumerate(lines) if "LEAK" in line)
    assert lines[leak].split()[:7] == "refcoco_unc train refcoco_unc val 1 1 0".split()
    assert "both for evaluation" in lines[leak + 1]
    assert lines[-1].startswith("1 training images are in no evaluation split")


def test_a_detector_that_has_seen_the_test_is_flagged_and_explained(found):
    text = audit_text(*found)

    assert "DETECTOR: refcoco_unc: has COCO's categories, so it was most likely" in text
    assert "coco_minus_refer" in text


def test_without_cause_nothing_is_flagged(found):
    parts = found[0].parts

    text = audit_text(Audit(parts[:1], [], [], []), {"refcoco_unc": Exposure.NONE})

    assert "no image is in two splits" in text
    assert "refcoco_unc: no detector on COCO images" in text
    assert text.endswith("\n0 training images are in no evaluation split")
    assert not {"LEAK", "DETECTOR", "minus_refer"} & set(text.split())


def test_the_files_hold_what_was_found(found, tmp_path):
    write_audit(*found, tmp_path / "audit")

    assert (tmp_path / "audit" / "fair_photos.txt").read_text() == "a.jpg\n"
    found = json.loads((tmp_path / "audit" / "audit.json").read_text())
    assert found["fair_photos"] == ["a.jpg"]
    assert found["splits"][0] == {
        "dataset": "refcoco_unc",
        "split": "train",
        "photos": 2,
        "expressions": 3,
        "duplicates": 0,
        "ambiguous": 2,
    }
    assert found["shared"][0] == {
        "first": "refcoco_unc train",
        "second": "refcoco_unc val",
        "photos": 1,
        "expressions": 1,
        "leaks": True,
        "probably_the_same": [],
    }
    assert found["compared_by_name_only"] == ["refcoco_unc"]
    assert found["detectors"] == {"refcoco_unc": "likely"}
