"""Several processes that were launched together prepare what one does, and fail together."""

from pathlib import Path

import pytest

from tests.forked import TORCHRUN
from vg_mc.commands.prepare_data import main

PROGRAM = Path(__file__).with_name("several_processes.py")


def flags(folder: Path, output: str) -> list[str]:
    scenes = ["--annotations", str(folder / "scenes"), "--corpus", "scenes", "--scenes", "20"]
    small = ["--image-size", "32", "--num-workers", "1", "--jitter", "0.1", "--whole-images", "48"]
    return [*scenes, *small, "--output", str(folder / output)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory, start) -> Path:
    """Draw scenes, and prepare them in one process."""
    place = tmp_path_factory.mktemp("launched")
    start([str(PROGRAM), *flags(place, "alone")], place)
    return place


def contents(folder: Path) -> dict[str, bytes]:
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def test_two_processes_write_the_bytes_of_one(folder, launch):
    finished = launch(2, [PROGRAM, *flags(folder, "two")], folder)

    assert [each.code for each in finished] == [0, 0], finished
    alone = contents(folder / "alone")
    assert len([name for name in alone if name.startswith("candidates/data-")]) == 4
    assert contents(folder / "two") == alone


@pytest.mark.exhaustive
def test_two_processes_of_torchrun_write_the_bytes_of_one(folder, start):
    start([*TORCHRUN, str(PROGRAM), *flags(folder, "torchrun")], folder)

    assert contents(folder / "torchrun") == contents(folder / "alone")


def test_processes_without_a_shard_do_no_harm(folder, launch):
    one_shard = ["--splits", "val"]
    main([*flags(folder, "val"), *one_shard])

    finished = launch(3, [PROGRAM, *flags(folder, "three"), *one_shard], folder)

    assert [each.code for each in finished] == [0] * 3, finished
    assert contents(folder / "three") == contents(folder / "val")


def test_a_bad_photo_of_one_process_ends_them_all_with_its_name(folder, launch):
    photo = folder / "scenes" / "images" / "scene_000000000010.jpg"  # in the second shard
    content = photo.read_bytes()
    photo.write_text("<html>")

    try:
        (first, _, told), (second, _, found) = launch(
            2, [PROGRAM, *flags(folder, "broken")], folder
        )
    finally:
        photo.write_bytes(content)

    assert (first, second) == (3, 3)
    assert f"{photo}, image 10: expected one of JPEG" in found
    assert "error: process 1 on " in told
    assert f"{photo}, image 10: expected one of JPEG" in told
    assert not (folder / "broken").exists()


def test_a_fault_of_the_first_process_ends_them_all(folder, launch):
    (first, _, found), (second, *_) = launch(2, [PROGRAM, *flags(folder, "alone")], folder)

    assert first == 3
    assert "--overwrite" in found
    assert second != 0
