"""A shard holds the candidates of its photos, and depends on nothing else."""

import io
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.refusals import refused
from vg_mc.boxes.arithmetic import as_boxes, intersections
from vg_mc.images import VIEWS, Regions
from vg_mc.images.files import open_photo
from vg_mc.images.markers import CLIP_REFCOCO
from vg_mc.prepared.build import plan as planning
from vg_mc.prepared.build import shards
from vg_mc.prepared.build.plan import plan_shards
from vg_mc.prepared.build.settings import Drawing
from vg_mc.prepared.build.shards import (
    candidate_rows,
    draw_shard,
    is_drawn,
    kept_photos,
    rejected_photos,
)
from vg_mc.prepared.build.stored import read_stored
from vg_mc.prepared.schema import CANDIDATES, candidate_features, open_shard
from vg_mc.proposers.choice import ProposerChoice
from vg_mc.records import Photo, Proposal

YOLO = ProposerChoice("yolo", Path("weights.pt"))
BOX = (20.0, 5.0, 30.5, 28.0)
CROP = {"crop": VIEWS["crop"]}


@pytest.fixture
def corpus(make, tmp_path):
    return make.corpus(tmp_path, {"train": [3, 2, 1], "val": [2, 3]})


def plan(make, corpus, tmp_path, **changes):
    settings = make.settings(corpus, **changes)
    stored = read_stored(settings, corpus.photos.values(), corpus)
    return plan_shards(corpus, settings, stored, tmp_path / "candidates")


def rows_of(task):
    return open_shard(task.path).to_pylist()


def test_a_machine_without_the_folder_of_the_others_says_so(make, corpus, tmp_path):
    task, _ = plan(make, corpus, tmp_path)
    task.path.parent.rmdir()

    with refused("candidates"):
        draw_shard(task)


def test_every_candidate_is_its_photo_with_its_box_marked(make, corpus, tmp_path):
    drawing = Drawing({"clip-refcoco": CLIP_REFCOCO}, image_size=48, fit="squash")
    (task, _) = plan(make, corpus, tmp_path, drawing=drawing)

    draw_shard(task)

    photo = np.asarray(open_photo(corpus.images_folder, task.photos[0]).resize((48, 48), 3))
    rows = rows_of(task)
    assert [row["annotation_id"] for row in rows] == [10, 11, 12, 20, 21, 30]
    assert [row["image_id"] for row in rows] == [1, 1, 1, 2, 2, 3]
    row = rows[1]
    assert (row["box"], row["score"], row["category"]) == (list(BOX), 1.0, "circle")
    assert row["source"] == "annotations"
    picture = Image.open(io.BytesIO(row["picture"]["bytes"]))
    assert (picture.format, picture.mode, picture.size) == ("JPEG", "RGB", (48, 48))
    # Photos are 48 x 32: x stays, y is stretched by half. JPEG spreads a change over 8 pixels.
    change = np.abs(np.asarray(picture, dtype=float) - photo).mean(axis=2)
    assert max(change[:, :16].mean(), change[:, 40:].mean()) < 8
    assert change[7:42, 20:31].mean() > 8
    outline = np.asarray(picture, dtype=float)[7:9, 20:31].mean(axis=(0, 1))
    assert np.abs(outline - (50, 205, 50)).max() < 30


def test_a_box_is_cut_to_its_photo():
    photo, image = Photo(7, "a.jpg", 48, 32), Image.new("RGB", (48, 32))
    found = [Proposal((-5.0, 2.0, 60.0, 31.0), 0.5, "dog", "yolo")]

    (row,) = candidate_rows(
        photo, image, found, Drawing({"clip-refcoco": CLIP_REFCOCO}, 24, "letterbox")
    )

    assert row["box"] == [0.0, 2.0, 48.0, 31.0]
    assert row["annotation_id"] == -1


def test_one_view_gives_the_rows_and_the_table_that_there_were_before_there_were_views():
    photo, image = Photo(7, "a.jpg", 48, 32), Image.effect_noise((48, 32), 90).convert("RGB")
    found = [Proposal(BOX, 0.5, "dog", "yolo"), Proposal((1.0, 2.0, 9.0, 8.0), 0.4, "", "yolo")]
    marker = CLIP_REFCOCO

    rows = candidate_rows(photo, image, found, Drawing({"clip-refcoco": marker}, 24, "squash"))

    placed = [(10, 3.75, 15.25, 21), (0.5, 1.5, 4.5, 6)]
    resized = image.resize((24, 24), Image.Resampling.BICUBIC)
    drawn = marker.draw(Regions(image, [], resized, placed))
    assert [row["picture"]["bytes"] for row in rows] == [shards.encoded(each) for each in drawn]
    assert list(rows[0]) == list(CANDIDATES) == list(candidate_features(["clip-refcoco"]))


def test_each_view_has_a_column_and_the_first_one_does_not_depend_on_others():
    photo, image = Photo(7, "a.jpg", 48, 32), Image.effect_noise((48, 32), 90).convert("RGB")
    found = [Proposal(BOX, 0.5, "dog", "yolo")]
    alone = {"clip-refcoco": CLIP_REFCOCO}

    (row,) = candidate_rows(photo, image, found, Drawing(alone, 24, "squash"))
    (both,) = candidate_rows(photo, image, found, Drawing(alone | CROP, 24, "squash"))

    assert row.items() < both.items()
    crop = Image.open(io.BytesIO(both["picture_crop"]["bytes"]))
    expected = image.crop((20, 5, 31, 28)).resize((24, 24), Image.Resampling.BICUBIC)
    assert np.abs(np.asarray(crop, float) - np.asarray(expected, float)).mean() < 8  # JPEG


def test_the_photos_beside_a_photo_do_not_matter(make, corpus, tmp_path, monkeypatch):
    (together,) = plan(make, corpus, tmp_path / "a", splits=("train",))
    draw_shard(together)
    monkeypatch.setattr(planning, "PHOTOS_PER_SHARD", 1)
    monkeypatch.setattr(shards, "PHOTOS_AT_ONCE", 1)
    alone = plan(make, corpus, tmp_path / "b", splits=("train",))
    for task in alone:
        draw_shard(task)

    assert rows_of(together) == [row for task in alone for row in rows_of(task)]


def test_lonely_training_photos_get_detections_apart_from_every_target(
    make, corpus, tmp_path, detector
):
    train, val = plan(make, corpus, tmp_path, proposer=YOLO)

    draw_shard(train)
    draw_shard(val)

    sources = [(row["image_id"], row["source"]) for row in rows_of(train)]
    assert sources == [(1, "annotations")] * 3 + [(2, "annotations")] * 2 + [
        (3, "annotations"),
        (3, "yolo"),
    ]
    further = as_boxes([rows_of(train)[-1]["box"]])
    targets = as_boxes([one.box for one in corpus.annotations[3]])
    assert intersections(further, targets).sum() == 0
    assert {row["source"] for row in rows_of(val)} == {"yolo"}
    shown = [(3, (32, 48, 3)), (4, (32, 48, 3)), (5, (32, 48, 3))]
    assert detector.seen == shown  # photos with enough boxes are not looked at


@pytest.mark.usefixtures("detector")
def test_detections_are_selected_and_nothing_stands_in_for_wrong_answers(make, corpus, tmp_path):
    choice = replace(YOLO, confidence=0.6, when_empty="whole-image")
    train, val = plan(make, corpus, tmp_path, proposer=choice)

    draw_shard(train)
    draw_shard(val)

    assert {row["source"] for row in rows_of(train)} == {"annotations"}
    assert [(row["source"], row["box"], row["score"]) for row in rows_of(val)] == [
        ("whole-image", [0, 0, 48, 32], 0)
    ] * 2


def test_a_photo_gets_no_more_candidates_than_wanted(make, corpus, tmp_path, detector):
    _, val = plan(make, corpus, tmp_path, proposer=replace(YOLO, max_proposals=1))

    draw_shard(val)

    assert [row["box"] for row in rows_of(val)] == [list(detector.boxes[0])] * 2


def test_stored_detections_travel_with_their_photos(make, corpus, tmp_path, stored_file):
    choice = ProposerChoice("stored", stored_file)

    train, val = plan(make, corpus, tmp_path, proposer=choice)

    assert set(train.stored[choice]) == {1, 2, 3}
    assert set(val.stored[choice]) == {4, 5}
    draw_shard(train)
    draw_shard(val)
    assert [row["image_id"] for row in rows_of(val)] == [4, 4, 5, 5]
    assert [row["source"] for row in rows_of(train)] == ["annotations"] * 6 + ["stored"]


def test_a_detector_for_all_splits_is_asked_once_per_photo(make, corpus, tmp_path, detector):
    del detector.boxes[1:]
    (task, _) = plan(make, corpus, tmp_path, proposer=YOLO, train_proposer=YOLO)

    draw_shard(task)

    assert [row["image_id"] for row in rows_of(task)] == [1, 2, 3]
    assert len(detector.seen) == 3


def test_a_bad_photo_stops_the_shard_and_nothing_is_written(make, corpus, tmp_path):
    (corpus.images_folder.path / make.photo_name(2)).write_text("<html>")
    (task,) = plan(make, corpus, tmp_path, splits=("train",))

    with refused("002.jpg", "2", "JPEG"):
        draw_shard(task)

    assert not is_drawn(task)
    assert not task.path.exists()


def test_a_bad_photo_is_left_out_with_its_reason(make, corpus, tmp_path):
    (corpus.images_folder.path / make.photo_name(2)).write_text("<html>")
    (task,) = plan(make, corpus, tmp_path, splits=("train",), skip_bad=True)

    assert draw_shard(task) == 3

    assert {row["image_id"] for row in rows_of(task)} == {1, 3}
    assert [photo.image_id for photo in kept_photos(task)] == [1, 3]
    assert list(rejected_photos(task)) == [2]
    assert "error page" in rejected_photos(task)[2]
    notes = open_shard(task.path).schema.metadata[b"rejected"]
    assert list(json.loads(notes)) == ["2"]


def test_a_shard_with_a_bad_photo_is_drawn_again_once_it_may_be_mended(make, corpus, tmp_path):
    photo = corpus.images_folder.path / make.photo_name(2)
    good = photo.read_bytes()
    photo.write_bytes(good[:100])
    (task,) = plan(make, corpus, tmp_path, splits=("train",), skip_bad=True)
    draw_shard(task)
    assert not is_drawn(task)

    photo.write_bytes(good)
    draw_shard(task)

    assert is_drawn(task)
    assert {row["image_id"] for row in rows_of(task)} == {1, 2, 3}


def test_photos_without_proposals_make_an_empty_shard(make, corpus, tmp_path, detector):
    detector.boxes.clear()
    (task,) = plan(make, corpus, tmp_path, splits=("val",), proposer=YOLO)

    draw_shard(task)

    assert rows_of(task) == []
    assert len(kept_photos(task)) == 2
