"""Results of an audit as tables for the terminal and as files."""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from vg_mc.prepared.auditing import Audit, Part, Sharing
from vg_mc.prepared.detector_exposure import Exposure
from vg_mc.reports.tables.formats import terminal
from vg_mc.reports.tables.table import Table
from vg_mc.system.atomic import write_whole_text

FAIR_TEXT, FAIR_JSON = "fair_photos.txt", "audit.json"

LEAK = "LEAK: training images in an evaluation split"
PROBABLE_LEAK = "PROBABLE LEAK: training images that look like evaluation images"
ALIKE = (
    "alike: other images of the second split that look like one of the first, and are probably "
    f"the same, encoded again or resized; {FAIR_JSON} lists them"
)
HARMLESS = "both for training"
SHARED_QUESTIONS = "both for evaluation"


def audit_text(audit: Audit, exposures: Mapping[str, Exposure]) -> str:
    """Format all results of an audit, the most severe ones of each kind first."""
    last = f"{len(audit.fair):,} training images are in no evaluation split" + (
        "; train detectors for a fair comparison on them" if audit.fair else ""
    )
    sections = [
        [_parts_table(audit.parts)],
        [*_sharing_lines(audit.shared), *_named_only_lines(audit.named_only)],
        _exposure_lines(exposures),
        [last],
    ]
    return "\n\n".join("\n".join(lines) for lines in sections)


def write_audit(audit: Audit, exposures: Mapping[str, Exposure], folder: Path) -> None:
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
            for part in audit.parts
        ],
        "shared": [_shared_record(sharing) for sharing in audit.shared],
        "compared_by_name_only": audit.named_only,
        "detectors": {name: exposure.name.lower() for name, exposure in exposures.items()},
        "fair_photos": audit.fair,
    }
    write_whole_text(folder / FAIR_TEXT, "".join(f"{name}\n" for name in audit.fair))
    write_whole_text(folder / FAIR_JSON, json.dumps(found, indent=2, ensure_ascii=False) + "\n")


def _shared_record(sharing: Sharing) -> dict[str, Any]:
    first, second = sharing.first, sharing.second
    return {
        "first": first.name,
        "second": second.name,
        "photos": sharing.photos,
        "expressions": sharing.expressions,
        "leaks": sharing.leaks,
        "probably_the_same": [
            [first.file_names[one], second.file_names[other]] for one, other in sharing.probable
        ],
    }


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
    headings = ["split", "and split", "images in both", "same expressions", "alike", ""]
    rows = [
        [one.first.name, one.second.name, *(f"{count:,}" for count in counts), _meaning(one)]
        for one in shared
        for counts in [(one.photos, one.expressions, _alike(one))]
    ]
    yield terminal(Table(headings, rows, names=2, align="llrrrl"))
    if any(one.probable for one in shared):
        yield ALIKE


def _meaning(sharing: Sharing) -> str:
    if sharing.leaks:
        return LEAK if sharing.photos else PROBABLE_LEAK
    return HARMLESS if sharing.first.is_train else SHARED_QUESTIONS


def _alike(sharing: Sharing) -> int:
    """Return the number of images of the second split that look like one of the first."""
    return len({other for _, other in sharing.probable})


def _named_only_lines(named_only: Sequence[str]) -> Iterator[str]:
    for name in named_only:
        yield (
            f"NAMES ONLY: {name} has no hashes of its images (prepared by an earlier version), so "
            "they are compared by name; the same image under another name is not found. Prepare "
            "it again to compare contents"
        )


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
