"""All files of a result say the same, and say how the numbers came about."""

import csv
import io
import json
import math
import re
from dataclasses import replace

import numpy as np
import pytest

from vg_mc.metrics.similarity import semantic_similarity
from vg_mc.reports.tables.protocol import protocol_of
from vg_mc.reports.tables.results import (
    csv_text,
    json_text,
    latex_text,
    markdown_text,
    screen_text,
    write_results,
)
from vg_mc.scoring import SplitReport, score


@pytest.fixture
def rows(make_predictions):
    return [
        score(make_predictions(name="tiny-resnet", expressions=31, logits_seed=1)),
        score(make_predictions(name="tiny-vit", expressions=31, logits_seed=2)),
    ]


@pytest.fixture
def protocol(make_predictions):
    return protocol_of([make_predictions()])


def renamed(row: SplitReport, name: str) -> SplitReport:
    return replace(row, provenance=replace(row.provenance, name=name))


def numbers_in(line: str) -> list[float]:
    """Return the numbers that stand alone, so not the one in a heading or a name."""
    return [float(number) for number in re.findall(r"(?<![\w.@-])\d+(?:\.\d+)?(?![\w.])", line)]


def test_every_file_has_the_same_numbers(rows, protocol, tmp_path):
    write_results(rows, protocol, tmp_path)

    results = json.loads((tmp_path / "results.json").read_text())["results"]
    sheet = list(csv.reader((tmp_path / "results.csv").read_text().splitlines()))
    markdown_lines = (tmp_path / "results.md").read_text().splitlines()
    latex_lines = (tmp_path / "results.tex").read_text().splitlines()
    for at, result in enumerate(results):
        main, others = main_numbers(result), other_numbers(result)
        assert [float(cell) for cell in sheet[1 + at][2:25]] == [*main, *others]
        assert numbers_in(markdown_lines[2 + at]) == main
        assert numbers_in(markdown_lines[9 + at]) == others
        assert numbers_in(latex_lines[5 + at]) == main
        assert numbers_in(latex_lines[14 + at]) == others
        assert numbers_in(screen_text(rows).splitlines()[2 + at]) == main[:10]


def main_numbers(result) -> list[float]:
    scores, (low, high) = result["scores"], result["intervals"]["accuracy"]
    shares = [scores["accuracy"], low, high, scores["accuracy_at_least"], scores["mean_iou"]]
    shares += [scores[name] for name in ("proposal_recall", "accuracy_where_covered", "chance")]
    counts = [scores[count] for count in ("expressions", "covered", "without_proposals")]
    each = round(scores["mean_candidates"], 2)
    return [*(round(100 * share, 2) for share in shares), each, *counts]


def other_numbers(result) -> list[float]:
    names = [f"accuracy@{above}" for above in (0.1, 0.3, 0.7, 0.75, 0.9)]
    names += ["mean_accuracy", "giou_accuracy", "recall@1", "recall@5", "recall@10"]
    return [round(100 * result["scores"][name], 2) for name in [*names, "calibration_error"]]


def test_an_empty_split_is_written_without_nan(make_predictions):
    empty = [score(make_predictions(name="a", expressions=0))]
    assert math.isnan(empty[0].scores.accuracy)

    assert json.loads(json_text(empty, {}))["results"][0]["scores"]["accuracy"] is None
    assert csv_text(empty, {}).splitlines()[1] == "a,val" + "," * 10 + "0,0,0" + "," * 11
    assert " – |" in markdown_text(empty, {})
    for text in (json_text(empty, {}), csv_text(empty, {}), latex_text(empty, {})):
        assert "nan" not in text.lower()


def test_the_protocol_stands_in_every_file(rows, protocol):
    for spell in (json_text, markdown_text, csv_text, latex_text):
        text = spell(rows, protocol)
        for part in ("0.5", "without proposals", "0123abcd", "annotations"):
            assert part in text, spell


def test_names_cannot_break_a_table(rows):
    row = renamed(rows[0], "=1|2_&\n3")

    sheet = list(csv.reader(io.StringIO(csv_text([row], {}))))
    assert sheet[1][0] == "'=1|2_&\n3"
    markdown_line = markdown_text([row], {}).splitlines()[2]
    assert r"=1\|2\_\& 3" in markdown_line
    assert len(re.findall(r"(?<!\\)\|", markdown_line)) == 15
    assert r"=1\textbar{}2\_\& 3 & val" in latex_text([row], {})
    assert len(screen_text([row]).splitlines()) == 3


def test_a_spreadsheet_can_be_read_again(make_predictions, rows):
    features = np.eye(31)
    alike = semantic_similarity(features, features, -features)
    known = score(make_predictions(expressions=31), similarity=alike)

    text = csv_text([known, rows[0]], {"model": "RN50", "data": "-1"})

    headings = next(csv.reader(io.StringIO(text)))
    assert len(set(headings)) == len(headings)
    first, second = csv.DictReader(io.StringIO(text))
    assert (first["name"], first["model"], first["data"]) == ("tiny", "RN50", "'-1")
    assert float(first["cosine to sentence"]) == -1
    assert second["cosine to sentence"] == ""


def test_a_subset_is_told_from_its_split(rows):
    subset = replace(rows[0], subset="clean")

    assert "val, clean" in screen_text([subset])
    assert "| val, clean |" in markdown_text([subset], {})
    assert json.loads(json_text([subset], {}))["results"][0]["subset"] == "clean"


def test_columns_stand_under_each_other_on_the_screen(rows):
    lines = screen_text([renamed(rows[0], "a much longer name"), *rows]).split("\n")

    assert len({len(line) for line in lines}) == 1


def test_the_same_rows_give_the_same_bytes(rows, protocol, tmp_path):
    for folder in ("first", "second"):
        write_results(rows, protocol, tmp_path / folder)

    for file in sorted((tmp_path / "first").iterdir()):
        assert file.read_bytes() == (tmp_path / "second" / file.name).read_bytes()
