"""A full disk is told with its place and what to do."""

import errno
import shutil
from pathlib import Path

import pytest

from tests.refusals import refused
from vg_mc.system import disk_space
from vg_mc.system.disk_space import free_bytes, full_disk_errors, in_megabytes


def test_room_is_that_of_the_nearest_folder_that_exists(tmp_path, monkeypatch):
    asked = []

    def usage(folder):
        asked.append(folder)
        return shutil._ntuple_diskusage(10, 3, 7)

    monkeypatch.setattr(disk_space.shutil, "disk_usage", usage)
    monkeypatch.chdir(tmp_path)

    assert free_bytes(tmp_path / "not" / "yet") == free_bytes(Path("not yet")) == 7
    assert asked == [tmp_path, tmp_path]


def test_bytes_are_spelled_in_millions():
    assert in_megabytes(1_234_567_890) == "1,234.6 MB"
    assert in_megabytes(0) == "0.0 MB"


def write_to_a_full_disk(folder, number):
    with full_disk_errors(folder, "make room"):
        raise OSError(number, "told by the system")


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_is_bad_input_with_a_place(tmp_path, number):
    with refused("MB"):
        write_to_a_full_disk(tmp_path, number)


def test_other_faults_stay_what_they_are(tmp_path):
    with pytest.raises(PermissionError):
        write_to_a_full_disk(tmp_path, errno.EACCES)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the system has no disk that is full")
def test_the_error_of_a_full_disk_is_the_one_that_is_meant():
    with (
        refused(file="dev"),
        full_disk_errors(Path("/dev"), "make room"),
        Path("/dev/full").open("wb") as file,
    ):
        file.write(bytes(100_000))
