"""Names become proposers, and what is set has a use."""

from pathlib import Path

import pytest

from vg_mc.errors import BadInputError
from vg_mc.proposers.choice import ProposerChoice
from vg_mc.proposers.naming import Finding, check_finding, kinds_of, named_proposer


@pytest.fixture
def files(tmp_path) -> dict[str, Path]:
    for name in ("weights", "proposals"):
        (tmp_path / name).touch()
    (tmp_path / "detector").mkdir()
    return {name: tmp_path / name for name in ("weights", "detector", "proposals")}


def test_a_union_is_taken_apart_in_its_order():
    assert kinds_of("stored+annotations+yolo", "--proposer") == ("stored", "annotations", "yolo")


def test_one_proposer_is_itself_and_keeps_all_boxes(files):
    finding = Finding(weights=files["weights"], detector_size=320, device="cuda")

    expected = ProposerChoice("yolo", files["weights"], detector_size=320, device="cuda", nms=1.0)
    assert named_proposer("yolo", finding) == expected


def test_a_union_has_its_files_in_order_and_no_two_boxes_on_one_thing(files):
    choice = named_proposer("stored+transformers+yolo", Finding(**files, detector_size=320))

    assert choice.kind == "stored+transformers+yolo"
    sources = [files["proposals"], files["detector"], files["weights"]]
    assert [member.source for member in choice.members] == sources
    assert [member.detector_size for member in choice.members] == [None, None, 320]
    assert [member.model for member in choice.members] == ["", "detector", ""]
    assert {member.nms for member in (choice, *choice.members)} == {0.7}
    assert named_proposer("stored+transformers+yolo", Finding(**files, nms=0.9)).nms == 0.9


@pytest.mark.parametrize(
    ("text", "settings", "problem"),
    [
        ("yolo", {}, "--proposer: the proposer yolo needs --weights"),
        ("YOLO", {}, "no proposer is called 'YOLO'; there are yolo, transformers, stored, and"),
        ("annotations", {}, "no proposer is called 'annotations'"),
        ("yolo+yolo", {}, "expected each proposer once, not yolo"),
        ("yolo", {"weights": Path("absent.pt")}, "absent.pt, --weights: there is no such file"),
        ("transformers", {"detector": Path("ab sent")}, "ab sent: expected a folder, or the id of"),
    ],
)
def test_a_proposer_that_cannot_be_had_is_told(text, settings, problem):
    with pytest.raises(BadInputError) as fault:
        named_proposer(text, Finding(**settings))

    assert problem in str(fault.value)


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ({"confidence": 1.5}, "--confidence: expected 0 to 1, not 1.5"),
        ({"nms": -1}, "--nms: expected 0 to 1, not -1"),
        ({"max_proposals": 0}, "--max-proposals: expected 1 or more, not 0"),
        ({"weights": Path()}, "--weights: it is for the proposer yolo, which is not asked"),
        ({"detector_size": 320}, "--detector-size: it is for the proposer yolo"),
    ],
)
def test_a_setting_without_sense_or_use_is_refused(settings, problem):
    with pytest.raises(BadInputError) as fault:
        check_finding(Finding(**settings), ())

    assert problem in str(fault.value)
