"""Names become proposers, and what is set has a use."""

from pathlib import Path

import pytest

from tests.flat import flat
from vg_mc.errors import BadInputError
from vg_mc.proposers.choice import ProposerChoice
from vg_mc.proposers.registry import (
    KINDS,
    ProposerOptions,
    check_options,
    kinds_of,
    named_proposer,
)
from vg_mc.system.options import changed_flags


@pytest.fixture
def files(tmp_path) -> dict[str, Path]:
    for name in ("weights", "proposals"):
        (tmp_path / name).touch()
    (tmp_path / "detector").mkdir()
    return {name: tmp_path / name for name in ("weights", "detector", "proposals")}


def test_a_union_is_taken_apart_in_its_order():
    assert kinds_of("stored+annotations+yolo", "--proposer") == ("stored", "annotations", "yolo")


def test_one_proposer_is_itself_and_keeps_all_boxes(files):
    options = flat(ProposerOptions, weights=files["weights"], detector_size=320)

    expected = ProposerChoice("yolo", files["weights"], detector_size=320, device="cuda", nms=1.0)
    assert named_proposer("yolo", options, "cuda") == expected


def test_a_union_has_its_files_in_order_and_no_two_boxes_on_one_thing(files):
    choice = named_proposer(
        "stored+transformers+yolo", flat(ProposerOptions, **files, detector_size=320)
    )

    assert choice.kind == "stored+transformers+yolo"
    sources = [files["proposals"], files["detector"], files["weights"]]
    assert [member.source for member in choice.members] == sources
    assert [member.detector_size for member in choice.members] == [None, None, 320]
    assert [member.model for member in choice.members] == ["", "detector", ""]
    assert {member.nms for member in (choice, *choice.members)} == {0.7}
    apart = flat(ProposerOptions, **files, nms=0.9)
    assert named_proposer("stored+transformers+yolo", apart).nms == 0.9


@pytest.mark.parametrize(
    ("text", "settings", "problem"),
    [
        ("yolo", {}, "the proposer yolo requires --weights"),
        ("YOLO", {}, "'YOLO'; available: yolo, transformers, stored, grid"),
        ("annotations", {}, "unknown proposer 'annotations'"),
        ("yolo+yolo", {}, "each proposer once"),
        ("yolo", {"weights": Path("absent.pt")}, "absent.pt, --weights: "),
        ("transformers", {"detector": Path("ab sent")}, "ab sent: expected a folder, or the id of"),
    ],
)
def test_a_proposer_that_cannot_be_had_is_told(text, settings, problem):
    with pytest.raises(BadInputError) as fault:
        named_proposer(text, flat(ProposerOptions, **settings))

    assert problem in str(fault.value)


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ({"weights": Path()}, "--weights: has no effect without the proposer yolo"),
        ({"detector_size": 320}, "--detector-size: has no effect without the proposer yolo"),
        ({"proposals": Path()}, "--proposals: has no effect without the proposer stored"),
    ],
)
def test_a_setting_without_sense_or_use_is_refused(settings, problem):
    with pytest.raises(BadInputError) as fault:
        check_options(flat(ProposerOptions, **settings), ())

    assert problem in str(fault.value)


def test_options_other_than_the_defaults_are_named_by_their_flags():
    options = flat(ProposerOptions, when_empty="whole-image", detector_size=320)

    assert list(changed_flags(options)) == ["--detector-size", "--when-empty"]


@pytest.mark.parametrize("name", KINDS)
def test_a_kind_either_knows_its_boxes_or_builds_what_looks_for_them(name):
    kind = KINDS[name]

    assert (kind.known is None) != (kind.build is None)
