"""Accuracies that others published: lines to read beside one's own, not measured here.

``published.csv`` says of each where it stands, and by what it differs from ours: another detector,
another rule, another denominator. Figures that were only remembered are not in it.
"""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

_TABLE = Path(__file__).with_name("published.csv")

SPLITS = ("val", "testA", "testB", "test")

# By the names that corpora have in prepared datasets.
CORPORA = {"refcoco_unc": "refcoco", "refcoco+_unc": "refcoco+", "refcocog_umd": "refcocog"}


@dataclass(frozen=True, slots=True)
class PublishedRow:
    """What a paper or a repository says of one system on one corpus.

    Attributes:
        accuracies: Percentages by split, as they are spelled at the source.
        proposals: ``detected``, ``annotated``, or none where a system needs no proposals.
        remark: By what else it differs.
        source: Where it stands.
        read: ``at the source``, or ``second hand`` where another work reports it.
    """

    system: str
    accuracies: Mapping[str, str]
    proposals: str
    remark: str
    source: str
    read: Literal["at the source", "second hand"]


def published_rows(corpus: str, *, annotated: bool) -> list[PublishedRow]:
    """Return what was published of a corpus.

    Args:
        corpus: Its name in a prepared dataset.
        annotated: Those who chose among annotated boxes, or all others.
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
