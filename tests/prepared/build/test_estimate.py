"""Room is asked for before the start: too little is refused, hardly enough is told."""

import errno
from dataclasses import replace
from pathlib import Path

import pytest

from vg_mc.corpora.refer import read_refer
from vg_mc.errors import BadInputError
from vg_mc.images import choose_views
from vg_mc.prepared.build import estimate as estimating
from vg_mc.prepared.build import plan as planning
from vg_mc.prepared.build.estimate import DETECTIONS, enough_space, estimated_bytes
from vg_mc.prepared.build.plan import photos_of, plan_shards
from vg_mc.prepared.build.settings import Drawing
from vg_mc.prepared.build.shards import draw_shard
from vg_mc.prepared.build.stored import StoredProposals, read_stored
from vg_mc.prepared.schema import open_shard
from vg_mc.proposers.choice import ProposerChoice

REFCOCO_MINI = Path(__file__).parents[3].parent / "shared" / "data" / "refcoco_mini"
NOTHING_STORED = StoredProposals({}, [], {})


@pytest.fixture
def corpus(make, tmp_path):
    return make.corpus(tmp_path, {"train": [3, 2, 1, 3, 1], "val": [2, 3]})


@pytest.fixture
def tasks(make, corpus, tmp_path, monkeypatch):
    monkeypatch.setattr(planning, "PHOTOS_PER_SHARD", 2)
    settings = make.settings(corpus)
    drawing = replace(settings.drawing, image_size=224)
    return plan_shards(
        corpus, replace(settings, drawing=drawing), NOTHING_STORED, tmp_path / "candidates"
    )


def give(monkeypatch, size):
    monkeypatch.setattr(estimating, "free_bytes", lambda _: size)


def test_the_estimate_is_near_the_size_of_the_files(tasks):
    for task in tasks:
        draw_shard(task)

    size = sum(task.path.stat().st_size for task in tasks)
    assert estimated_bytes(tasks) == pytest.approx(size, rel=0.1)


def test_every_view_takes_room_of_its_own(tasks):
    views = choose_views(["clip-refcoco", "blur-outside", "crop"], {})
    tasks = [replace(task, drawing=replace(task.drawing, views=views)) for task in tasks]
    for task in tasks:
        draw_shard(task)

    size = sum(task.path.stat().st_size for task in tasks)
    assert estimated_bytes(tasks) == pytest.approx(
        size, rel=0.4
    )  # crops are larger where boxes are


@pytest.mark.parametrize(("confidence", "boxes"), [(0.1, 12), (0.6, 6)])
def test_further_wrong_answers_are_in_the_estimate(make, tmp_path, stored_file, confidence, boxes):
    corpus = make.corpus(tmp_path / "lonely", {"train": [1] * 6})
    stored = ProposerChoice("stored", stored_file, confidence=confidence)

    estimated, (rows, size) = estimated_and_drawn(make, corpus, tmp_path, proposer=stored)

    assert rows == boxes
    assert estimated == pytest.approx(size, rel=0.1)


@pytest.mark.skipif(not REFCOCO_MINI.is_dir(), reason=f"there is no {REFCOCO_MINI}")
@pytest.mark.parametrize("views", [["clip-refcoco"], ["crop"]], ids="+".join)
def test_the_estimate_is_near_the_size_of_real_photos_and_detections(make, tmp_path, views):
    corpus = read_refer(REFCOCO_MINI, "unc", REFCOCO_MINI / "images", skip_bad=False)
    stored = ProposerChoice("stored", REFCOCO_MINI / "yolo26m_dets.json")

    estimated, (_, size) = estimated_and_drawn(make, corpus, tmp_path, views, proposer=stored)

    assert estimated == pytest.approx(size, rel=0.25)


def estimated_and_drawn(make, corpus, folder, views=("clip-refcoco",), **changes):
    """Return the estimate for a corpus, and the rows and bytes of its shards once drawn."""
    drawing = Drawing(choose_views(list(views), {}), 224, "squash")
    settings = make.settings(corpus, drawing=drawing, **changes)
    photos = photos_of(corpus, settings.splits)
    tasks = plan_shards(corpus, settings, read_stored(settings, photos, corpus), folder / "drawn")
    estimated = estimated_bytes(tasks)
    for task in tasks:
        draw_shard(task)
    rows = sum(len(open_shard(task.path)) for task in tasks)
    return estimated, (rows, sum(task.path.stat().st_size for task in tasks))


def test_a_sample_of_equal_photos_stands_for_all(tasks, monkeypatch):
    one, first = (
        replace(
            tasks[0],
            photos=tasks[0].photos[:1] * times,
            annotated=tasks[0].annotated[:1] * times,
            sentences=tasks[0].sentences[:1] * times,
        )
        for times in (1, 70)
    )
    opened = []

    def count(*arguments):
        opened.append(arguments)
        return open_photo(*arguments)

    open_photo = estimating.open_photo
    monkeypatch.setattr(estimating, "open_photo", count)

    assert estimated_bytes([first]) == 70 * estimated_bytes([one])
    assert len(opened) == 8 + 1


def test_photos_that_cannot_be_read_need_no_room(corpus, tasks):
    for task in tasks:
        for photo in task.photos:
            (corpus.images_folder / photo.file_name).unlink()

    assert estimated_bytes(tasks) == 0


def test_stored_detections_count_and_those_to_come_are_guessed(make, corpus, stored_file, tmp_path):
    one_box = estimated_of(make, corpus, tmp_path, ProposerChoice("annotations"))
    stored = ProposerChoice("stored", stored_file)
    best = replace(stored, max_proposals=1)
    detector = ProposerChoice("yolo", tmp_path / "weights.pt")

    assert estimated_of(make, corpus, tmp_path, stored) == pytest.approx(2 * one_box, rel=0.1)
    assert estimated_of(make, corpus, tmp_path, best) == pytest.approx(one_box, rel=0.1)
    assert estimated_of(make, corpus, tmp_path, detector) == pytest.approx(
        DETECTIONS * one_box, rel=0.1
    )


def estimated_of(make, corpus, folder, choice):
    """Estimate the fifth photo of the training split, which has one annotated box."""
    only = [one for one in corpus.expressions if one.image_id == 5]
    settings = make.settings(corpus, train_proposer=choice, splits=("train",))
    found = read_stored(settings, corpus.photos.values(), corpus)
    return estimated_bytes(plan_shards(replace(corpus, expressions=only), settings, found, folder))


def test_far_too_little_room_is_refused_with_both_numbers(tasks, monkeypatch):
    needed = estimated_bytes(tasks)
    give(monkeypatch, 0.49 * needed)

    with (
        pytest.raises(BadInputError, match=r"candidates: its disk needs room of about [\d.]+ MB"),
        enough_space(tasks),
    ):
        pytest.fail("it must not begin")


def test_hardly_enough_room_is_told_and_the_run_begins(tasks, monkeypatch, capsys):
    needed = estimated_bytes(tasks)
    for factor in (0.51, 1.49):
        give(monkeypatch, factor * needed)
        with enough_space(tasks):
            assert "warning: " in capsys.readouterr().err


def test_enough_room_is_no_news(tasks, monkeypatch, capsys):
    give(monkeypatch, 1.51 * estimated_bytes(tasks))

    with enough_space(tasks):
        pass

    assert capsys.readouterr().err == ""


def test_nothing_to_draw_needs_nothing(monkeypatch):
    give(monkeypatch, 0)

    with enough_space([]):
        pass


def test_a_disk_that_is_full_after_all_is_told_with_what_was_needed(tasks):
    with (
        pytest.raises(BadInputError, match=r"no space left .* MB of pictures; what is"),
        enough_space(tasks),
    ):
        raise OSError(errno.ENOSPC, "No space left on device")
