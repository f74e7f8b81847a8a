"""Photos are divided into shards: each once for every proposer, and only those that are asked."""

from dataclasses import replace
from pathlib import Path

import pytest

from vg_mc.prepared.build import plan as planning
from vg_mc.prepared.build.plan import plan_shards
from vg_mc.prepared.build.stored import StoredProposals
from vg_mc.proposers.choice import ProposerChoice

YOLO = ProposerChoice("yolo", Path("weights.pt"))
NOTHING_STORED = StoredProposals({}, [], {})


@pytest.fixture
def corpus(make, tmp_path):
    return make.corpus(tmp_path, {"train": [3, 2, 1], "val": [2, 3]})


def plan(make, corpus, tmp_path, **changes):
    settings = make.settings(corpus, **changes)
    return plan_shards(corpus, settings, NOTHING_STORED, tmp_path / "candidates")


def test_every_photo_is_planned_once(make, corpus, tmp_path, monkeypatch):
    monkeypatch.setattr(planning, "PHOTOS_PER_SHARD", 2)

    tasks = plan(make, corpus, tmp_path)

    assert [[photo.image_id for photo in task.photos] for task in tasks] == [[1, 2], [3], [4, 5]]
    assert [task.path.name for task in tasks] == [
        f"data-{index:05}-of-00003.arrow" for index in range(3)
    ]
    assert tasks[0].annotated[1] == tuple(corpus.annotations[2])


def test_only_the_photos_of_the_splits_are_planned(make, corpus, tmp_path):
    (task,) = plan(make, corpus, tmp_path, splits=("val",))

    assert [photo.image_id for photo in task.photos] == [4, 5]


@pytest.mark.parametrize(
    ("proposer", "expected"),
    [(ProposerChoice("annotations"), [1, 2, 3, 4, 5]), (YOLO, [1, 2, 3, 4, 5, 1])],
)
def test_a_photo_of_two_splits_is_drawn_once_per_proposer(
    make, corpus, tmp_path, proposer, expected
):
    shared = replace(corpus.expressions[0], split="val", expression_id=1)
    corpus = replace(corpus, expressions=[*corpus.expressions, shared])

    tasks = plan(make, corpus, tmp_path, proposer=proposer)

    assert [photo.image_id for task in tasks for photo in task.photos] == expected
