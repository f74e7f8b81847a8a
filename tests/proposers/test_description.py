"""A proposer reads like a part of a sentence, whoever wrote it down."""

from pathlib import Path

import pytest

from vg_mc.proposers.choice import ProposerChoice, united
from vg_mc.proposers.description import ProposerDescription

YOLO = {
    "kind": "yolo",
    "source": "best.pt",
    "confidence": 0.25,
    "nms": 1.0,
    "max_proposals": None,
    "when_empty": "none",
    "device": "cpu",
    "detector_size": 640,
    "ultralytics": "8.3",
}
UNION = {
    "kind": "annotations+yolo+stored",
    "source": "best.pt+nms of mine.json",
    "confidence": "0.25+0.5",
    "nms": "0.7+None",
    "when_empty": "none+whole-image",
}
each_proposer = pytest.mark.parametrize(
    ("settings", "words"),
    [
        (
            YOLO,
            "yolo, best.pt, from confidence 0.25, NMS 1.0, on cpu, at 640 pixels, ultralytics 8.3",
        ),
        (
            YOLO | {"max_proposals": 9, "when_empty": "whole-image", "detector_size": None},
            (
                "yolo, best.pt, from confidence 0.25, NMS 1.0, at most 9 boxes, "
                "whole-image where empty, on cpu, ultralytics 8.3"
            ),
        ),
        (
            UNION,
            (
                "annotations+yolo+stored, best.pt+nms of mine.json, from confidence 0.25+0.5, "
                "NMS 0.7+None, none+whole-image where empty"
            ),
        ),
        ({"kind": "annotations"}, "annotations"),
        ({"kind": "annotations", "jitter": 0.1, "seed": 3}, "annotations, jitter 0.1, seed 3"),
    ],
)


@each_proposer
def test_settings_are_listed_but_those_without_effect(settings, words):
    assert str(ProposerDescription.read(settings)) == words


STORED = ProposerChoice("stored", Path("boxes.json"), confidence=0.05)
JITTERED = ProposerChoice("annotations", jitter=0.1, seed=3)
STORED_WORDS = "stored, boxes.json, from confidence 0.05, NMS 1.0"


@pytest.mark.parametrize(
    ("choice", "words", "trained"),
    [
        (STORED, STORED_WORDS, True),
        (JITTERED, "annotations, jitter 0.1, seed 3", False),
        (ProposerChoice("none"), "none", False),
        (united((JITTERED, STORED)), f"annotations, jitter 0.1, seed 3 + {STORED_WORDS}", True),
    ],
)
def test_a_manifest_gives_back_the_description(choice, words, trained):
    description = ProposerDescription.of(choice)

    read = ProposerDescription.read(description.to_manifest())
    assert read == description
    assert read.kinds == tuple(member.kind for member in choice.members)
    assert (str(read), read.trained) == (words, trained)


def test_a_single_proposer_is_described_by_its_own_settings():
    assert ProposerDescription.of(JITTERED).to_manifest() == {
        "kind": "annotations",
        "jitter": 0.1,
        "seed": 3,
    }


def test_a_union_of_an_older_manifest_has_its_kinds():
    assert ProposerDescription.read(UNION).kinds == ("annotations", "yolo", "stored")
