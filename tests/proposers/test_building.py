"""Each process builds its detector once; on a CPU it gets one thread."""

from pathlib import Path

import numpy as np
import pytest
import torch

from tests.refusals import refused
from vg_mc.proposers import building as proposing
from vg_mc.proposers.building import LOWEST, ask, build_proposer, process_device
from vg_mc.proposers.choice import ProposerChoice
from vg_mc.records import Photo

PHOTO = Photo(7, "a.jpg", 48, 32)
PIXELS = np.zeros((32, 48, 3), dtype=np.uint8)


def test_a_detector_works_on_one_thread_and_leaves_the_others_to_us(monkeypatch):
    threads = []

    class Detector:
        def propose(self, photos, _pixels, _sentences):
            threads.append(torch.get_num_threads())
            return [[] for _ in photos]

    monkeypatch.setattr(proposing, "build_proposer", lambda _: Detector())
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        ask(ProposerChoice("yolo", Path("w.pt")), [PHOTO], [PIXELS], [("dog",)])
        ask(ProposerChoice("yolo", Path("w.pt"), device="cuda"), [PHOTO], [PIXELS], [("dog",)])
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)

    assert threads == [1, 2]


def test_a_yolo_needs_weights_that_are_there(tmp_path):
    with refused(file="nowhere.pt"):
        build_proposer(ProposerChoice("yolo", tmp_path / "nowhere.pt"))


@pytest.mark.parametrize(
    "choice", [ProposerChoice("yolo"), ProposerChoice("stored", Path("boxes.json"))]
)
def test_what_is_no_detector_with_weights_is_a_fault_of_ours(choice):
    with pytest.raises(ValueError, match=f"proposer {choice.kind} "):
        build_proposer(choice)


@pytest.mark.parametrize(
    ("when_empty", "expected"),
    [("none", 0.3), ("whole-image", 0.3), ("lower-confidence", LOWEST)],
)
def test_weak_boxes_are_asked_for_only_where_they_may_be_needed(monkeypatch, when_empty, expected):
    asked = []
    monkeypatch.setattr(
        "vg_mc.proposers.yolo.YoloProposer", lambda *_, confidence, **__: asked.append(confidence)
    )

    build_proposer(ProposerChoice("yolo", Path(when_empty), confidence=0.3, when_empty=when_empty))

    assert asked == [expected]


@pytest.mark.parametrize(
    ("device", "local_rank", "card"),
    [
        ("cuda", "3", "cuda:1"),  # more processes than cards share them
        ("cuda", None, "cuda"),
        ("cuda:1", "0", "cuda:1"),
        ("cpu", "1", "cpu"),
    ],
)
def test_launched_processes_take_different_cards(monkeypatch, device, local_rank, card):
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.delenv("LOCAL_RANK", raising=False)
    if local_rank is not None:
        monkeypatch.setenv("LOCAL_RANK", local_rank)

    assert process_device(device) == card
