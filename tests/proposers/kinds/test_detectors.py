"""Kinds of detectors are configured by their options, and describe themselves without paths."""

from pathlib import Path

import pytest

from vg_mc.errors import BadInputError
from vg_mc.proposers.choice import ProposerChoice
from vg_mc.proposers.kinds.stored import STORED, StoredOptions
from vg_mc.proposers.kinds.transformers import TRANSFORMERS, TransformersOptions
from vg_mc.proposers.kinds.yolo import YOLO, YoloOptions


@pytest.mark.parametrize(
    ("kind", "options", "record"),
    [
        (YOLO, YoloOptions(), "--proposer"),
        (YOLO, YoloOptions(Path("absent.pt")), "--weights"),
        (TRANSFORMERS, TransformersOptions(), "--proposer"),
        (STORED, StoredOptions(), "--proposer"),
        (STORED, StoredOptions(Path("absent.json")), "--proposals"),
    ],
)
def test_a_detector_without_its_file_is_refused(kind, options, record):
    with pytest.raises(BadInputError) as caught:
        kind.check(options)

    assert caught.value.record == record


def test_a_file_of_weights_is_all_that_yolo_needs(tmp_path):
    weights = tmp_path / "yolo.pt"
    weights.touch()

    YOLO.check(YoloOptions(weights, 320))

    assert YOLO.configure(YoloOptions(weights, 320)) == {"source": weights, "detector_size": 320}


def test_which_card_a_detector_ran_on_does_not_matter():
    choice = ProposerChoice("yolo", Path("w.pt"), device="cuda:1")

    assert YOLO.settings(choice)["device"] == "cuda"
    assert STORED.settings(choice).keys() == YOLO.settings(choice).keys() - {
        "device", "detector_size", "ultralytics"
    }  # fmt: skip
