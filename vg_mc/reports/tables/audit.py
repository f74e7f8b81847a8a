"""Results of an audit as tables for the terminal and as files."""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from vg_mc.prepared.auditing import Part, Sharing
from vg_mc.prepared.detector_exposure import Exposure
from vg_mc.reports.tables.formats import terminal
from vg_mc.reports.tables.table import Table
from vg_mc.system.atomic import write_whole_text

LEAK = "LEAK: training images in an evaluation split"
HARMLESS = "both for training"
SHARED_QUESTIONS = "both for evaluation"

FAIR_TEXT, FAIR_JSON = "fair_photos.txt", "audit.json"


def audit_text(
    parts: Sequence[Part],
    shared: Sequence[Sharing],
    exposures: Mapping[str, Exposure],
    fair: Sequence[str],
) -> str:
    """Format all results of an audit, the most severe ones of each kind first."""
    last = f"{len(fair):,} training images are in no evaluation split" + (
        "; train detectors for a fair comparison on them" if fair else ""
    )
    sections = [
        [_parts_table(parts)],
        _sharing_lines(shared),
        _exposure_lines(exposures),
        [last],
    ]
    return "\n\n".join("\n".join(lines) for lines in sections)


def write_audit(
    parts: Sequence[Part],
    shared: Sequence[Sharing],
    exposures: Mapping[str, Exposure],
    fair: Sequence[str],
    folder: Path,
) -> None:
    """Write the fair training images, one per line, and all results as JSON."""
    found: dict[str, Any] = {
        "splits": [
            {
                "dataset": part.dataset,
                "split": part.split,
                "photos": len(part.file_names),
                "expressions": part.expressions,
                "duplicates": part.duplicates,
                "ambiguous": part.ambiguous,
            }
            for part in parts
        ],
        "shared": [
            {
                "first": sharing.first.name,
                "second": sharing.second.name,
                "photos": sharing.photos,
                "expressions": sharing.expressions,
                "leaks": sharing.leaks,
            }
            for sharing in shared
        ],
        "detectors": {name: exposure.name.lower() for name, exposure in exposures.items()},
        "fair_photos": list(fair),
    }
    write_whole_text(folder / FAIR_TEXT, "".join(f"{name}\n" for name in fair))
    write_whole_text(folder / FAIR_JSON, json.dumps(found, indent=2, ensure_ascii=False) + "\n")


def _parts_table(parts: Sequence[Part]) -> str:
    headings = ["dataset", "split", "photos", "expressions", "repeated", "ambiguous"]
    rows = [
        [part.dataset, part.split, *(f"{count:,}" for count in _counts(part))] for part in parts
    ]
    return terminal(Table(headings, rows, names=2, align="llrrrr"))


def _counts(part: Part) -> tuple[int, ...]:
    return len(part.file_names), part.expressions, part.duplicates, part.ambiguous


def _sharing_lines(shared: Sequence[Sharing]) -> Iterator[str]:
    if not shared:
        yield "no image is in two splits"
        return
    headings = ["split", "and split", "images in both", "same expressions", ""]
    rows = [
        [one.first.name, one.second.name, f"{one.photos:,}", f"{one.expressions:,}", _meaning(one)]
        for one in shared
    ]
    yield terminal(Table(headings, rows, names=2, align="llrrl"))


def _meaning(sharing: Sharing) -> str:
    if sharing.leaks:
        return LEAK
    return HARMLESS if sharing.first.is_train else SHARED_QUESTIONS


def _exposure_lines(exposures: Mapping[str, Exposure]) -> Iterator[str]:
    for name, exposure in exposures.items():
        flag = "DETECTOR: " if exposure in {Exposure.LIKELY, Exposure.UNKNOWN} else ""
        yield f"{flag}{name}: {exposure}"
    if Exposure.LIKELY in exposures.values() or Exposure.UNKNOWN in exposures.values():
        yield (
            "The test images of RefCOCO, RefCOCO+ and RefCOCOg are part of COCO train2014. Unless "
            "the detector was trained without them, as MAttNet's coco_minus_refer was, its boxes "
            "are better than on unseen images. Report this with the numbers."
        )
