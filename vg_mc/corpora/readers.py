"""Registry of the corpus readers by kind."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from vg_mc.boxes.judging import UNDECLARED, DeclaredBoxes
from vg_mc.corpora.official_counts import (
    REFERENCES,
    SENTENCES,
    CountComparison,
    compare_counts,
    require_official,
)
from vg_mc.corpora.splits import known_split, splits_of_files, with_known_splits
from vg_mc.errors import BadInputError
from vg_mc.records import Corpus, ImageFolder, Orientation
from vg_mc.system.hidden_files import is_hidden

CorpusKind = Literal["refer", "hub", "table", "pth"]

# Names of hub datasets, and the corpus that they contain. Only the last part of a name counts, such
# as refcoco in Kangheng_refcoco.
MIRRORED = {
    "refcoco": "refcoco_unc",
    "refcocop": "refcoco+_unc",
    "refcocoplus": "refcoco+_unc",
    "refcoco+": "refcoco+_unc",
    "refcocog": "refcocog_umd",
}
LISTED = {  # folders of TransVG's annotation lists
    "unc": "refcoco_unc",
    "unc+": "refcoco+_unc",
    "gref": "refcocog_google",
    "gref_umd": "refcocog_umd",
}


@dataclass(frozen=True, slots=True)
class CorpusSource:
    """The source of a corpus and the options for reading it.

    Attributes:
        annotations: A file or folder; for the hub also the id of a dataset.
        images: Folder of the images; None for the default folder of the kind.
        extracted: Folder for images embedded in the annotations, if `images` is None.
        orientation: The frame of the boxes; None for the default of the kind, judged for a table.
        split_by: Author of the splits of a REFER corpus, such as ``unc``.
        instances: Another file with the annotated regions of all images.
        boxes: Convention of the boxes where it is not that of the kind.
        columns: Paths of the fields of a table, where they are not those of a known layout.
        splits: The splits to read; all if empty. Ignored by kinds that are read as a whole.
        renamed_splits: New names of splits by old names.
        skip_bad: Collect bad records instead of stopping at the first.
        allow_count_mismatch: Accept a copy of a known corpus with other counts.
    """

    kind: CorpusKind
    annotations: Path
    images: Path | None
    extracted: Path
    orientation: Orientation | None = None
    split_by: str = "unc"
    instances: Path | None = None
    boxes: DeclaredBoxes = UNDECLARED
    columns: Mapping[str, str] = field(default_factory=dict)
    splits: tuple[str, ...] = ()
    renamed_splits: Mapping[str, str] = field(default_factory=dict)
    skip_bad: bool = False
    allow_count_mismatch: bool = False

    def image_folder(self, default: Path, frame: Orientation = "stored") -> ImageFolder:
        """Return the folder of the images; default folder and frame depend on the kind."""
        return ImageFolder(self.images or default, self.orientation or frame)


def read_corpus(source: CorpusSource) -> tuple[Corpus, list[CountComparison]]:
    """Read a corpus, and compare a known one with the official counts.

    Raises:
        BadInputError: If it is unusable, or if the counts differ without ``allow_count_mismatch``.
    """
    _require_annotations(source)
    if source.instances is not None and not source.instances.is_file():
        raise BadInputError("no such file", file=source.instances, record="--instances")
    if source.kind == "refer" and source.boxes != UNDECLARED:
        flag = "--box-format" if source.boxes.order else "--box-unit"
        problem = f"boxes in REFER format are always xywh in pixels; remove {flag}"
        raise BadInputError(problem, record=flag)
    if source.columns and source.kind != "table":
        problem = f"names the fields of --corpus table, not of {source.kind}"
        raise BadInputError(problem, record="--columns")
    corpus, comparisons = READERS[source.kind](source)
    if not source.allow_count_mismatch:
        require_official(comparisons, corpus)
    return with_known_splits(corpus, source.renamed_splits), comparisons


def _require_annotations(source: CorpusSource) -> None:
    """Check that the annotations exist before a reader reports a missing file inside them."""
    if source.kind == "hub":
        return  # it may be the id of a dataset
    if not source.annotations.exists():
        hint = "; for a mirror on the hub use --corpus hub" if source.kind == "refer" else ""
        problem = f"no such file or folder{hint}"
        raise BadInputError(problem, file=source.annotations, record="--annotations")
    if source.kind == "refer" and not source.annotations.is_dir():
        problem = (
            "expected an unpacked folder with instances.json and refs(...).p; "
            "for files of other kinds set --corpus, see data/README.md"
        )
        raise BadInputError(problem, file=source.annotations, record="--annotations")


def _refer(source: CorpusSource) -> tuple[Corpus, list[CountComparison]]:
    from vg_mc.corpora.refer import read_refer

    corpus = read_refer(
        source.annotations,
        source.split_by,
        source.image_folder(source.annotations / "images"),
        skip_bad=source.skip_bad,
        candidates_file=source.instances,
    )
    return corpus, compare_counts(corpus)


def _hub(source: CorpusSource) -> tuple[Corpus, list[CountComparison]]:
    from vg_mc.corpora.hub import read_hub
    from vg_mc.system.hub import TABLES, local_or_fetched

    name = source.annotations.name.partition("@")[0]
    folder = local_or_fetched(source.annotations, "dataset", TABLES)
    if _is_benchmark(folder):
        return _benchmark(source, folder), []
    mirror = read_hub(
        folder,
        source.image_folder(source.extracted),
        name=name,
        splits=source.splits,
        declared=source.boxes,
        skip_bad=source.skip_bad,
        candidates_file=source.instances,
    )
    if not mirror.has_photos and source.images is None:
        problem = "mirrors of this layout contain no images; set --images to their folder"
        raise BadInputError(problem, file=source.annotations, record="--images")
    counts = (REFERENCES, SENTENCES) if mirror.has_references else (SENTENCES,)
    known_as = MIRRORED.get(re.split("[_-]", name.lower())[-1], "")
    return mirror.corpus, compare_counts(mirror.corpus, known_as, counts=counts, whole=False)


def _is_benchmark(folder: Path) -> bool:
    """Return whether the files of a mirror have the layout of jxu124/refcoco-benchmark."""
    from vg_mc.corpora.rows import read_columns
    from vg_mc.corpora.table_layouts import BENCHMARK

    file = min(
        (path for path in folder.rglob("*.parquet") if not is_hidden(path.name)), default=None
    )
    known_by = {path.partition(".")[0] for path in BENCHMARK.known_by}
    return file is not None and known_by <= set(read_columns(file))


def _benchmark(source: CorpusSource, folder: Path) -> Corpus:
    """Read a mirror with files of several corpora, whose ids are unique in each corpus only."""
    from vg_mc.corpora.inspection import Inspection
    from vg_mc.corpora.table import read_table
    from vg_mc.corpora.table_files import tables_in

    splits = splits_of_files(tables_in(folder, Inspection(skip_bad=True))).values()
    if not source.splits and any(known_split(split) is None for split in splits):
        problem = f"expected a choice of splits of one corpus: {', '.join(sorted(splits))}"
        raise BadInputError(problem, file=folder, record="--splits")
    return read_table(
        folder,
        source.image_folder(source.extracted),
        declared=source.boxes,
        skip_bad=source.skip_bad,
        candidates_file=source.instances,
        extracted=source.images or source.extracted,
        splits=source.splits,
    )


def _table(source: CorpusSource) -> tuple[Corpus, list[CountComparison]]:
    from vg_mc.corpora.table import read_table

    corpus = read_table(
        source.annotations,
        source.image_folder(_images_beside(source.annotations), "shown"),
        declared=source.boxes,
        skip_bad=source.skip_bad,
        candidates_file=source.instances,
        judges_frame=source.orientation is None,
        columns=source.columns,
        extracted=source.images or source.extracted,
    )
    return corpus, []


def _pth(source: CorpusSource) -> tuple[Corpus, list[CountComparison]]:
    from vg_mc.corpora.pth import read_pth

    corpus = read_pth(
        source.annotations,
        source.image_folder(_images_beside(source.annotations)),
        declared=source.boxes,
        skip_bad=source.skip_bad,
        candidates_file=source.instances,
    )
    known_as = LISTED.get(source.annotations.name, "")
    return corpus, compare_counts(corpus, known_as, counts=(SENTENCES,), whole=False)


READERS = {"refer": _refer, "hub": _hub, "table": _table, "pth": _pth}


def _images_beside(annotations: Path) -> Path:
    """Return the folder ``images`` at the annotations, or their own folder if there is none."""
    folder = annotations if annotations.is_dir() else annotations.parent
    beside = [folder / "images"]
    if folder.name == "annotations":
        beside.append(folder.parent / "images")
    return next((path for path in beside if path.is_dir()), folder)
