"""Stored detections are read once, before any photo is opened, and counted."""

import json
from dataclasses import replace

import pytest

from tests.refusals import refused
from vg_mc.prepared.build.stored import read_stored
from vg_mc.proposers.choice import ProposerChoice


@pytest.fixture
def corpus(make, tmp_path):
    return make.corpus(tmp_path, {"train": [3, 2], "val": [2, 3]})


def test_without_stored_proposers_there_is_nothing(make, corpus):
    stored = read_stored(make.settings(corpus), corpus.photos.values(), corpus)

    assert (stored.by_choice, stored.rejected, stored.counts) == ({}, [], {})


def test_one_file_for_all_splits_is_read_once(make, corpus, stored_file):
    choice = ProposerChoice("stored", stored_file)
    settings = make.settings(corpus, proposer=choice, train_proposer=choice)

    stored = read_stored(settings, [*corpus.photos.values()] * 2, corpus)

    assert list(stored.by_choice) == [choice]
    assert set(stored.by_choice[choice]) == {1, 2, 3, 4}
    assert stored.counts == {
        "stored.json": {"records": 12, "cut_to_photo": 0, "of_other_photos": 4, "rejected": 0}
    }


def test_a_task_gets_the_detections_of_its_photos_and_proposers(make, corpus, stored_file):
    choice = ProposerChoice("stored", stored_file)
    stored = read_stored(make.settings(corpus, proposer=choice), corpus.photos.values(), corpus)

    assert set(stored.of_photos([corpus.photos[2]], {choice, None})[choice]) == {2}
    assert stored.of_photos([corpus.photos[2]], {ProposerChoice("annotations"), None}) == {}


def test_bad_records_stop_or_are_counted_with_those_outside(make, corpus, stored_file):
    detections = json.loads(stored_file.read_text())
    detections[3] |= {"bbox": [0, 0, 0, 5]}
    detections[4] |= {"bbox": [-9, -9, 5, 5]}
    detections[5] |= {"bbox": [40, 0, 20, 5]}  # photos are 48 pixels wide
    stored_file.write_text(json.dumps(detections))
    settings = make.settings(corpus, proposer=ProposerChoice("stored", stored_file))

    with refused("stored.json", "3", "0"):
        read_stored(settings, corpus.photos.values(), corpus)
    stored = read_stored(replace(settings, skip_bad=True), corpus.photos.values(), corpus)

    assert [one.record for one in stored.rejected] == ["detection 3", "a detection of image 3"]
    assert stored.counts == {
        "stored.json": {"records": 12, "cut_to_photo": 1, "of_other_photos": 4, "rejected": 2}
    }


def test_numbers_that_we_counted_out_are_no_place_to_join(make, corpus, stored_file):
    settings = make.settings(corpus, proposer=ProposerChoice("stored", stored_file))
    counted = replace(corpus, assigned_ids=frozenset({2, 3}))

    with refused("image_id", "2", "002.jpg"):
        read_stored(settings, counted.photos.values(), counted)


def test_file_names_and_ids_of_the_corpus_are_joined_on_beside_numbers_of_ours(
    make, corpus, stored_file
):
    detections = json.loads(stored_file.read_text())[:4]  # of the photos 1 and 2
    detections[2:] = [
        {"file_name": make.photo_name(2)} | {name: one[name] for name in ("bbox", "score")}
        for one in detections[2:]
    ]
    stored_file.write_text(json.dumps(detections))
    choice = ProposerChoice("stored", stored_file)
    counted = replace(corpus, assigned_ids=corpus.photos.keys() - {1})

    stored = read_stored(make.settings(corpus, proposer=choice), corpus.photos.values(), counted)

    assert set(stored.by_choice[choice]) == {1, 2}
