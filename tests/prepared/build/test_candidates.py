"""What becomes a candidate, and which images a detector is asked about."""

from dataclasses import replace

import pytest
from PIL import Image

from vg_mc.prepared.build import candidates
from vg_mc.prepared.build.candidates import Subject, apart_from, propose
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


def subjects_of(task):
    blank = Image.new("RGB", (48, 32))
    known = zip(task.photos, task.annotated, task.sentences, strict=True)
    return [Subject(*one, blank) for one in known]


@pytest.fixture(autouse=True)
def asked(monkeypatch):
    """List the images that a detector is asked about; it finds the same box on each."""
    asked = []

    def ask(choice, photos, pixels, sentences):
        assert [len(column) for column in (pixels, sentences)] == [len(photos)] * 2
        asked.extend((choice.kind, photo.image_id) for photo in photos)
        return [[Proposal(BOX, 0.5, "", "yolo")] for _ in photos]

    monkeypatch.setattr(candidates, "ask", ask)
    return asked


def boxes_of(found):
    return [[proposal.box for proposal in of_photo] for of_photo in found]


def test_annotated_and_stored_boxes_need_no_detector(make, plan, stored_file, asked):
    stored = ProposerChoice("stored", stored_file)
    task = plan(train_proposer=united((ANNOTATIONS, replace(stored, nms=0.3))))

    found = propose(task, subjects_of(task))

    assert asked == []
    # The first detection repeats the annotated box; the second one is found by nothing else.
    assert boxes_of(found) == [
        [*make.boxes[:1], (14.0, 18.0, 19.0, 31.0)],
        [*make.boxes[:2], (14.0, 18.0, 19.0, 31.0)],
    ]


def test_a_lonely_photo_gets_stored_detections_apart_from_its_boxes(make, plan, stored_file):
    task = plan(proposer=ProposerChoice("stored", stored_file))

    found = propose(task, subjects_of(task))

    assert boxes_of(found) == [
        [make.boxes[0], (14.0, 18.0, 19.0, 31.0)],
        list(make.boxes[:2]),
    ]


def test_only_lonely_photos_are_looked_at_for_wrong_answers(plan, tmp_path, asked):
    task = plan(proposer=ProposerChoice("yolo", tmp_path / "weights.pt"))

    found = propose(task, subjects_of(task))

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
