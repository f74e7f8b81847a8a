"""The proposer ``transformers``: DETR, RT-DETR, OWLv2, Grounding DINO and similar detectors."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vg_mc.proposers.choice import ProposerChoice
from vg_mc.proposers.registration import Kind, detector_settings, require
from vg_mc.records import Proposer
from vg_mc.system.hub import MODEL, local_or_fetched


@dataclass(frozen=True)
class TransformersOptions:
    """Options of the proposer transformers."""

    detector: Path | None = None
    """Detector of the proposer transformers: a folder, or an id on the hub, from which it is
    downloaded. OWLv2 and Grounding DINO search for each expression about an image."""


def _check(options: TransformersOptions) -> None:
    require(options.detector, "transformers", "--detector")


def _configure(options: TransformersOptions) -> dict[str, Any]:
    detector = require(options.detector, "transformers", "--detector")
    source = local_or_fetched(detector, "model", MODEL)
    model = detector.as_posix() if source != detector else source.resolve().name
    return {"source": source, "model": model}


def _build(choice: ProposerChoice) -> Proposer:
    from vg_mc.proposers.transformers_detector import TransformersProposer

    folder = require(choice.source, choice.kind, "--detector")
    return TransformersProposer(folder, confidence=choice.confidence, device=choice.device)


TRANSFORMERS = Kind(
    name="transformers",
    summary="DETR, RT-DETR, OWLv2 or Grounding DINO",
    options=TransformersOptions,
    check=_check,
    configure=_configure,
    build=_build,
    settings=lambda choice: detector_settings(choice, "transformers"),
    trained=True,
)
