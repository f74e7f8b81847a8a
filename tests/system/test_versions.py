import shutil
import subprocess

import torch

from vg_mc import __version__
from vg_mc.system import versions


def git(*arguments, folder):
    identity = ("-c", "user.name=a", "-c", "user.email=a@b")
    return subprocess.run(
        ["git", *identity, *arguments], cwd=folder, capture_output=True, text=True, check=True
    ).stdout.strip()


def copied(tmp_path, monkeypatch):
    """Let a copy of the module, in a checkout of its own, tell its commit."""
    shutil.copy(versions.__file__, tmp_path / "versions.py")
    git("init", folder=tmp_path)
    monkeypatch.setattr(versions, "__file__", str(tmp_path / "versions.py"))


def test_versions_are_those_that_run():
    found = versions.versions()

    assert found["vg_mc"] == __version__
    assert found["torch"] == torch.__version__.split("+")[0]
    assert set(versions.LIBRARIES) < set(found)


def test_a_commit_is_told_and_changes_on_top_of_it_too(tmp_path, monkeypatch):
    copied(tmp_path, monkeypatch)
    git("add", ".", folder=tmp_path)
    git("commit", "-m", "first", folder=tmp_path)
    git("tag", "-a", "v1", "-m", "v1", folder=tmp_path)

    commit = git("rev-parse", "HEAD", folder=tmp_path)
    assert versions.commit() == commit
    (tmp_path / "versions.py").write_text("# changed")
    assert versions.commit() == f"{commit}-dirty"


def test_somebody_elses_checkout_is_not_ours(tmp_path, monkeypatch):
    copied(tmp_path, monkeypatch)
    git("commit", "--allow-empty", "-m", "theirs", folder=tmp_path)

    assert versions.commit() == "unknown"


def test_without_git_the_commit_is_unknown(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))

    assert versions.commit() == "unknown"
