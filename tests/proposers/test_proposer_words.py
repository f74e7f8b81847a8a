"""A proposer reads like a part of a sentence, whoever wrote it down."""

import pytest

from vg_mc.proposers.naming import proposer_in_words, reworded

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
def test_settings_are_told_but_those_that_change_nothing(settings, words):
    assert proposer_in_words(settings) == words


@each_proposer
def test_what_older_evaluations_wrote_down_is_told_alike(settings, words):
    old = " ".join(f"{name} {value}" for name, value in settings.items())

    assert reworded(old) == words


@pytest.mark.parametrize("proposals", ["", "unknown", "kind", "annotations", "yolo, kind best.pt"])
def test_other_words_stay_as_they_are(proposals):
    assert reworded(proposals) == proposals
