import re
import subprocess
import sys
from dataclasses import replace
from importlib import import_module
from pathlib import Path

import pytest

from benchmarks.comparison import Aim, Comparison, Finding, Measured, Stopwatch, Way, carry_out
from benchmarks.made_up import HEIGHT, WIDTH, Shape, make_corpus
from benchmarks.report import aims_table, section

ROOT = Path(__file__).parent.parent


def measured(amount: int, seconds: float) -> Measured:
    return Measured(amount, seconds, seconds, memory_before=100, memory_peak=1200, facts={})


def count_letters(folder: Path) -> Measured:
    stopwatch = Stopwatch()
    (folder / "letters").write_text("abc")
    return stopwatch.stop(3, letters="abc")


def compare_letters(folder: Path) -> str:
    texts = {path.read_text() for path in folder.glob("*/letters")}
    assert texts == {"abc"}
    return f"{len(list(folder.iterdir()))} ways agree"


def refuse(folder: Path) -> str:
    raise AssertionError(f"{folder.name} differ")


def nothing() -> None:
    pass


def letters(check=compare_letters) -> Comparison:
    ways = (Way("slow", count_letters), Way("fast", count_letters, against="slow"))
    return Comparison("Two ways", "letters", nothing, ways, check, needs_torch=False)


MODULES = sorted(
    ".".join(path.relative_to(ROOT).with_suffix("").parts)
    for path in (ROOT / "benchmarks").rglob("*.py")
)


def test_every_benchmark_can_be_imported():
    assert len(MODULES) > 30
    for module in MODULES:
        import_module(module)


@pytest.mark.exhaustive
def test_quick_benchmark_measures_everything_and_finds_equal_results(tmp_path):
    page = tmp_path / "page.md"

    command = [sys.executable, "-m", "benchmarks", "--quick", "--output", str(page)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr
    text = page.read_text()
    assert re.findall("^## ([A-Z][a-z]+)", text, re.MULTILINE) == [
        "Aims",
        "Preparing",
        "Evaluating",
        "Evaluating",
        "Scoring",
        "Reading",
        "Training",
        "Training",
    ]
    assert len(re.findall(r"^\| baseline.* \|$", text, re.MULTILINE)) == 7
    ratios = [line.split("|")[4] for line in text.splitlines() if line.startswith("| vg_mc")]
    ratios = [ratio for ratio in ratios if ratio.strip()]
    assert len(ratios) == 7
    assert all(float(ratio) > 0 for ratio in ratios)
    assert "python -m benchmarks --quick" in text
    assert "All 15 expressions answered by both have the same answer" in text
    assert "The loss of the first step" in text


@pytest.mark.exhaustive
def test_the_command_for_a_gpu_works_without_one_and_prints_one_table():
    command = [sys.executable, "-m", "benchmarks.gpu_training", "--quick", "--num-workers", "1"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr
    rows = [line.split("|") for line in done.stdout.splitlines() if line.startswith("| Training")]
    ways = [cells[2].strip() for cells in rows if len(cells) > 10]
    assert ways == [
        "baseline",
        "vg_mc, by expression",
        "vg_mc, by image",
        "vg_mc, by image, model only",
    ]
    assert "share of time waiting for data" in done.stdout


def test_without_a_gpu_nothing_is_measured_for_one(monkeypatch):
    from benchmarks import gpu_training

    monkeypatch.setattr("torch.cuda.is_available", lambda: False)

    with pytest.raises(SystemExit, match="no GPU"):
        gpu_training.main([])


def test_a_way_is_measured_and_checked_in_processes_of_their_own(tmp_path):
    found = carry_out(letters(), tmp_path)

    assert found.checked == "2 ways agree"
    assert [len(runs) for runs in found.runs.values()] == [3, 3]
    assert [way.amount for way in found.measured.values()] == [3, 3]
    assert all(0 < way.memory_before <= way.memory_peak for way in found.measured.values())


@pytest.mark.exhaustive
def test_different_results_end_the_benchmark(tmp_path):
    with pytest.raises(AssertionError, match="differ"):
        carry_out(letters(check=refuse), tmp_path)


def test_a_ratio_says_how_many_times_as_fast():
    found = Finding(letters(), {"slow": [measured(30, 10)], "fast": [measured(60, 5)]}, "fine")

    lines = section(found).splitlines()

    cells = [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines[2:4]]
    assert cells == [
        ["slow", "30", "3.0", "", "10.00", "0", "10.00", "100", "1,200"],
        ["fast", "60", "12.0", "4.00", "5.00", "0", "5.00", "100", "1,200"],
    ]
    assert lines[-1] == "fine"


def test_a_disturbed_run_shows_in_the_spread_and_not_in_the_figure():
    slow = [measured(30, seconds) for seconds in (10, 200, 12)]
    found = Finding(letters(), {"slow": slow, "fast": [measured(60, 6)] * 3}, "fine")

    lines = section(found).splitlines()

    cells = [[cell.strip() for cell in line.split("|")[3:7]] for line in lines[2:4]]
    assert cells == [["2.5", "", "12.00", "1583"], ["10.0", "4.00", "6.00", "0"]]


def test_an_aim_is_reached_up_to_its_limit():
    at_least, at_most = Aim("", nothing, least=3), Aim("", nothing, most=5)

    assert [at_least.is_reached(value) for value in (2.9, 3, 4)] == [False, True, True]
    assert [at_most.is_reached(value) for value in (4, 5, 5.1)] == [True, True, False]


def test_aims_stand_with_what_came_of_them():
    aims = tuple(
        Aim("ratio", lambda all_: all_["fast"].rate / all_["slow"].rate, least=least)
        for least in (4, 5)
    )
    comparison = replace(letters(), aims=aims)
    found = Finding(comparison, {"slow": [measured(30, 10)], "fast": [measured(60, 5)]}, "fine")

    lines = aims_table([found]).splitlines()

    cells = [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines[2:]]
    assert cells == [
        ["Two ways", "ratio", "at least 4", "4.00", "yes"],
        ["Two ways", "ratio", "at least 5", "4.00", "no"],
    ]


def test_made_up_photos_have_as_many_boxes_and_sentences_as_their_shape_says(tmp_path):
    corpus = make_corpus(tmp_path, {"train": 3}, Shape("small", boxes=2, expressions=(1, 3)))

    assert [len(regions) for regions in corpus.annotations.values()] == [2, 2, 2]
    assert [one.image_id for one in corpus.expressions] == [0, 1, 1, 1, 2]


def test_made_up_corpora_are_the_same_in_every_process_and_as_heavy_as_photos(tmp_path):
    corpus = make_corpus(tmp_path, {"train": 2, "val": 1})

    assert corpus == make_corpus(tmp_path, {"train": 2, "val": 1})
    assert all(50_000 < photo.stat().st_size < 200_000 for photo in tmp_path.iterdir())
    assert len({expression.text for expression in corpus.expressions}) == 7 + 8 + 7
    for expression in corpus.expressions:
        left, top, right, bottom = expression.target
        assert 0 <= left < right <= WIDTH
        assert 0 <= top < bottom <= HEIGHT
