"""Description of settings and sources for the manifest.

Equal descriptions imply equal bytes of the prepared dataset.
"""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from vg_mc.images import View
from vg_mc.images.markers import Marker
from vg_mc.prepared.build.settings import PreparationSettings
from vg_mc.prepared.manifest import ORIENTATION, WHOLE_IMAGES, file_hash
from vg_mc.proposers.choice import ProposerChoice
from vg_mc.proposers.description import ProposerDescription
from vg_mc.proposers.detection_files import stored_files
from vg_mc.proposers.registry import KINDS
from vg_mc.records import Corpus, ImageFolder
from vg_mc.system.hub import MODEL
from vg_mc.system.versions import versions


def describe(corpus: Corpus, settings: PreparationSettings) -> dict[str, Any]:
    """Return settings and sources as JSON values, without the paths of their folders."""
    members = (*settings.train_proposer.members, *settings.proposer.members)
    sources = [file for member in members for file in _files(member)]
    drawing = settings.drawing
    drawn = {"image_size": drawing.image_size, "fit": drawing.fit, **described_views(drawing.views)}
    whole = settings.whole_images
    return {
        "corpus": corpus.name,
        "texts": corpus.texts,
        **described_frame(corpus.images_folder),
        **({"boxes": corpus.boxes} if corpus.boxes else {}),
        **({"notes": corpus.notes} if corpus.notes else {}),
        "photos_without_id": len(corpus.assigned_ids),
        "splits": list(settings.splits),
        "settings": {
            **(drawn if settings.with_candidates else {"views": {}}),
            **({} if whole is None else {WHOLE_IMAGES: whole.side}),
            "train_proposer": ProposerDescription.of(settings.train_proposer).to_manifest(),
            "proposer": ProposerDescription.of(settings.proposer).to_manifest(),
            "skip_bad": settings.skip_bad,
        },
        "sources": [
            {"file": path.name, "sha256": file_hash(path)}
            for path in sorted({*corpus.source_files, *sources})
        ],
        "versions": versions(),
    }


def described_frame(folder: ImageFolder) -> dict[str, str]:
    """Return the frame of boxes and images if it is not that of the stored pixels."""
    return {} if folder.orientation == "stored" else {ORIENTATION: folder.orientation}


def described_views(views: Mapping[str, View]) -> dict[str, Any]:
    """Return the properties of all views; if the first one is a marker, also as `marker`."""
    first = next(iter(views.values()))
    marker = {"marker": _properties(first)} if isinstance(first, Marker) else {}
    return marker | {"views": {name: _properties(view) for name, view in views.items()}}


def _properties(view: View) -> dict[str, Any]:
    """Return the properties of a view as values that survive a round trip through JSON."""
    return {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in asdict(view).items()
    }


def _files(member: ProposerChoice) -> list[Path]:
    """Return the source files of a proposer: a file, or the model files in a folder."""
    if member.source is None:
        return []
    if KINDS[member.kind].reads_file:
        return stored_files(member.source)
    if not member.source.is_dir():
        return [member.source]
    return [path for pattern in MODEL for path in member.source.glob(pattern)]
