"""Published accuracies for reference; they are not measured here.

``published.csv`` gives the source of each figure and how its setup differs, such as another
detector, criterion or denominator. Figures without a source are not included.
"""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

_TABLE = Path(__file__).with_name("published.csv")

SPLITS = ("val", "testA", "testB", "test")

# Keys are the names of corpora in prepared datasets.
CORPORA = {"refcoco_unc": "refcoco", "refcoco+_unc": "refcoco+", "refcocog_umd": "refcocog"}


@dataclass(frozen=True, slots=True)
class PublishedRow:
    """Published accuracies of one system on one corpus.

    Attributes:
        accuracies: Percentages by split, as printed in the source.
        proposals: ``detected``, ``annotated``, or ``none`` for systems without proposals.
        remark: Other differences of the setup.
        source: Document with the figures.
        read: ``at the source``, or ``second hand`` if another work reports the figures.
    """

    system: str
    accuracies: Mapping[str, str]
    proposals: str
    remark: str
    source: str
    read: Literal["at the source", "second hand"]


def published_rows(corpus: str, *, annotated: bool) -> list[PublishedRow]:
    """Return the published results on a corpus.

    Args:
        corpus: Name of the corpus in prepared datasets.
        annotated: Return results on annotated boxes instead of all others.
    """
    rows = csv.DictReader(_TABLE.read_text(encoding="utf-8").splitlines())
    return [
        PublishedRow(
            row["system"],
            {split: row[split] for split in SPLITS if row[split]},
            row["proposals"],
            row["remark"],
            row["source"],
            "at the source" if row["read"] == "at the source" else "second hand",
        )
        for row in rows
        if row["corpus"] == CORPORA.get(corpus) and (row["proposals"] == "annotated") == annotated
    ]
