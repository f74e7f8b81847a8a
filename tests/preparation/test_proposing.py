"""Each process builds its proposer once; on a CPU a detector gets one thread."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from vg_mc.faults import BadInputError
from vg_mc.preparation import proposing
from vg_mc.preparation.proposing import ask, build_proposer
from vg_mc.preparation.settings import ProposerChoice
from vg_mc.records import Photo, Proposal

PHOTO = Photo(7, "a.jpg", 48, 32)
PIXELS = np.zeros((32, 48, 3), dtype=np.uint8)


@pytest.fixture
def stored(tmp_path) -> ProposerChoice:
    detections = [
        {"image_id": 7, "box": [1, 2, 11, 13], "score": score, "category_name": "dog"}
        for score in (0.2, 0.9)
    ]
    (tmp_path / "detections.json").write_text(json.dumps(detections))
    return ProposerChoice("stored", tmp_path / "detections.json", confidence=0.5)


def test_stored_detections_are_read_once_and_filtered(stored):
    assert ask(stored, [PHOTO], [PIXELS]) == [[Proposal((1, 2, 11, 14), 0.9, "dog", "stored")]]
    assert build_proposer(stored) is build_proposer(stored)


def test_a_detector_works_on_one_thread_and_leaves_the_others_to_us(monkeypatch):
    threads = []

    class Detector:
        def propose(self, photos, _pixels):
            threads.append(torch.get_num_threads())
            return [[] for _ in photos]

    monkeypatch.setattr(proposing, "build_proposer", lambda _: Detector())
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        ask(ProposerChoice("yolo", Path("w.pt")), [PHOTO], [PIXELS])
        ask(ProposerChoice("yolo", Path("w.pt"), device="cuda"), [PHOTO], [PIXELS])
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)

    assert threads == [1, 2]


def test_a_yolo_needs_weights_that_are_there(tmp_path):
    with pytest.raises(BadInputError, match=r"nowhere\.pt"):
        build_proposer(ProposerChoice("yolo", tmp_path / "nowhere.pt"))


def test_a_proposer_without_its_file_is_a_fault_of_ours():
    with pytest.raises(ValueError, match="the proposer stored needs a file"):
        build_proposer(ProposerChoice("stored"))
