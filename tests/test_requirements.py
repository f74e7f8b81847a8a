"""requirements.txt is the tested set and pyproject.toml the ranges: they must speak of the same."""

import importlib.util
import sys
import tomllib
from fnmatch import fnmatch
from itertools import chain
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parent.parent


def pins() -> dict[str, str]:
    lines = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    pairs = (line.split("==") for line in lines if line and not line.startswith("#"))
    return {canonicalize_name(name): version for name, version in pairs}


def ranges() -> dict[str, Requirement]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    texts = chain(project["dependencies"], *project["optional-dependencies"].values())
    return {canonicalize_name(item.name): item for item in map(Requirement, texts)}


def test_both_files_name_the_same_packages():
    assert set(pins()) == set(ranges())


def test_the_tested_versions_lie_in_the_ranges():
    outside = [name for name, pin in pins().items() if pin not in ranges()[name].specifier]

    assert not outside


def test_every_file_of_the_package_is_installed():
    tools = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]
    patterns = tools["setuptools"]["package-data"]["vg_mc"]
    files = [path for path in (ROOT / "vg_mc").rglob("*.*") if path.suffix not in {".py", ".pyc"}]

    installed = {path for pattern in patterns for path in (ROOT / "vg_mc").glob(pattern)}

    assert len(files) > 10
    assert [path.name for path in files if path not in installed] == []


@pytest.fixture
def setup(monkeypatch):
    """Complete an imagined environment and return what pip is called with."""
    path = ROOT / ".ci/complete_environment.py"
    spec = importlib.util.spec_from_file_location(path.stem, path)
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)

    def complete(installed: dict[str, str]) -> list[str]:
        calls = []
        monkeypatch.setattr(
            script, "installed_version", lambda name: installed.get(canonicalize_name(name))
        )
        monkeypatch.setattr(script.subprocess, "run", lambda call, **_: calls.append(call))
        script.main()
        return calls

    return complete


def test_an_environment_that_lacks_nothing_is_left_alone(setup, capsys):
    assert setup(pins()) == []
    assert capsys.readouterr().out == ""


def test_what_an_environment_lacks_is_added_and_nothing_else(setup):
    installed = {name: pin for name, pin in pins().items() if name not in {"tyro", "ftfy"}}

    [call] = setup(installed)

    assert call[:4] == [sys.executable, "-m", "pip", "install"]
    assert call[4:] == [f"ftfy=={pins()['ftfy']}", f"tyro=={pins()['tyro']}"]


def test_another_version_stays_and_is_told(setup, capsys):
    assert setup(pins() | {"torch": "2.9.0+cu126", "numpy": pins()["numpy"] + "+mkl"}) == []

    tested = pins()["torch"]
    assert capsys.readouterr().out == f"torch 2.9.0+cu126 stays; the tests ran with {tested}\n"


def test_pytest_leaves_no_folder_of_tests_out(request):
    left_out = request.config.getini("norecursedirs")
    folders = [path.name for path in (ROOT / "tests").rglob("*") if path.is_dir()]

    assert [name for name in folders if any(fnmatch(name, each) for each in left_out)] == []
