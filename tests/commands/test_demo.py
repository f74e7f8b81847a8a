"""The demo goes all the way, here with a handful of scenes, and replaces nothing but a demo."""

import json

import pytest

from vg_mc.commands.config import parse_config
from vg_mc.commands.demo import MEMBERS, RECIPES, STAMP, TEST_SPLITS, DemoConfig, clear, run
from vg_mc.errors import BadInputError
from vg_mc.flags.finetune import FinetuneConfig
from vg_mc.predictions import read_predictions


def test_it_ends_with_a_table_and_a_page(tmp_path, capsys):
    output = tmp_path / "demo"

    rows = run(DemoConfig(output, scenes=24, detector_scenes=16, detector_epochs=1))

    together = {"val": ["ensemble"]}  # what is fitted on val says nothing of it
    expected = [
        (split, f"{name}, {proposals}")
        for proposals in ("detected", "annotated")
        for split in TEST_SPLITS
        for name in [*MEMBERS, *together.get(split, ["ensemble", "fitted ensemble"])]
    ]
    printed = capsys.readouterr().out
    unfit = "fitted ensemble, detected"
    if f"no {unfit}: " in printed:  # the detector has learned too little to find a box on val
        expected = [pair for pair in expected if pair[1] != unfit]
    assert [(row.split, row.name) for row in rows] == expected
    assert all(name in printed for _, name in expected)
    written = json.loads((output / "results.json").read_text())
    results = written["results"]
    assert "ensemble, annotated: " in written["protocol"]["data"]
    assert [(row["split"], row["name"]) for row in results] == expected
    annotated = [row for row in results if row["name"].endswith("annotated")]
    assert all(row["scores"]["proposal_recall"] == 1 for row in annotated)
    pages = {path.relative_to(output).as_posix() for path in output.glob("evaluations/*/*.html")}
    assert pages >= {f"evaluations/{name}-annotated/report.html" for name in (*MEMBERS, "ensemble")}
    index = (output / "index.html").read_text()
    assert {part.split('"')[0] for part in index.split('<a href="')[1:]} == pages
    assert "<article" in (output / "evaluations" / "ensemble-detected" / "report.html").read_text()
    assert (output / "examples.png").stat().st_size > 0
    assert len(read_predictions(output / "evaluations" / "ensemble-annotated" / "val")) > 0


def test_an_earlier_demo_is_replaced(tmp_path):
    clear(tmp_path / "demo")
    (tmp_path / "demo" / "old").touch()

    clear(tmp_path / "demo")

    assert [path.name for path in (tmp_path / "demo").iterdir()] == [STAMP]


def test_anything_else_is_left_alone(tmp_path):
    (tmp_path / "thesis.tex").touch()

    with pytest.raises(BadInputError, match="not an earlier demo"):
        clear(tmp_path)

    assert (tmp_path / "thesis.tex").exists()


@pytest.mark.parametrize("member", MEMBERS)
def test_a_members_recipe_trains_it(member):
    recipe = str(RECIPES / f"demo-{member}.yaml")

    config = parse_config(
        FinetuneConfig, ["--recipe", recipe, "--dataset", "prepared", "--output", "run"]
    )

    assert config.model == member
