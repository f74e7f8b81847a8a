"""What becomes a candidate is decided without a photo at hand: looking is somebody else's part."""

from dataclasses import replace

import pytest

from vg_mc.prepared.build.candidates import apart_from, propose, subjects_of
from vg_mc.prepared.build.plan import plan_shards
from vg_mc.prepared.build.stored import read_stored
from vg_mc.proposers.choice import ProposerChoice, united
from vg_mc.records import Proposal

ANNOTATIONS = ProposerChoice("annotations")
BOX = (20.0, 5.0, 30.5, 28.0)


@pytest.fixture
def corpus(make, tmp_path):
    return make.corpus(tmp_path, {"train": [1, 2, 0]})


@pytest.fixture
def plan(make, corpus, tmp_path):
    def plan(**changes):
        settings = make.settings(corpus, **changes)
        stored = read_stored(settings, corpus.photos.values(), corpus)
        (task,) = plan_shards(corpus, settings, stored, tmp_path / "candidates")
        return task

    return plan


def nobody_looks(choice, subjects):
    pytest.fail(f"no detector is asked for, but {choice.kind} was to look at {len(subjects)}")


def boxes_of(found):
    return [[proposal.box for proposal in of_photo] for of_photo in found]


def test_annotated_and_stored_boxes_need_nobody_to_look(make, plan, stored_file):
    stored = ProposerChoice("stored", stored_file)
    task = plan(train_proposer=united((ANNOTATIONS, replace(stored, nms=0.3))))

    found = propose(task, subjects_of(task), nobody_looks)

    # The first detection repeats the annotated box; the second one is found by nothing else.
    assert boxes_of(found) == [
        [*make.boxes[:1], (14.0, 18.0, 19.0, 31.0)],
        [*make.boxes[:2], (14.0, 18.0, 19.0, 31.0)],
    ]


def test_a_lonely_photo_gets_stored_detections_apart_from_its_boxes(make, plan, stored_file):
    task = plan(proposer=ProposerChoice("stored", stored_file))

    found = propose(task, subjects_of(task), nobody_looks)

    assert boxes_of(found) == [
        [make.boxes[0], (14.0, 18.0, 19.0, 31.0)],
        list(make.boxes[:2]),
    ]


def test_only_lonely_photos_are_looked_at_for_wrong_answers(plan, tmp_path):
    task = plan(proposer=ProposerChoice("yolo", tmp_path / "weights.pt"))
    asked = []

    def look(choice, subjects):
        asked.extend((choice.kind, one.photo.image_id) for one in subjects)
        return [[Proposal(BOX, 0.5, "", "yolo")] for _ in subjects]

    found = propose(task, subjects_of(task), look)

    assert asked == [("yolo", 1)]
    assert [len(of_photo) for of_photo in found] == [2, 2]


def test_a_wrong_answer_overlaps_nothing():
    def found(*box):
        return Proposal(box, 0.5, "", "yolo")

    target, near, touching, far = found(0, 0, 9, 9), found(8, 8, 12, 12), found(9, 0, 12, 9), BOX

    apart = apart_from([near, touching, found(*far)], [target])

    assert apart == [touching, found(*far)]
    assert apart_from([], [target]) == []
    assert apart_from([near], []) == [near]
