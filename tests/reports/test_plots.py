"""The learning curve shows what a run recorded."""

import subprocess
import sys

import pytest
from PIL import Image

from vg_mc.reports.plots import accuracies, losses, write_learning_curves

RECORDS = [
    {"step": 10, "epoch": 1, "loss": 1.4, "learning_rate": 1e-3},
    {"step": 20, "epoch": 1, "loss": 1.1, "learning_rate": 1e-3},
    {"epoch": 1, "split": "val", "accuracy": 0.5, "loss": 1.0},
    {"step": 20, "epoch": 2, "loss": 0.9, "learning_rate": 5e-4},
    {"epoch": 2, "split": "val", "accuracy": 0.7},
    {"epoch": 2, "split": "val", "accuracy": 0.75},
]


def test_losses_and_accuracies_are_told_apart():
    assert losses(RECORDS) == [(10, 1.4), (20, 0.9)]
    assert accuracies(RECORDS) == [(1, 0.5), (2, 0.75)]


def test_the_picture_has_two_panels_with_a_line_each(tmp_path):
    write_learning_curves(RECORDS, tmp_path / "curve.png")

    with Image.open(tmp_path / "curve.png") as picture:
        width, height = picture.size
        halves = [(0, 0, width // 2, height), (width // 2, 0, width, height)]
        colors = [picture.convert("RGB").crop(half).getcolors(1 << 24) for half in halves]
    for half in colors:  # matplotlib's first colour
        assert any(color == (31, 119, 180) for _, color in half)


@pytest.mark.parametrize("kept", [0, 2])
def test_a_run_that_just_began_can_be_drawn(tmp_path, kept):
    write_learning_curves(RECORDS[:kept], tmp_path / "curve.png")

    assert (tmp_path / "curve.png").stat().st_size > 1000


def test_the_same_records_give_the_same_bytes(tmp_path):
    for name in ("first.png", "second.png"):
        write_learning_curves(RECORDS, tmp_path / name)

    assert (tmp_path / "first.png").read_bytes() == (tmp_path / "second.png").read_bytes()


def test_importing_the_module_does_not_load_matplotlib():
    probe = "import sys, vg_mc.reports.plots; sys.exit('matplotlib' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", probe], check=False).returncode == 0
