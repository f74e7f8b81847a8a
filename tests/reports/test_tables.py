"""All files of a result say the same, and say how the numbers came about."""

import csv
import io
import json
import math
import re

import numpy as np
import pytest

from vg_mc.metrics import summarize
from vg_mc.reports.tables import (
    ResultRow,
    csv_text,
    json_text,
    latex_text,
    markdown_text,
    protocol_of,
    result_row,
    screen_text,
    write_results,
)


@pytest.fixture
def rows(make_predictions):
    return [
        result_row(make_predictions(name="tiny-resnet", expressions=31, logits_seed=1)),
        result_row(make_predictions(name="tiny-vit", expressions=31, logits_seed=2)),
    ]


@pytest.fixture
def protocol(make_predictions):
    return protocol_of([make_predictions()])


def numbers_in(line: str) -> list[float]:
    """Return the numbers that stand alone, so not the one in a heading or a name."""
    return [float(number) for number in re.findall(r"(?<![\w.@-])\d+(?:\.\d+)?(?![\w.])", line)]


def test_every_file_has_the_same_numbers(rows, protocol, tmp_path):
    write_results(rows, protocol, tmp_path)

    results = json.loads((tmp_path / "results.json").read_text())["results"]
    sheet = list(csv.reader((tmp_path / "results.csv").read_text().splitlines()))
    markdown_lines = (tmp_path / "results.md").read_text().splitlines()[2:]
    latex_lines = (tmp_path / "results.tex").read_text().splitlines()[4:]
    for at, result in enumerate(results):
        scores = result["scores"]
        shares = ["accuracy", "accuracy_at_least", "mean_iou", "proposal_recall"]
        shares += ["accuracy_where_covered", "chance"]
        expected = [round(100 * scores[share], 2) for share in shares]
        expected += [round(scores["mean_candidates"], 2)]
        expected += [scores[count] for count in ("expressions", "covered", "without_proposals")]
        assert [float(cell) for cell in sheet[1 + at][2:12]] == expected
        assert numbers_in(markdown_lines[at]) == expected
        assert numbers_in(latex_lines[at]) == expected
        assert numbers_in(screen_text(rows).splitlines()[2 + at]) == expected[:8]


def test_json_holds_shares_with_four_decimals(rows, protocol):
    result = json.loads(json_text(rows, protocol))["results"][0]

    assert (result["name"], result["split"]) == ("tiny-resnet", "val")
    assert result["scores"]["accuracy"] == round(rows[0].scores.accuracy, 4)
    assert result["scores"]["expressions"] == 31


def test_a_percentage_never_rounds_another_way_than_its_share():
    scores = summarize([np.array([0.9])] * 1 + [np.array([0.1])] * 31, [np.zeros(1)] * 32)
    row = ResultRow("a", "val", scores)  # 1 of 32 is 0.03125

    share = json.loads(json_text([row], {}))["results"][0]["scores"]["accuracy"]

    assert f"{100 * share:.2f}" in markdown_text([row], {}).splitlines()[-2].split()


def test_an_empty_split_is_written_without_nan():
    empty = [ResultRow("a", "val", summarize([], []))]
    assert math.isnan(empty[0].scores.accuracy)

    assert json.loads(json_text(empty, {}))["results"][0]["scores"]["accuracy"] is None
    assert csv_text(empty, {}).splitlines()[1] == "a,val,,,,,,,,0,0,0"
    assert "| – |" in markdown_text(empty, {})
    for text in (json_text(empty, {}), csv_text(empty, {}), latex_text(empty, {})):
        assert "nan" not in text.lower()


def test_the_protocol_stands_in_every_file(rows, protocol):
    for spell in (json_text, markdown_text, csv_text, latex_text):
        text = spell(rows, protocol)
        for part in ("0.5", "without proposals", "0123abcd", "annotations"):
            assert part in text, spell


def test_the_protocol_names_what_differs_side_by_side(make_predictions):
    members = [
        make_predictions(data_hash="384", facts={"proposals": "yolo", "model": "rn"}),
        make_predictions(data_hash="224", facts={"proposals": "yolo"}),
    ]

    protocol = protocol_of(members)

    assert protocol["data"] == "384; 224"
    assert protocol["proposals"] == "yolo"
    assert protocol["model"] == "rn"


def test_names_cannot_break_a_table(rows):
    row = ResultRow("=1|2_&\n3", "val", rows[0].scores)

    sheet = list(csv.reader(io.StringIO(csv_text([row], {}))))
    assert sheet[1][0] == "'=1|2_&\n3"
    markdown_line = markdown_text([row], {}).splitlines()[2]
    assert r"=1\|2\_\& 3" in markdown_line
    assert len(re.findall(r"(?<!\\)\|", markdown_line)) == 13
    assert r"=1|2\_\& 3 & val" in latex_text([row], {})
    assert len(screen_text([row]).splitlines()) == 3


def test_columns_stand_under_each_other_on_the_screen(rows):
    lines = screen_text([ResultRow("a much longer name", "testA", rows[0].scores), *rows]).split(
        "\n"
    )

    assert len({len(line) for line in lines}) == 1


def test_the_same_rows_give_the_same_bytes(rows, protocol, tmp_path):
    for folder in ("first", "second"):
        write_results(rows, protocol, tmp_path / folder)

    for file in sorted((tmp_path / "first").iterdir()):
        assert file.read_bytes() == (tmp_path / "second" / file.name).read_bytes()
