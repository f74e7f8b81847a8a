import csv

import pytest
from PIL import Image

from vg_mc.metrics.resampling import Estimate
from vg_mc.reports.recall import recall_table, write_recalls
from vg_mc.reports.tables.formats import markdown_table
from vg_mc.scoring import Curve
from vg_mc.scoring.proposal_recall import ProposalRecall

UNION = ProposalRecall(
    name="yolo|stored",
    images=1000,
    expressions=3000,
    boxes_per_image=7.25,
    curve=Curve(
        (1, 2, 5, 7),
        tuple(Estimate(share, share - 0.1, share + 0.1, 3000) for share in (0.25, 0.5, 0.75, 0.8)),
    ),
)
NOTHING = ProposalRecall("none", 1, 1, 0.0, Curve((0,), (Estimate(0, 0, 0, 1),)))


def test_the_table_has_the_best_proposals_and_all_of_them():
    first, _, *rows = markdown_table(recall_table([UNION, NOTHING])).splitlines()

    names = [name.strip() for name in first.strip("|").split("|")]
    cells = [cell.strip() for cell in rows[0].strip("|").replace(r"\|", "!").split("|")]
    assert dict(zip(names, cells, strict=True)) == {
        "proposals": "yolo!stored", "boxes per image": "7.2",
        "best 1": "25.00", "best 5": "75.00", "best 10": "80.00", "best 20": "80.00",
        "best 50": "80.00", "all": "80.00", "from": "70.00", "to": "90.00",
        "expressions": "3,000", "images": "1,000",
    }  # fmt: skip
    assert len(rows) == 2


def test_every_point_stands_in_a_file_and_the_plot_is_a_picture(tmp_path):
    write_recalls([UNION, NOTHING], tmp_path / "new")

    with (tmp_path / "new" / "recall.csv").open(newline="") as opened:
        rows = list(csv.DictReader(opened))
    assert [(row["name"], int(row["proposals"])) for row in rows] == [
        *((UNION.name, at) for at in (1, 2, 5, 7)),
        ("none", 0),
    ]
    assert float(rows[2]["low"]) == pytest.approx(0.65)
    assert (tmp_path / "new" / "recall.md").read_text().splitlines() == (
        markdown_table(recall_table([UNION, NOTHING])).splitlines()
    )
    with Image.open(tmp_path / "new" / "recall.png") as picture:
        assert picture.size == (770, 462)
