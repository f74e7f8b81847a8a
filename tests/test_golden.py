"""Numbers that no refactoring may change: losses of a training, and hashes of prepared datasets.

`golden.json` beside this file holds them. A change that is meant to change them replaces the file
(`python -m pytest tests/test_golden.py --write-golden`) and gives its reason in the commit.
"""

import json
from pathlib import Path

import pytest

from vg_mc.commands import finetune, prepare_data

ROOT = Path(__file__).parent.parent
GOLDEN = Path(__file__).with_name("golden.json")
REFCOCO_MINI = ROOT.parent / "shared" / "data" / "refcoco_mini"

RUNS = {
    "expression tiny-vit": "--model tiny-vit --batching expression --batch-size 8",
    "image tiny-resnet": "--model tiny-resnet --batching image --batch-size 4 --max-candidates 6",
    "image tiny-vit, all options": "--model tiny-vit --batching image --batch-size 4 "
    "--targets iou --symmetric 0.5 --flip 0.5 --color-jitter 0.2 --label-smoothing 0.1 "
    "--layer-decay 0.8 --ema 0.9 --gradient-accumulation 2",
}
STEPS = 5
WRITTEN_WITH = ("loss", "accuracy", "pictures", "gradient_norm", "learning_rate")


@pytest.fixture(scope="module")
def golden(request):
    """Compare with the stored numbers, or store those of this run."""
    stored = json.loads(GOLDEN.read_text()) if GOLDEN.exists() else {}
    yield stored
    if request.config.getoption("write_golden"):
        GOLDEN.write_text(json.dumps(stored, indent=1) + "\n")


def prepared(folder: Path, flags: str) -> dict:
    prepare_data.main([*flags.split(), "--output", str(folder / "prepared"), "--num-workers", "1"])
    return json.loads((folder / "prepared" / "manifest.json").read_text())


@pytest.fixture(scope="module")
def scenes(tmp_path_factory):
    folder = tmp_path_factory.mktemp("golden")
    flags = f"--corpus scenes --scenes 24 --annotations {folder / 'scenes'} --image-size 64"
    return folder / "prepared", prepared(folder, flags)["data_hash"]


@pytest.fixture
def expect(request, golden):
    def equal(name: str, value: object) -> None:
        if request.config.getoption("write_golden"):
            golden[name] = value
        assert value == approximately(golden[name])

    return equal


def approximately(value: object) -> object:
    """Let other processors round otherwise: numbers agree to 1e-4, all else to the letter."""
    if isinstance(value, list):
        return [pytest.approx(row, rel=1e-4, abs=1e-7) for row in value]
    return value


def test_scenes_have_the_bytes_that_they_had(scenes, expect):
    expect("scenes", scenes[1])


def test_real_photos_have_the_bytes_that_they_had(tmp_path, expect):
    if not REFCOCO_MINI.is_dir():
        pytest.skip("no real photos here: their data hash is not compared")

    flags = (
        f"--annotations {REFCOCO_MINI} --images {REFCOCO_MINI / 'images'} --split-by unc "
        f"--proposer stored --proposals {REFCOCO_MINI / 'yolo26m_dets.json'} --confidence 0.05 "
        "--image-size 64 --splits val testA"
    )
    expect("refcoco_mini", prepared(tmp_path, flags)["data_hash"])


@pytest.mark.parametrize("name", RUNS)
def test_the_first_losses_are_those_that_they_were(name, scenes, tmp_path, expect):
    flags = f"--dataset {scenes[0]} --output {tmp_path / 'run'} --epochs 1 --num-workers 0"
    finetune.main([*flags.split(), *RUNS[name].split()])

    lines = (tmp_path / "run" / "metrics.jsonl").read_text().splitlines()
    steps = [entry for entry in map(json.loads, lines) if "learning_rate" in entry][:STEPS]
    expect(name, [[float(step[key]) for key in WRITTEN_WITH] for step in steps])
