"""`import evaluate` must find Hugging Face's package in every way in which our scripts are started.

The probes run in a small copy of the project: the true ``evaluate.py`` and ``shadowing.py``, beside
a command that only tells what it imported. The installed package is a stand-in, the true one
takes seconds to import; the last test asks the true one.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from vg_mc.system.shadowing import load_installed

ROOT = Path(__file__).parents[2]

TELL = """
import evaluate.loading  # a submodule first: it must be looked for in the package, too
import evaluate
print("imported", evaluate.__file__, flush=True)
"""

COMMAND = f"""
import multiprocessing

def tell():
{"".join("    " + line for line in TELL.splitlines(keepends=True))}

def main():
    tell()
    worker = multiprocessing.get_context("spawn").Process(target=tell)
    worker.start()
    worker.join()
    raise SystemExit(worker.exitcode)
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("project")
    (folder / "vg_mc/commands").mkdir(parents=True)
    (folder / "vg_mc/system").mkdir()
    for name in (
        "evaluate.py",
        "vg_mc/__init__.py",
        "vg_mc/system/shadowing.py",
        "vg_mc/system/versions.py",
    ):
        shutil.copy(ROOT / name, folder / name)
    (folder / "vg_mc/commands/evaluate.py").write_text(COMMAND)
    (folder / "probe.py").write_text(TELL)
    (folder / "test_probe.py").write_text(f"def test_it():\n    exec({TELL!r})\n")
    return folder


@pytest.fixture(scope="module")
def installed(tmp_path_factory) -> Path:
    package = tmp_path_factory.mktemp("site-packages") / "evaluate"
    package.mkdir()
    (package / "__init__.py").write_text("from evaluate import loading\n")
    (package / "loading.py").touch()
    return package / "__init__.py"


def imported(arguments: list[str], installed: Path, folder: Path) -> list[str]:
    """Start Python and return the files that it imported `evaluate` from."""
    outcome = subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(installed.parent.parent), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
    words = [line.split() for line in outcome.stdout.splitlines()]
    return [line[1] for line in words if line[:1] == ["imported"]]


@pytest.mark.parametrize(
    ("arguments", "times"),
    [
        ("probe.py", 1),
        ("-m probe", 1),
        pytest.param(
            "-m pytest -q -s --import-mode=prepend test_probe.py", 1, marks=pytest.mark.exhaustive
        ),
        ("-m pytest -q -s --import-mode=importlib test_probe.py", 1),
        ("evaluate.py", 2),  # the script's own process and its spawned worker
        ("-m evaluate", 2),
        pytest.param(
            "-m accelerate.commands.launch --cpu --num_processes 1 evaluate.py",
            2,
            marks=pytest.mark.exhaustive,
        ),
        pytest.param(
            "-m torch.distributed.run --nproc-per-node 2 --rdzv-endpoint 127.0.0.1:0 evaluate.py",
            4,
            marks=pytest.mark.exhaustive,
        ),
    ],
)
def test_the_installed_package_is_imported(project, installed, arguments, times):
    assert imported(arguments.split(), installed, project) == [str(installed)] * times


def test_the_scripts_may_be_started_from_elsewhere(project, installed, tmp_path):
    script = str(project / "evaluate.py")

    assert imported([script], installed, tmp_path) == [str(installed)] * 2


def test_a_missing_package_is_told(tmp_path):
    script = tmp_path / "not_installed_anywhere.py"

    with pytest.raises(ModuleNotFoundError, match="no installed package 'not_installed_anywhere'"):
        load_installed("not_installed_anywhere", hidden_by=str(script))


def test_the_true_package_is_found_from_the_root_of_the_project(start):
    printed = start(["-c", "import evaluate; print(evaluate.Metric.__module__)"], ROOT)

    assert printed.strip() == "evaluate.module"
