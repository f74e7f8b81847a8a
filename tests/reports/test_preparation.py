"""The last words of the offline stage."""

from pathlib import Path

import pytest

from vg_mc.reports.preparation import summary

COUNTS = {
    "images": 1234,
    "expressions": 20,
    "candidates": 30,
    "boxes_per_image": 1.5,
    "proposal_recall": 2 / 3,
    "without_proposals": 2,
    "with_one_candidate": 0,
    "photos_with_stand_ins": 0,
}


@pytest.fixture
def manifest():
    return {
        "settings": {"views": {"clip-refcoco": {}}},
        "counts": {"train": COUNTS, "val": COUNTS},
        "files": [{"bytes": 1_000_000}, {"bytes": 500_000}],
        "candidates": {"total": 60, "by_source": {"yolo": 60}},
        "further_wrong_answers": 4,
        "peculiar_photos": {},
        "rejected": 1003,
        "detections": {},
    }


def test_every_split_has_a_row_and_the_last_line_says_what_lies_where(manifest):
    table, _, last = summary(manifest, Path("out")).rpartition("\n\n")

    assert [line.split() for line in table.splitlines()[2:]] == [
        [split, "1,234", "20", "30", "1.500", "0.667", "2"] for split in ("train", "val")
    ]
    assert last == (
        "out: 60 candidates, 1.5 MB on disk; 4 of them detections added as extra negatives; "
        "1,003 records skipped (rejected.jsonl)"
    )


def test_what_became_of_stored_detections_is_told(manifest):
    manifest["detections"] = {"d.json": {"records": 5000, "cut_to_photo": 12, "rejected": 3}}

    line = summary(manifest, Path("out")).splitlines()[-2]

    assert line == "d.json: 5,000 detections, 12 of them clipped to their image, 3 skipped"


def test_a_split_without_any_proposal_is_warned_of(manifest):
    manifest["counts"]["testA"] = COUNTS | {"without_proposals": 20}

    line = summary(manifest, Path("out")).splitlines()[-2]

    assert line.startswith("warning: no expression of testA has a proposal")


def test_questions_without_a_choice_are_told(manifest):
    manifest["counts"]["train"] = COUNTS | {"with_one_candidate": 7}

    line = summary(manifest, Path("out")).splitlines()[-2]

    assert line.startswith("7 of 20 expressions of train have one candidate")


def test_what_stands_in_for_detections_is_told(manifest):
    manifest["counts"]["val"] = COUNTS | {"photos_with_stand_ins": 1500}
    manifest["candidates"]["by_source"]["whole-image"] = 1500

    line = summary(manifest, Path("out")).splitlines()[-2]

    assert line == "images without detections that got whole-image instead: val 1,500"


def test_photos_that_were_converted_are_told(manifest):
    manifest["peculiar_photos"] = {"16 bits": 1200, "EXIF rotation": 2}

    line = summary(manifest, Path("out")).splitlines()[-2]

    assert line == (
        "images that are not plain RGB: 1,200 16 bits (scaled to 8), 2 EXIF rotation (ignored)"
    )
