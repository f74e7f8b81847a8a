"""The demo goes all the way, here with a handful of scenes, and replaces nothing but a demo."""

import importlib.util
import json
import re

import pytest

from vg_mc.commands.config import parse_config
from vg_mc.commands.demo import (
    MEMBERS,
    PRELOAD,
    PROPOSALS,
    RECIPES,
    STAMP,
    TEST_SPLITS,
    DemoConfig,
    clear,
    run,
    summary,
)
from vg_mc.commands.finetune import FinetuneConfig
from vg_mc.errors import BadInputError
from vg_mc.scoring import score


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    """A demo of a few scenes: its folder, its rows, and what it printed."""
    output = tmp_path_factory.mktemp("runs") / "demo"
    with pytest.MonkeyPatch.context() as patch:
        printed = []
        patch.setattr("builtins.print", lambda *texts, **_: printed.extend(texts))
        rows = run(DemoConfig(output, scenes=24, detector_scenes=16, detector_epochs=1))
    return output, rows, "\n".join(map(str, printed))


def test_each_model_and_ensemble_has_a_row_per_split(demo):
    _, rows, _ = demo

    together = {"val": ["ensemble"]}  # what is fitted on val says nothing of it
    expected = {
        (split, f"{name}, {proposals}")
        for proposals in PROPOSALS
        for split in TEST_SPLITS
        for name in [*MEMBERS, *together.get(split, ["ensemble", "fitted ensemble"])]
    }
    found = {(row.split, row.name) for row in rows}
    # After a few scenes, members may be no better than chance, and nothing can be fitted.
    assert {pair for pair in expected if "fitted" not in pair[1]} <= found <= expected
    assert len(rows) == len(found)


def test_all_numbers_are_in_files_with_the_protocol_of_all_rows(demo):
    output, rows, _ = demo

    written = json.loads((output / "results.json").read_text())
    results = written["results"]
    assert [(row["split"], row["name"]) for row in results] == [(r.split, r.name) for r in rows]
    weighting = written["protocol"]["weighting"]
    assert all(name in weighting for name in {r.name for r in rows if "ensemble" in r.name})
    annotated = [row for row in results if row["name"].endswith("annotated")]
    assert all(row["scores"]["proposal_recall"] == 1 for row in annotated)


def test_every_model_has_a_page_that_the_index_links_to(demo):
    output, rows, _ = demo

    pages = {path.relative_to(output).as_posix() for path in output.glob("evaluations/*/*/*.html")}
    assert len(pages) == len({row.name for row in rows})
    index = (output / "index.html").read_text()
    assert {part.split('"')[0] for part in index.split('<a href="')[1:]} == pages
    assert (output / "examples.png").stat().st_size > 0


def test_it_prints_a_story_with_times_and_a_small_table(demo):
    output, rows, printed = demo

    story, table, files = printed.split("\n\n")
    assert all(re.match(r"\d+:\d\d  ", line) for line in story.splitlines())
    assert all(f"{member}: " in story for member in MEMBERS)
    assert len(table.splitlines()) - 2 == len({row.name for row in rows}) <= 8
    assert str(output / "results.md") in files
    logs = {path.stem for path in (output / "logs").iterdir()}
    assert logs >= {f"finetune-{member}" for member in MEMBERS}


def test_the_table_leaves_out_what_was_not_answered(make_predictions):
    table = summary([score(make_predictions("rn", "val")), score(make_predictions("vit", "testA"))])

    assert [row[0] for row in table.rows] == ["rn", "vit"]
    assert [[cell is None for cell in row[1:]] for row in table.rows] == [
        [False, True, True],
        [True, False, True],
    ]


def test_what_is_imported_for_all_jobs_exists():
    assert [name for name in PRELOAD if importlib.util.find_spec(name) is None] == []


def test_an_earlier_demo_is_replaced(tmp_path):
    clear(tmp_path / "demo")
    (tmp_path / "demo" / "old").touch()

    clear(tmp_path / "demo")

    assert [path.name for path in (tmp_path / "demo").iterdir()] == [STAMP]


def test_anything_else_is_left_alone(tmp_path):
    (tmp_path / "thesis.tex").touch()

    with pytest.raises(BadInputError) as caught:
        clear(tmp_path)

    assert caught.value.file == str(tmp_path)
    assert (tmp_path / "thesis.tex").exists()


@pytest.mark.parametrize("member", MEMBERS)
def test_a_members_recipe_trains_it(member):
    recipe = str(RECIPES / f"demo-{member}.yaml")

    config = parse_config(
        FinetuneConfig, ["--recipe", recipe, "--dataset", "prepared", "--output", "run"]
    )

    assert config.model == member
