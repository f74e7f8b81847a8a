"""Which detections become candidates: one rule for every detector, live or stored."""

from dataclasses import replace

import numpy as np

from vg_mc.boxes import as_boxes
from vg_mc.preparation.settings import EVERY_OVERLAP, ProposerChoice
from vg_mc.prepared.schema import WHOLE_IMAGE
from vg_mc.records import Photo, Proposal

STEP = 0.1  # by which MAttNet lowers its threshold until a photo has a detection

LOWER_CONFIDENCE = "lower-confidence"
IN_PLACE_OF_NONE = frozenset({WHOLE_IMAGE, LOWER_CONFIDENCE})  # sources of such candidates


def select(found: list[Proposal], photo: Photo, choice: ProposerChoice) -> list[Proposal]:
    """Return the detections of a photo that `choice` wants, best first, ties in their order."""
    ranked = sorted(found, key=lambda detection: -detection.score)
    kept = _at_least(ranked, choice.confidence) or in_place_of_none(ranked, photo, choice)
    return without_overlaps(kept, choice.nms)[: choice.max_proposals]


def in_place_of_none(
    ranked: list[Proposal], photo: Photo, choice: ProposerChoice
) -> list[Proposal]:
    """Return what a photo gets that has no detection above the threshold; their source says so."""
    if choice.when_empty == "whole-image":
        return [Proposal((0.0, 0.0, float(photo.width), float(photo.height)), 0.0, "", WHOLE_IMAGE)]
    if choice.when_empty == "lower-confidence" and ranked:
        threshold, best = choice.confidence, ranked[0].score
        while best < threshold:
            threshold = round(threshold - STEP, 6)  # else 0.25 - 0.1 - 0.1 is less than 0.05
        return [
            replace(detection, source=LOWER_CONFIDENCE)
            for detection in _at_least(ranked, threshold)
        ]
    return []


def without_overlaps(ranked: list[Proposal], most: float) -> list[Proposal]:
    """Leave out each box whose IoU with a better one that is kept exceeds `most`."""
    if most >= EVERY_OVERLAP or len(ranked) < 2:
        return ranked
    import torch
    from torchvision.ops import nms

    corners = as_boxes([detection.box for detection in ranked])
    falling = np.arange(len(ranked), 0, -1, dtype=np.float64)  # ranks: scores may be equal
    kept = nms(torch.from_numpy(corners), torch.from_numpy(falling), most)
    return [ranked[index] for index in kept.tolist()]


def _at_least(ranked: list[Proposal], score: float) -> list[Proposal]:
    return [detection for detection in ranked if detection.score >= score]
