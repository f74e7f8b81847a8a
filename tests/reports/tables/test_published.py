"""Published figures come with where they stand and by what they differ."""

import csv
import re

import pytest

from vg_mc.reports.tables import published
from vg_mc.reports.tables.published import CORPORA, SPLITS, published_rows


@pytest.mark.parametrize("corpus", CORPORA)
@pytest.mark.parametrize("annotated", [True, False])
def test_every_line_has_figures_and_a_source(corpus, annotated):
    rows = published_rows(corpus, annotated=annotated)

    assert rows
    for row in rows:
        assert row.accuracies.keys() <= set(SPLITS)
        assert all(0 < float(figure) < 100 for figure in row.accuracies.values())
        assert row.source
        assert (row.proposals == "annotated") == annotated


def test_figures_are_those_of_the_papers():
    rows = {row.system: row for row in published_rows("refcoco+_unc", annotated=False)}

    assert rows["MAttNet"].accuracies == {"val": "65.33", "testA": "71.62", "testB": "56.02"}
    assert rows["clip-refcoco ensemble"].accuracies == {"testA": "83.57"}
    assert "checkpoint chosen on testA" in rows["clip-refcoco ensemble"].remark
    assert "generalised IoU" in rows["MDETR R101"].remark
    assert rows["UNITER-large"].read == "second hand"


def test_no_line_stands_there_twice_and_none_is_of_an_unknown_corpus():
    rows = list(csv.DictReader(published._TABLE.read_text(encoding="utf-8").splitlines()))

    keys = [(row["corpus"], row["system"], row["proposals"]) for row in rows]
    assert len(set(keys)) == len(keys)
    assert {row["corpus"] for row in rows} == set(CORPORA.values())
    assert {row["read"] for row in rows} == {"at the source", "second hand"}
    for row in rows:
        assert all(re.fullmatch(r"(\d\d\.\d\d?)?", row[split]) for split in SPLITS)


def test_other_corpora_have_no_published_figures():
    assert published_rows("scenes", annotated=False) == []
    assert published_rows("refcoco_google", annotated=False) == []
