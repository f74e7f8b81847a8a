"""Expressions get the candidates of their photo, and their IoUs with the target."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torchvision.ops import box_iou

from vg_mc.prepared.build import plan as planning
from vg_mc.prepared.build.expressions import (
    count_split,
    count_stand_ins,
    expression_rows,
    read_drawn,
)
from vg_mc.prepared.build.plan import plan_shards
from vg_mc.prepared.build.shards import draw_shard
from vg_mc.prepared.build.stored import read_stored
from vg_mc.prepared.schema import open_shard
from vg_mc.proposers.choice import ProposerChoice

YOLO = ProposerChoice("yolo", Path("weights.pt"))


@pytest.fixture
def drawn(make, tmp_path, monkeypatch):
    """Draw a corpus in several shards; return it with its settings and tasks."""
    monkeypatch.setattr(planning, "PHOTOS_PER_SHARD", 2)

    def draw(*, bad_photo=None, **changes):
        corpus = make.corpus(tmp_path, {"train": [3, 2, 1], "val": [2, 3]})
        if bad_photo is not None:
            (corpus.images_folder.path / make.photo_name(bad_photo)).unlink()
        settings = make.settings(corpus, **changes)
        stored = read_stored(settings, corpus.photos.values(), corpus)
        tasks = plan_shards(corpus, settings, stored, tmp_path / "candidates")
        for task in tasks:
            draw_shard(task)
        return corpus, settings, tasks

    return draw


def test_candidate_ids_are_rows_of_all_shards_in_turn(drawn):
    corpus, settings, tasks = drawn()
    candidates = [row for task in tasks for row in open_shard(task.path).to_pylist()]

    for split in ("train", "val"):
        for row in expression_rows(corpus, split, settings, read_drawn(tasks)):
            own = [candidates[number] for number in row["candidate_ids"]]
            regions = corpus.annotations[row["image_id"]]
            assert [one["annotation_id"] for one in own] == [one.annotation_id for one in regions]


def test_ious_are_those_of_torchvision(drawn, detector):
    corpus, settings, tasks = drawn(proposer=YOLO)

    rows = expression_rows(corpus, "val", settings, read_drawn(tasks))

    found = torch.tensor(detector.boxes)
    for row in rows:
        expected = box_iou(torch.tensor([row["target"]]), found)[0].tolist()
        assert row["ious"] == pytest.approx(expected, abs=1e-6)


def test_fields_are_those_of_the_corpus(drawn):
    corpus, settings, tasks = drawn()

    rows = expression_rows(corpus, "val", settings, read_drawn(tasks))

    expected = [one for one in corpus.expressions if one.split == "val"]
    for row, one in zip(rows, expected, strict=True):
        assert row["expression_id"] == one.expression_id
        assert row["ref_id"] == one.ref_id
        assert row["annotation_id"] == one.annotation_id
        assert (row["text"], row["category"]) == (one.text, one.category)
        assert tuple(row["target"]) == one.target


def test_rivals_are_the_other_annotations_of_the_category_whatever_is_proposed(drawn, detector):
    detector.boxes.clear()
    corpus, settings, tasks = drawn(proposer=YOLO)
    regions = corpus.annotations[4]
    regions[0] = replace(regions[0], category="of its own")

    rows = expression_rows(corpus, "val", settings, read_drawn(tasks))

    for row in rows:
        rivals = [
            region
            for region in corpus.annotations[row["image_id"]]
            if region.category == row["category"] and region.annotation_id != row["annotation_id"]
        ]
        assert row["rivals"] == len(rivals)
    assert {row["rivals"] for row in rows} > {0}


def test_without_ids_the_target_is_recognized_by_its_box_and_without_category_no_rival(drawn):
    corpus, settings, tasks = drawn()
    regions = [
        [replace(one, annotation_id=None) for one in many] for many in corpus.annotations.values()
    ]
    annotations = dict(zip(corpus.annotations, regions, strict=True))
    sentences = [replace(one, annotation_id=None) for one in corpus.expressions]
    nameless = [replace(one, category=None) for one in sentences]
    expected = [
        row["rivals"] for row in expression_rows(corpus, "train", settings, read_drawn(tasks))
    ]

    for expressions, rivals in ((sentences, expected), (nameless, [-1] * len(expected))):
        known = replace(corpus, annotations=annotations, expressions=expressions)
        rows = expression_rows(known, "train", settings, read_drawn(tasks))
        assert [row["rivals"] for row in rows] == rivals


def test_expressions_about_a_bad_photo_are_left_out(drawn):
    corpus, settings, tasks = drawn(bad_photo=4, skip_bad=True)

    rows = expression_rows(corpus, "val", settings, read_drawn(tasks))

    assert {row["image_id"] for row in rows} == {5}
    assert len(rows) == 3


def test_expressions_without_proposals_are_kept(drawn, detector):
    detector.boxes.clear()
    corpus, settings, tasks = drawn(proposer=YOLO)

    rows = expression_rows(corpus, "val", settings, read_drawn(tasks))

    assert len(rows) == 5
    assert all(row["candidate_ids"] == row["ious"] == [] for row in rows)
    assert count_split(rows)["without_proposals"] == 5


def test_photos_that_got_something_in_place_of_detections_are_counted(drawn, detector):
    detector.boxes.clear()
    choice = ProposerChoice("yolo", Path("weights.pt"), when_empty="whole-image")
    corpus, settings, tasks = drawn(proposer=choice)
    found = read_drawn(tasks)

    rows = expression_rows(corpus, "val", settings, found)

    assert count_stand_ins(rows, choice, found) == 2
    assert all(len(row["candidate_ids"]) == 1 for row in rows)
    train = expression_rows(corpus, "train", settings, found)
    assert count_stand_ins(train, settings.train_proposer, found) == 0


def test_counts_are_those_of_a_split_counted_by_hand():
    rows = [
        {"image_id": 1, "ref_id": 1, "candidate_ids": [0, 1], "ious": [0.5, 0.4]},  # a tie is not
        {"image_id": 1, "ref_id": 1, "candidate_ids": [0, 1], "ious": [0.1, 0.51]},
        {"image_id": 2, "ref_id": 2, "candidate_ids": [2], "ious": [1.0]},
        {"image_id": 3, "ref_id": 3, "candidate_ids": [], "ious": []},
    ]

    assert count_split(rows) == {
        "images": 3,
        "expressions": 4,
        "references": 3,
        "candidates": 3,
        "boxes_per_image": 1,
        "proposal_recall": 0.5,
        "without_proposals": 1,
        "with_one_candidate": 1,
    }


def test_a_split_without_rows_has_counts_too():
    counts = count_split([])

    assert counts["boxes_per_image"] == counts["proposal_recall"] == 0


def test_an_annotation_may_have_any_id(drawn):
    corpus, settings, tasks = drawn()
    shift = 1 + max(one.annotation_id for many in corpus.annotations.values() for one in many)
    renamed = {
        image_id: [replace(one, annotation_id=one.annotation_id - shift) for one in many]
        for image_id, many in corpus.annotations.items()
    }
    sentences = [
        replace(one, annotation_id=one.annotation_id - shift) for one in corpus.expressions
    ]
    known = replace(corpus, annotations=renamed, expressions=sentences)

    expected, found = (
        [row["rivals"] for row in expression_rows(one, "train", settings, read_drawn(tasks))]
        for one in (corpus, known)
    )

    assert max(one.annotation_id for one in sentences) == -1
    assert found == expected
