"""Which reader reads which kind of corpus."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from vg_mc.boxes.formats import BoxFormat
from vg_mc.corpora.official_counts import (
    REFERENCES,
    SENTENCES,
    CountComparison,
    compare_counts,
    require_official,
)
from vg_mc.errors import BadInputError
from vg_mc.records import Corpus

CorpusKind = Literal["refer", "hub", "table", "pth"]

# Datasets on the hub that say by their names which corpus they hold, in any author's spelling; of
# a folder such as Kangheng_refcoco the last part tells.
MIRRORED = {
    "refcoco": "refcoco_unc",
    "refcocop": "refcoco+_unc",
    "refcocoplus": "refcoco+_unc",
    "refcoco+": "refcoco+_unc",
    "refcocog": "refcocog_umd",
}
LISTED = {  # folders of TransVG's lists
    "unc": "refcoco_unc",
    "unc+": "refcoco+_unc",
    "gref": "refcocog_google",
    "gref_umd": "refcocog_umd",
}


@dataclass(frozen=True, slots=True)
class CorpusSource:
    """Where expressions come from, and what to make of them.

    Attributes:
        annotations: A file or a folder; for the hub also the id of a dataset.
        images: Folder of the photos; None for the place that the kind is known for.
        extracted: Where photos go that lie inside of the annotations, if `images` is None.
        split_by: Who divided a corpus of REFER.
        instances: Another file with the annotated regions of all images.
        box_format: What four numbers are; None for what the kind, or a look at them, tells.
        splits: What is wanted; all if empty. Kinds that are read as a whole ignore it.
        skip_bad: Collect bad records instead of stopping at the first.
        allow_count_mismatch: Take a copy of a known corpus that has other counts.
    """

    kind: CorpusKind
    annotations: Path
    images: Path | None
    extracted: Path
    split_by: str = "unc"
    instances: Path | None = None
    box_format: BoxFormat | None = None
    splits: tuple[str, ...] = ()
    skip_bad: bool = False
    allow_count_mismatch: bool = False


def read_corpus(source: CorpusSource) -> tuple[Corpus, list[CountComparison]]:
    """Read a corpus, and compare it with the official counts if it is a known one.

    Raises:
        BadInputError: If it cannot be used, or the counts differ and may not.
    """
    _require_annotations(source)
    if source.instances is not None and not source.instances.is_file():
        raise BadInputError("there is no such file", file=source.instances, record="--instances")
    if source.kind == "refer" and source.box_format is not None:
        problem = "REFER's boxes are xywh, always: drop --box-format"
        raise BadInputError(problem, record="--box-format")
    corpus, comparisons = READERS[source.kind](source)
    if not source.allow_count_mismatch:
        require_official(comparisons, corpus)
    return corpus, comparisons


def _require_annotations(source: CorpusSource) -> None:
    """Look for what was named, before a reader misses some file in it."""
    if source.kind == "hub":
        return  # it may be an id
    if not source.annotations.exists():
        hint = "; a mirror on the hub needs --corpus hub" if source.kind == "refer" else ""
        problem = f"there is no such file or folder{hint}"
        raise BadInputError(problem, file=source.annotations, record="--annotations")
    if source.kind == "refer" and not source.annotations.is_dir():
        problem = (
            "expected a folder with instances.json and refs(...).p, unpacked; "
            "files of other kinds need --corpus, see data/README.md"
        )
        raise BadInputError(problem, file=source.annotations, record="--annotations")


def _refer(source: CorpusSource) -> tuple[Corpus, list[CountComparison]]:
    from vg_mc.corpora.refer import read_refer

    corpus = read_refer(
        source.annotations,
        source.split_by,
        source.images or source.annotations / "images",
        skip_bad=source.skip_bad,
        candidates_file=source.instances,
    )
    return corpus, compare_counts(corpus)


def _hub(source: CorpusSource) -> tuple[Corpus, list[CountComparison]]:
    from vg_mc.corpora.hub import read_hub
    from vg_mc.system.hub import TABLES, local_or_fetched

    name = source.annotations.name.partition("@")[0]
    mirror = read_hub(
        local_or_fetched(source.annotations, "dataset", TABLES),
        source.images or source.extracted,
        name=name,
        splits=source.splits,
        box_format=source.box_format,
        skip_bad=source.skip_bad,
        candidates_file=source.instances,
    )
    if not mirror.has_photos and source.images is None:
        problem = "a mirror of this layout has no photos in it: say where they are"
        raise BadInputError(problem, file=source.annotations, record="--images")
    counts = (REFERENCES, SENTENCES) if mirror.has_references else (SENTENCES,)
    known_as = MIRRORED.get(re.split("[_-]", name.lower())[-1], "")
    return mirror.corpus, compare_counts(mirror.corpus, known_as, counts=counts, whole=False)


def _table(source: CorpusSource) -> tuple[Corpus, list[CountComparison]]:
    from vg_mc.corpora.table import read_table

    corpus = read_table(
        source.annotations,
        source.images or _images_beside(source.annotations),
        box_format=source.box_format,
        skip_bad=source.skip_bad,
        candidates_file=source.instances,
    )
    return corpus, []


def _pth(source: CorpusSource) -> tuple[Corpus, list[CountComparison]]:
    from vg_mc.corpora.pth import read_pth

    corpus = read_pth(
        source.annotations,
        source.images or _images_beside(source.annotations),
        box_format=source.box_format,
        skip_bad=source.skip_bad,
        candidates_file=source.instances,
    )
    known_as = LISTED.get(source.annotations.name, "")
    return corpus, compare_counts(corpus, known_as, counts=(SENTENCES,), whole=False)


READERS = {"refer": _refer, "hub": _hub, "table": _table, "pth": _pth}


def _images_beside(annotations: Path) -> Path:
    folder = annotations if annotations.is_dir() else annotations.parent
    return folder / "images"
