"""Settings cross process boundaries, and say who finds further wrong answers."""

import pickle
from pathlib import Path

import pytest

from vg_mc.images.markers import CLIP_REFCOCO
from vg_mc.prepared.build.settings import Drawing, PreparationSettings
from vg_mc.proposers.choice import ProposerChoice, united

ANNOTATIONS = ProposerChoice("annotations")
STORED = ProposerChoice("stored", Path("detections.json"))
YOLO = ProposerChoice("yolo", Path("yolov8n.pt"))


def settings(train_proposer: ProposerChoice, proposer: ProposerChoice) -> PreparationSettings:
    drawing = Drawing({"clip-refcoco": CLIP_REFCOCO}, image_size=64, fit="squash")
    return PreparationSettings(drawing, train_proposer, proposer, ("train",), skip_bad=False)


def test_settings_cross_to_another_process():
    given = settings(ANNOTATIONS, YOLO)

    assert pickle.loads(pickle.dumps(given)) == given


@pytest.mark.parametrize(
    ("train_proposer", "proposer", "expected"),
    [
        (ANNOTATIONS, YOLO, YOLO),
        (STORED, YOLO, YOLO),
        (ANNOTATIONS, ANNOTATIONS, None),
        (YOLO, ANNOTATIONS, None),  # all annotated boxes may be targets
        (YOLO, YOLO, None),  # it would only repeat itself
        (ANNOTATIONS, united((YOLO, STORED)), united((YOLO, STORED))),
        (ANNOTATIONS, united((ANNOTATIONS, YOLO)), YOLO),
        (united((ANNOTATIONS, YOLO)), YOLO, None),
        (united((ANNOTATIONS, YOLO)), united((STORED, YOLO)), STORED),
    ],
)
def test_only_another_detector_finds_further_wrong_answers(train_proposer, proposer, expected):
    assert settings(train_proposer, proposer).wrong_answers == expected


def test_of_a_union_the_first_detector_decides():
    strict = ProposerChoice("yolo", Path("yolov8n.pt"), nms=0.5)

    union = united((ANNOTATIONS, strict, STORED))

    assert union.members == (ANNOTATIONS, strict, STORED)
    assert (union.kind, union.nms, union.source) == ("annotations+yolo+stored", 0.5, None)
    assert united((strict,)) == strict
    assert strict.members == (strict,)
