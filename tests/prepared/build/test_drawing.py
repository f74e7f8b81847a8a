"""All shards are drawn, or the run ends with the reason: no room, a failed or a silent process."""

import pytest

from tests.refusals import refused
from vg_mc.errors import BadInputError
from vg_mc.prepared.build import drawing
from vg_mc.prepared.build import plan as planning
from vg_mc.prepared.build.drawing import draw_all, report_failure, require_room
from vg_mc.prepared.build.plan import plan_shards
from vg_mc.prepared.build.shards import draw_shard
from vg_mc.prepared.build.stored import StoredProposals
from vg_mc.system.workers import unordered_results


@pytest.fixture
def tasks(make, tmp_path, monkeypatch):
    """Eight shards of one image each."""
    monkeypatch.setattr(planning, "PHOTOS_PER_SHARD", 1)
    corpus = make.corpus(tmp_path, {"train": [3, 3, 3, 3, 3], "val": [3, 3, 3]})
    settings = make.settings(corpus)
    return plan_shards(corpus, settings, StoredProposals({}, [], {}), tmp_path / "dataset")


def give(monkeypatch, size: float) -> None:
    monkeypatch.setattr(drawing, "free_bytes", lambda _: size)


def size_of(task) -> int:
    return sum(path.stat().st_size for path in task.paths)


def test_room_is_compared_with_the_mean_of_finished_shards(tasks, monkeypatch, capsys):
    finished, left = tasks[:2], tasks[2:]
    for task in finished:
        draw_shard(task)
    needed = sum(map(size_of, finished)) / 2 * 6

    give(monkeypatch, 0.49 * needed)
    with pytest.raises(BadInputError) as caught:
        require_room(finished, left)
    assert caught.value.file == str(tasks[0].path.parent)
    for factor, warnings in ((0.51, 1), (1.49, 1), (1.51, 0)):
        give(monkeypatch, factor * needed)
        require_room(finished, left)
        assert capsys.readouterr().err.count("warning") == warnings
    for task in left:
        draw_shard(task)
    assert sum(map(size_of, left)) == pytest.approx(needed, rel=0.1)


def test_too_little_room_ends_the_run_after_the_first_shard(tasks, monkeypatch):
    give(monkeypatch, 1)

    with pytest.raises(BadInputError):
        draw_all(tasks, 1, unordered_results)

    assert [task.path.exists() for task in tasks] == [True] + [False] * 7


def test_room_is_looked_at_again_when_the_finished_shards_double(tasks, monkeypatch):
    asked = []
    monkeypatch.setattr(
        drawing, "require_room", lambda finished, left: asked.append((len(finished), len(left)))
    )

    draw_all(tasks, 1, unordered_results)

    assert asked == [(1, 7), (2, 6), (4, 4)]


def test_shards_of_other_processes_are_waited_for(tasks, monkeypatch):
    others = list(tasks[1::2])
    monkeypatch.setattr(drawing.time, "sleep", lambda _: others and draw_shard(others.pop()))

    draw_all(tasks, 1, lambda work, given, _: (work(task) for task in given[::2]))

    assert all(task.path.is_file() for task in tasks)


def test_a_process_that_fails_ends_the_first_one_with_its_reason(tasks):
    def own_share(work, given, _):
        report_failure(given[1], 1, "process 1 on here: a bad image")
        yield work(given[0])

    with refused("image"):
        draw_all(tasks, 1, own_share)


def test_a_process_that_writes_nothing_more_is_not_waited_for_forever(tasks, monkeypatch):
    monkeypatch.setattr(drawing, "STALLED_AFTER", -1.0)

    with pytest.raises(BadInputError) as caught:
        draw_all(tasks, 1, lambda work, given, _: (work(task) for task in given[::2]))

    assert caught.value.file == str(tasks[1].path)


def test_a_shard_that_is_to_be_drawn_again_is_not_taken_for_finished(tasks, monkeypatch):
    drawn = []
    for task in tasks:
        draw_shard(task)
    monkeypatch.setattr(drawing, "is_drawn", lambda task: task is not tasks[3])

    def own_share(work, given, _):
        drawn.extend(given)
        assert not given[0].path.exists()
        yield from map(work, given)

    draw_all(tasks, 1, own_share)

    assert drawn == [tasks[3]]
