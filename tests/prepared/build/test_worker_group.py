"""Several processes that were launched together prepare what one does, and fail together."""

from pathlib import Path

import pytest
from torch.distributed import HashStore

from tests.forked import TORCHRUN
from vg_mc.commands.prepare_data import main
from vg_mc.errors import BadInputError
from vg_mc.prepared.build import worker_group as crew
from vg_mc.prepared.build.worker_group import Crew

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

    assert (first, second) == (1, 3)
    assert f"{photo}, image 10: expected one of JPEG" in found
    assert "error: process 1 on " in told
    assert f"{photo}, image 10: expected one of JPEG" in told
    assert not (folder / "broken").exists()


def test_a_fault_of_the_first_process_ends_them_all(folder, launch):
    (first, _, found), (second, *_) = launch(2, [PROGRAM, *flags(folder, "alone")], folder)

    assert first == 3
    assert "it exists already; --overwrite replaces it" in found
    assert second != 0


def crews(size: int) -> list[Crew]:
    store = HashStore()
    return [Crew(store, rank, size) for rank in range(size)]


def test_as_long_as_all_live_there_is_no_trouble(monkeypatch):
    monkeypatch.setattr(crew, "LOST_AFTER", 2)
    together = crews(3)

    assert [one.trouble() for _ in range(5) for one in together] == [None] * 15


@pytest.mark.parametrize("lost", [0, 2])
def test_a_process_that_falls_silent_is_missed(monkeypatch, lost):
    monkeypatch.setattr(crew, "LOST_AFTER", 3)
    together = crews(3)
    for one in together:
        one.trouble()
    alive = [one for one in together if one.rank != lost]

    told = [[one.trouble() for one in alive] for _ in range(4)]

    missed = f"process {lost} is heard of no more"
    assert told[0] == [None, None]
    # All look at the first process, and the first at all others.
    assert told[-1] == ([missed, missed] if lost == 0 else [missed, None])


@pytest.mark.parametrize(
    ("error", "why"),
    [(BadInputError("no such file", file="a.jpg"), "a.jpg: no such file"), (KeyError(7), "Key")],
)
def test_who_failed_tells_the_others_why(error, why):
    first, second = crews(2)

    second._watcher.start()
    second.fail(error)

    trouble = first.trouble()
    assert trouble.startswith("process 1 on ")
    assert why in trouble


def test_without_the_store_there_is_nothing_to_wait_for():
    class Gone:
        def add(self, *_):
            raise crew.dist.DistNetworkError("connection reset")

    assert Crew(Gone(), 1, 2).trouble() == "the process that keeps the launch together has ended"
