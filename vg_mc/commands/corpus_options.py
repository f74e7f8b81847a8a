"""Options of a corpus that prepare_data.py and ``vg_mc score`` share.

How its boxes are written is not among them: in ``vg_mc score``, flags such as ``--box-format`` and
``--columns`` describe the answers, so those of the corpus have other names there.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from vg_mc.records import Orientation

if TYPE_CHECKING:
    from vg_mc.corpora.readers import CorpusSource
    from vg_mc.records import Corpus


SCENES = "scenes"  # value of --split-by for generated scenes


@dataclass(frozen=True)
class CorpusOptions:
    """Options of the corpus."""

    corpus: Literal["refer", "hub", "table", "pth", "scenes"] = "refer"
    """Kind of corpus: the layout of the REFER toolkit, a mirror on the Hugging Face hub, a table
    (CSV, JSON lines, Parquet, COCO JSON), TransVG's lists, or generated scenes; see
    data/README.md."""

    split_by: str = "unc"
    """Author of the split, such as unc, umd or google; part of the file name refs(<split-by>).p."""

    images: Path | None = None
    """Folder of the images; by default images next to or in <annotations>. Images embedded in the
    tables of a mirror are written to this folder, by default <output>-photos."""

    orientation: Orientation | None = None
    """Frame of the boxes in images with an EXIF orientation: as image viewers show them, or stored,
    without it; by default stored, and for a table shown unless its boxes or image sizes only fit
    stored images."""

    instances: Path | None = None
    """File like COCO's instances_train2014.json with all annotated boxes of each image, joined on
    the image id; by default the boxes of the corpus, which are only the targets for a mirror, a
    table or a list."""

    rename_split: tuple[str, ...] = ()
    """New names of splits, as holdout=test; valid, validation and dev become val without it."""

    allow_count_mismatch: bool = False
    """Continue if the counts of a known corpus differ from the official ones."""


def read_source(source: "CorpusSource") -> "Corpus":
    """Read a corpus, and print the comparison of its counts with the official ones."""
    from vg_mc.corpora.readers import read_corpus

    corpus, comparisons = read_corpus(source)
    for comparison in comparisons:
        print(comparison)
    if not comparisons and source.kind != "table" and source.split_by != SCENES:
        print(
            f"{corpus.name}: counts not checked, since none are published for a corpus of this name"
        )
    return corpus
