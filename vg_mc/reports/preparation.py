"""Summary of a prepared dataset for the terminal."""

from collections.abc import Iterator
from pathlib import Path

from vg_mc.images.opening import PECULIARITIES
from vg_mc.prepared.manifest import WHOLE_IMAGES, Manifest
from vg_mc.proposers.selection import IN_PLACE_OF_NONE
from vg_mc.reports.tables.formats import terminal
from vg_mc.reports.tables.table import Table

COLUMNS = {
    "images": "images",
    "expressions": "expressions",
    "candidates": "candidates",
    "boxes/image": "boxes_per_image",
    "proposal recall": "proposal_recall",
    "no proposals": "without_proposals",
}


def summary(manifest: Manifest, output: Path) -> str:
    """Return a table with a row per split, followed by warnings and totals."""
    rows = [
        [split, *(_number(counts[key]) for key in COLUMNS.values())]
        for split, counts in manifest["counts"].items()
    ]
    table = terminal(Table(["split", *COLUMNS], rows, align="l" + "r" * len(COLUMNS)))
    size = sum(entry["bytes"] for entry in manifest["files"])
    side = manifest["settings"].get(WHOLE_IMAGES)
    whole = "" if side is None else f", whole images of up to {side} pixels"
    last = (
        f"{output}: {manifest['candidates']['total']:,} candidates{whole}, "
        f"{size / 1e6:,.1f} MB on disk; {manifest['further_wrong_answers']:,} of them detections "
        f"added as extra negatives; {manifest['rejected']:,} records skipped (rejected.jsonl)"
    )
    return "\n".join([table, "", *_remarks(manifest), last])


def _number(value: float) -> str:
    return f"{value:,}" if isinstance(value, int) else f"{value:.3f}"


def _remarks(manifest: Manifest) -> Iterator[str]:
    yield from manifest.get("notes", [])
    for file, counts in manifest["detections"].items():
        yield (
            f"{file}: {counts['records']:,} detections, {counts['cut_to_photo']:,} of them clipped "
            f"to their image, {counts['rejected']:,} skipped"
        )
    for split, counts in manifest["counts"].items():
        if not manifest["settings"]["views"]:
            continue
        if counts["expressions"] == counts["without_proposals"]:
            yield (
                f"warning: no expression of {split} has a proposal; check whether --confidence is "
                "too high for the detector"
            )
        elif lonely := counts["with_one_candidate"]:
            yield (
                f"{lonely:,} of {counts['expressions']:,} expressions of {split} have one "
                "candidate and therefore no negative; --instances or detections add negatives"
            )
    if peculiar := manifest["peculiar_photos"]:
        told = ", ".join(
            f"{count:,} {name} ({PECULIARITIES[name]})" for name, count in peculiar.items()
        )
        yield f"images that are not plain RGB: {told}"
    stand_ins = {
        split: counts["photos_with_stand_ins"]
        for split, counts in manifest["counts"].items()
        if counts["photos_with_stand_ins"]
    }
    if stand_ins:
        sources = " and ".join(
            sorted(IN_PLACE_OF_NONE & manifest["candidates"]["by_source"].keys())
        )
        places = ", ".join(f"{split} {count:,}" for split, count in stand_ins.items())
        yield f"images without detections that got {sources} instead: {places}"
