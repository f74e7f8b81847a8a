"""requirements.txt is the tested set and pyproject.toml the ranges: they must speak of the same."""

import subprocess
import sys
import tomllib
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parent.parent


def pins() -> dict[str, str]:
    lines = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    pairs = (line.split("==") for line in lines if line and not line.startswith("#"))
    return {canonicalize_name(name): version for name, version in pairs}


def ranges() -> dict[str, Requirement]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    texts = [*project["dependencies"], *project["optional-dependencies"]["dev"]]
    return {canonicalize_name(item.name): item for item in map(Requirement, texts)}


def test_both_files_name_the_same_packages():
    assert set(pins()) == set(ranges())


def test_the_tested_versions_lie_in_the_ranges():
    outside = [name for name, pin in pins().items() if pin not in ranges()[name].specifier]

    assert not outside


def test_an_environment_that_lacks_nothing_is_left_alone():
    completed = subprocess.run(
        [sys.executable, str(ROOT / ".ci/complete_environment.py")],
        capture_output=True,
        text=True,
        check=True,
    )

    assert "Collecting" not in completed.stdout
    assert "Successfully installed" not in completed.stdout
