"""The proposers ``annotations`` (the annotated boxes of an image) and ``none`` (no boxes)."""

from typing import Any

from vg_mc.proposers.choice import NO_CANDIDATES, ProposerChoice
from vg_mc.proposers.registration import Kind, NoOptions
from vg_mc.records import ANNOTATIONS


def _settings(choice: ProposerChoice) -> dict[str, Any]:
    return {"jitter": choice.jitter, "seed": choice.seed} if choice.jitter else {}


ANNOTATED = Kind(
    name=ANNOTATIONS,
    summary="annotated boxes",
    options=NoOptions,
    known=lambda _, image: image.annotated,
    settings=_settings,
    detects=False,
)
NO_BOXES = Kind(
    name=NO_CANDIDATES,
    summary="no boxes, for a dataset of whole images",
    options=NoOptions,
    known=lambda *_: (),
    detects=False,
)
