"""One folder takes the place of another, and a killed exchange loses neither."""

import errno

import pytest

from vg_mc.system import atomic as whole_folders
from vg_mc.system.atomic import put_in_place, restore, whole_folder


@pytest.fixture(params=[True, False], ids=["exchange", "two renames"])
def can_exchange(request, monkeypatch):
    if not request.param:
        monkeypatch.setattr(whole_folders, "_is_linux", lambda: False)
    return request.param


def folder_with(path, content):
    path.mkdir()
    (path / "content").write_text(content)
    return path


def names(folder):
    return [path.name for path in folder.iterdir()]


def test_a_folder_takes_a_free_name(tmp_path):
    put_in_place(folder_with(tmp_path / "new", "new"), tmp_path / "folder")

    assert names(tmp_path) == ["folder"]


@pytest.mark.usefixtures("can_exchange")
def test_a_folder_takes_the_name_of_another_which_goes(tmp_path):
    folder = folder_with(tmp_path / "folder", "old")

    put_in_place(folder_with(tmp_path / "new", "new"), folder)

    assert (folder / "content").read_text() == "new"
    assert names(tmp_path) == ["folder"]


@pytest.mark.parametrize("number", [errno.EINVAL, errno.ENOSYS])
def test_a_file_system_that_cannot_exchange_gets_two_renames(tmp_path, monkeypatch, number):
    folder = folder_with(tmp_path / "folder", "old")
    pretend(monkeypatch, number)

    put_in_place(folder_with(tmp_path / "new", "new"), folder)

    assert (folder / "content").read_text() == "new"
    assert names(tmp_path) == ["folder"]


def test_any_other_fault_is_told_and_changes_nothing(tmp_path, monkeypatch):
    folder = folder_with(tmp_path / "folder", "old")
    new = folder_with(tmp_path / "new", "new")
    pretend(monkeypatch, errno.EACCES)

    with pytest.raises(PermissionError, match=r"new.*folder"):
        put_in_place(new, folder)

    assert (folder / "content").read_text() == "old"
    assert (new / "content").read_text() == "new"


def pretend(monkeypatch, number):
    """Let the system's exchange fail with an error number."""

    class Library:
        @staticmethod
        def renameat2(*_):
            return -1

    monkeypatch.setattr(whole_folders, "_is_linux", lambda: True)
    monkeypatch.setattr(whole_folders.ctypes, "CDLL", lambda *_, **__: Library)
    monkeypatch.setattr(whole_folders.ctypes, "get_errno", lambda: number)


def test_a_library_without_exchange_gets_two_renames(tmp_path, monkeypatch):
    folder = folder_with(tmp_path / "folder", "old")
    monkeypatch.setattr(whole_folders.ctypes, "CDLL", lambda *_, **__: object())

    put_in_place(folder_with(tmp_path / "new", "new"), folder)

    assert (folder / "content").read_text() == "new"


def test_a_folder_that_stepped_aside_comes_back(tmp_path):
    folder = folder_with(tmp_path / "folder", "old")
    folder.rename(tmp_path / ".folder.replaced")

    restore(folder)

    assert (folder / "content").read_text() == "old"
    assert names(tmp_path) == ["folder"]


def test_a_folder_that_was_replaced_does_not_come_back(tmp_path):
    folder = folder_with(tmp_path / "folder", "new")
    folder_with(tmp_path / ".folder.replaced", "old")
    folder_with(tmp_path / ".folder.discarded", "older")

    restore(folder)

    assert (folder / "content").read_text() == "new"
    assert names(tmp_path) == ["folder"]


def test_nothing_to_restore_is_nothing(tmp_path):
    restore(tmp_path / "folder")

    assert names(tmp_path) == []


def test_a_folder_is_replaced_as_a_whole(tmp_path):
    folder = tmp_path / "best"
    for name in ("first", "second"):
        with whole_folder(folder) as partial:
            (partial / name).write_text(name)

    assert [path.name for path in folder.iterdir()] == ["second"]
    assert [path.name for path in tmp_path.iterdir()] == ["best"]


def test_a_folder_that_fails_leaves_the_older_one(tmp_path):
    folder = tmp_path / "best"
    with whole_folder(folder) as partial:
        (partial / "first").touch()

    with pytest.raises(IsADirectoryError), whole_folder(folder) as partial:
        partial.write_text("a folder is no file")

    assert [path.name for path in folder.iterdir()] == ["first"]
