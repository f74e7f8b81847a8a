"""The offline stage from start to end, and what becomes of it when it is interrupted."""

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path

import datasets
import numpy as np
import pytest
from PIL import Image

from tests.refusals import refused
from vg_mc.errors import BadInputError
from vg_mc.images import VIEWS, choose_views
from vg_mc.prepared.build import drawing, run, shards
from vg_mc.prepared.build import plan as planning
from vg_mc.prepared.build.run import prepare
from vg_mc.prepared.build.settings import Drawing
from vg_mc.prepared.dataset import open_prepared
from vg_mc.prepared.manifest import describe_files
from vg_mc.proposers.choice import ProposerChoice, united
from vg_mc.records import ImageFolder, Rejected
from vg_mc.reports.preparation import summary


@pytest.fixture(autouse=True)
def small_shards(monkeypatch):
    monkeypatch.setattr(planning, "PHOTOS_PER_SHARD", 2)


@pytest.fixture
def corpus(make, tmp_path):
    return make.corpus(tmp_path, {"train": [3, 2, 1, 3, 1], "val": [2, 3], "testA": [1]})


@pytest.fixture
def stored(tmp_path) -> ProposerChoice:
    """Store two boxes near targets and one apart from all, for every photo but the seventh."""
    boxes = [(2, 3, 11, 13), (19, 4, 13, 26), (14, 18, 6, 14)]  # xywh, a pixel too wide and high
    detections = [
        {"image_id": image_id, "box": box, "score": 0.9 - 0.1 * rank, "category_name": "dog"}
        for image_id in (1, 2, 3, 4, 5, 6, 8)
        for rank, box in enumerate(boxes)
    ]
    file = tmp_path / "detections.json"
    file.write_text(json.dumps(detections))
    return ProposerChoice("stored", file)


def contents(folder) -> dict[str, bytes]:
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def test_any_number_of_workers_writes_the_same_bytes(make, corpus, stored, tmp_path):
    settings = make.settings(corpus, proposer=stored)

    for num_workers in (1, 2):
        prepare(corpus, settings, tmp_path / str(num_workers), num_workers=num_workers)

    one, two = contents(tmp_path / "1"), contents(tmp_path / "2")
    shards = 2 * (5 + 2) + (1 + 2) + 3 * (1 + 2)  # with two small files per table
    assert len(one) == shards + 4
    assert one == two


def test_an_interrupted_run_is_continued_to_the_same_bytes(make, corpus, tmp_path, monkeypatch):
    settings = make.settings(corpus)
    prepare(corpus, settings, tmp_path / "whole", num_workers=1)
    drawn: list[str] = []

    def draw_or_die(task):
        if len(drawn) == 2:
            raise KeyboardInterrupt
        drawn.append(task.path.name)
        return shards.draw_shard(task)

    monkeypatch.setattr(drawing, "draw_shard", draw_or_die)
    with pytest.raises(KeyboardInterrupt):
        prepare(corpus, settings, tmp_path / "broken", num_workers=1)
    assert not (tmp_path / "broken").exists()
    first = drawn.copy()
    drawn.clear()
    monkeypatch.setattr(drawing, "draw_shard", count_and_draw(drawn))

    prepare(corpus, settings, tmp_path / "broken", num_workers=1)

    assert first == ["data-00000-of-00005.arrow", "data-00001-of-00005.arrow"]
    assert drawn == [f"data-{index:05}-of-00005.arrow" for index in (2, 3, 4)]
    assert contents(tmp_path / "broken") == contents(tmp_path / "whole")


def count_and_draw(drawn: list[str]):
    def draw(task):
        drawn.append(task.path.name)
        return shards.draw_shard(task)

    return draw


@pytest.mark.parametrize(
    "change", [{"splits": ("val", "train", "testA")}, {"skip_bad": True}, "images", "proposals"]
)
def test_work_for_another_question_is_not_continued(
    make, corpus, stored, tmp_path, monkeypatch, change
):
    settings = make.settings(corpus, proposer=stored)

    with monkeypatch.context() as patched:
        patched.setattr(run, "finish_folder", None)  # all shards are drawn, and then it fails
        with pytest.raises(TypeError):
            prepare(corpus, settings, tmp_path / "prepared", num_workers=1)
    if change == "images":
        corpus.images_folder.path.rename(tmp_path / "moved")
        corpus = replace(corpus, images_folder=ImageFolder(tmp_path / "moved"))
    elif change == "proposals":
        detections = json.loads(stored.source.read_text())
        stored.source.write_text(json.dumps(detections[:-1]))
    else:
        settings = replace(settings, **change)
    drawn: list[str] = []
    monkeypatch.setattr(drawing, "draw_shard", count_and_draw(drawn))

    prepare(corpus, settings, tmp_path / "prepared", num_workers=1)

    assert len(drawn) == 5


def test_the_manifest_counts_what_the_tables_hold(make, corpus, stored, tmp_path):
    settings = make.settings(corpus, proposer=stored)

    manifest = prepare(corpus, settings, tmp_path / "prepared", num_workers=1)

    candidates = datasets.load_from_disk(str(tmp_path / "prepared" / "candidates"))
    assert manifest["candidates"]["total"] == len(candidates)
    assert manifest["candidates"]["by_source"] == dict(Counter(candidates["source"]))
    assert manifest["files"] == [
        entry
        for entry in describe_files(tmp_path / "prepared")
        if entry["path"] not in {"manifest.json", "README.md"}
        and not entry["path"].startswith("image_hashes/")
    ]
    assert len(manifest["image_hashes"]) == 5 + 2
    images = datasets.load_from_disk(str(tmp_path / "prepared" / "images"))
    assert images["image_id"][:] == list(corpus.photos)
    for split in ("train", "val", "testA"):
        rows = datasets.load_from_disk(str(tmp_path / "prepared" / "expressions" / split))
        expected = [one.expression_id for one in corpus.expressions if one.split == split]
        assert rows["expression_id"][:] == expected
        assert manifest["counts"][split]["expressions"] == len(expected)
        covered = [max(ious, default=0) > 0.5 for ious in rows["ious"]]
        assert manifest["counts"][split]["proposal_recall"] == pytest.approx(np.mean(covered))


def test_detections_beside_a_lonely_target_are_wrong_answers_and_counted(
    make, corpus, stored, tmp_path
):
    settings = make.settings(corpus, proposer=stored)

    manifest = prepare(corpus, settings, tmp_path / "prepared", num_workers=1)

    dataset = open_prepared(tmp_path / "prepared")
    train = dataset.expressions("train")
    lonely = {image_id: len(found) for image_id, found in corpus.annotations.items()}
    further = 0
    for ids, ious, image_id in zip(train.candidate_ids, train.ious, train.image_ids, strict=True):
        assert np.sum(ious > 0.5) == 1
        if lonely[int(image_id)] == 1:
            assert ious.tolist() == [1, 0, 0]
            further += len(ids) - 1
    assert manifest["further_wrong_answers"] == further == 4
    assert manifest["counts"]["train"]["with_one_candidate"] == 0
    # The seventh photo, of the split val, has no detections at all.
    assert manifest["counts"]["val"]["without_proposals"] == 3


def test_a_union_with_jitter_is_drawn_told_and_counted_by_source(make, corpus, stored, tmp_path):
    moved = ProposerChoice("annotations", jitter=0.1)
    both = united((moved, replace(stored, nms=0.5)))
    settings = make.settings(corpus, train_proposer=both, proposer=stored)

    manifests = [
        prepare(corpus, settings, tmp_path / str(workers), num_workers=workers)
        for workers in (1, 2)
    ]

    assert manifests[0] == manifests[1]
    assert manifests[0]["settings"]["train_proposer"]["kind"] == "annotations+stored"
    assert manifests[0]["further_wrong_answers"] == 0  # the training photos have these already
    dataset = open_prepared(tmp_path / "1")
    rows = datasets.load_from_disk(str(tmp_path / "1" / "candidates")).remove_columns("picture")
    train = dataset.expressions("train")
    annotated = {region.annotation_id: region.box for of_image in corpus.annotations.values()
                 for region in of_image}  # fmt: skip
    for ids, ious in zip(train.candidate_ids, train.ious, strict=True):
        own = [rows[int(row)] for row in ids]
        assert {one["source"] for one in own} == {"annotations", "stored"}
        for one in own:
            if one["source"] == "annotations":
                moves = np.subtract(one["box"], annotated[one["annotation_id"]])
                assert np.abs(moves).max() > 0
        assert 0.6 < max(ious) < 1  # of 4 edges, each moved by up to a tenth


def test_views_do_not_depend_on_the_number_of_workers(make, corpus, tmp_path):
    views = choose_views(list(VIEWS), {})
    settings = make.settings(corpus, drawing=Drawing(views, image_size=24, fit="letterbox"))

    manifests = [
        prepare(corpus, settings, tmp_path / str(workers), num_workers=workers)
        for workers in (1, 2)
    ]

    assert manifests[0] == manifests[1]
    dataset = open_prepared(tmp_path / "1")
    assert list(dataset.views) == list(VIEWS)
    shown = {dataset.picture_bytes(np.array([0]), view)[0] for view in VIEWS}
    assert len(shown) == len(VIEWS)


def test_every_expression_is_either_accepted_or_listed_with_its_reason(make, corpus, tmp_path):
    corpus = replace(corpus, rejected=[Rejected("refs(unc).p", "ref 9", "expected a sentence")])
    (corpus.images_folder.path / make.photo_name(2)).write_bytes(b"")
    (corpus.images_folder.path / make.photo_name(7)).unlink()

    manifest = prepare(
        corpus, make.settings(corpus, skip_bad=True), tmp_path / "prepared", num_workers=1
    )

    lines = (tmp_path / "prepared" / "rejected.jsonl").read_text().splitlines()
    rejected = [json.loads(line) for line in lines]
    assert rejected[0] == {
        "file": "refs(unc).p", "record": "ref 9", "reason": "expected a sentence"
    }  # fmt: skip
    left_out = {(line["record"], line["reason"], line["file"]) for line in rejected[1:]}
    assert left_out == {
        (f"expression {1000 + annotation}, image {annotation // 10}", reason, name)
        for annotations, reason, name in (
            ((20, 21), "the file is empty", "002.jpg"),
            ((70, 71, 72), "the image is missing", "007.jpg"),
        )
        for annotation in annotations
    }
    accepted = sum(count["expressions"] for count in manifest["counts"].values())
    assert accepted + len(rejected) == len(corpus.expressions) + 1
    assert manifest["rejected"] == len(rejected) == 6
    images = datasets.load_from_disk(str(tmp_path / "prepared" / "images"))
    assert set(images["image_id"]) == set(corpus.photos) - {2, 7}


def test_what_stands_in_for_detections_is_counted_and_told(make, corpus, stored, tmp_path):
    choice = replace(stored, when_empty="whole-image")

    manifest = prepare(
        corpus, make.settings(corpus, proposer=choice), tmp_path / "prepared", num_workers=1
    )

    # The seventh photo, of the split val, has no detections.
    counts = manifest["counts"]
    assert [counts[split]["photos_with_stand_ins"] for split in counts] == [0, 1, 0]
    assert manifest["candidates"]["by_source"]["whole-image"] == 1
    assert counts["val"]["without_proposals"] == 0
    assert manifest["further_wrong_answers"] == 4
    assert manifest["settings"]["proposer"]["when_empty"] == "whole-image"
    assert "val 1" in summary(manifest, tmp_path).splitlines()[-2]
    rows = datasets.load_from_disk(str(tmp_path / "prepared" / "candidates"))
    boxes = [row["box"] for row in rows if row["source"] == "whole-image"]
    assert boxes == [[0, 0, 48, 32]]


def test_bad_detections_are_listed_beside_the_other_records(make, corpus, stored, tmp_path):
    detections = json.loads(stored.source.read_text())
    detections[0]["score"] = None
    detections[1]["box"] = [60, 0, 10, 10]
    stored.source.write_text(json.dumps(detections))
    settings = make.settings(corpus, proposer=stored, skip_bad=True)

    manifest = prepare(corpus, settings, tmp_path / "prepared", num_workers=1)

    lines = (tmp_path / "prepared" / "rejected.jsonl").read_text().splitlines()
    assert [json.loads(line)["record"] for line in lines] == [
        "detection 0",
        "a detection of image 1",
    ]
    assert manifest["rejected"] == 2
    counts = {"records": 21, "cut_to_photo": 0, "of_other_photos": 0, "rejected": 2}
    assert manifest["detections"] == {"detections.json": counts}
    assert sum(count["expressions"] for count in manifest["counts"].values()) == 16


def test_a_bad_detection_stops_the_run_before_anything_is_drawn(
    make, corpus, stored, tmp_path, monkeypatch
):
    monkeypatch.setattr(drawing, "draw_shard", None)
    stored.source.write_text('[{"image_id": 6, "box": [0, 0, 9, 9], "score": 2}]')

    with refused("detections.json", "0"):
        prepare(
            corpus, make.settings(corpus, proposer=stored), tmp_path / "prepared", num_workers=2
        )


def test_a_split_of_bad_photos_is_an_empty_table(make, corpus, tmp_path):
    for image_id in (6, 7):
        (corpus.images_folder.path / make.photo_name(image_id)).unlink()

    prepare(corpus, make.settings(corpus, skip_bad=True), tmp_path / "prepared", num_workers=1)

    assert len(open_prepared(tmp_path / "prepared").expressions("val")) == 0


def test_nothing_is_published_where_no_photo_could_be_used(make, corpus, tmp_path):
    corpus.images_folder.path.rename(tmp_path / "elsewhere")
    settings = make.settings(corpus, skip_bad=True)

    with refused("16"):
        prepare(corpus, settings, tmp_path / "prepared", num_workers=1)
    assert not (tmp_path / "prepared").exists()

    (tmp_path / "elsewhere").rename(corpus.images_folder.path)
    manifest = prepare(corpus, settings, tmp_path / "prepared", num_workers=1)
    assert manifest["rejected"] == 0


def test_nothing_is_published_where_no_photo_has_a_proposal(make, corpus, stored, tmp_path):
    too_high = replace(stored, confidence=1.0)
    settings = make.settings(corpus, train_proposer=too_high, proposer=too_high)

    with refused("--proposer", "--confidence"):
        prepare(corpus, settings, tmp_path / "prepared", num_workers=1)
    assert not (tmp_path / "prepared").exists()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the system has no disk that is full")
@pytest.mark.parametrize("full_at", ["data-00002-of-00005", "data-00000-of-00001", "manifest"])
def test_a_full_disk_publishes_nothing_and_loses_nothing(
    make, corpus, tmp_path, monkeypatch, full_at
):
    settings = make.settings(corpus)
    prepare(corpus, settings, tmp_path / "whole", num_workers=1)
    prepare(corpus, replace(settings, splits=("val",)), tmp_path / "out", num_workers=1)
    older = contents(tmp_path / "out")
    drawn: list[str] = []

    with monkeypatch.context() as patched:
        patched.setattr(Path, "open", at_a_full_disk(full_at))
        with refused("space"):
            prepare(corpus, settings, tmp_path / "out", num_workers=1, overwrite=True)
    assert contents(tmp_path / "out") == older
    monkeypatch.setattr(drawing, "draw_shard", count_and_draw(drawn))
    prepare(corpus, settings, tmp_path / "out", num_workers=1, overwrite=True)

    assert len(drawn) == (3 if full_at == "data-00002-of-00005" else 0)
    assert contents(tmp_path / "out") == contents(tmp_path / "whole")


def at_a_full_disk(name: str):
    """Open the files that begin with `name` on a disk that is full."""
    open_anywhere = Path.open

    def open_there(path, mode="r", *arguments, **keywords):
        full = path.name.startswith(f".{name}.partial") and "w" in mode
        return open_anywhere(Path("/dev/full") if full else path, mode, *arguments, **keywords)

    return open_there


@pytest.mark.parametrize("num_workers", [1, 2])
def test_a_bad_photo_stops_the_run_and_is_named(make, corpus, tmp_path, num_workers):
    (corpus.images_folder.path / make.photo_name(4)).write_text("<html>")

    with refused("004.jpg", "4", "JPEG"):
        prepare(corpus, make.settings(corpus), tmp_path / "prepared", num_workers=num_workers)

    assert not (tmp_path / "prepared").exists()


def test_missing_photos_are_named_before_anything_is_drawn(make, corpus, tmp_path, monkeypatch):
    monkeypatch.setattr(drawing, "draw_shard", None)
    for image_id in (2, 7):
        (corpus.images_folder.path / make.photo_name(image_id)).unlink()

    with refused("2", "002.jpg", "007.jpg"):
        prepare(corpus, make.settings(corpus), tmp_path / "prepared", num_workers=1)


@pytest.mark.parametrize(
    ("splits", "problem"),
    [
        (("train", "tset"), "no split 'tset'; there are train, val, testA"),
        (("../outside",), "valid folder name, found '../outside'"),
        ((".",), "valid folder name, found '.'"),
        (("Train",), "named 'train', found 'Train'"),
    ],
)
def test_a_split_that_cannot_be_is_refused(make, corpus, tmp_path, splits, problem):
    hostile = [
        replace(corpus.expressions[0], split=split)
        for split in splits
        if split not in {"train", "tset"}
    ]
    corpus = replace(corpus, expressions=[*corpus.expressions, *hostile])

    with pytest.raises(BadInputError) as raised:
        prepare(corpus, make.settings(corpus, splits=splits), tmp_path / "prepared", num_workers=1)

    assert problem in raised.value.problem
    assert not (tmp_path / "prepared").exists()


def test_a_corpus_without_expressions_is_refused(make, corpus, tmp_path):
    empty = replace(corpus, expressions=[])

    with refused("expressions"):
        prepare(empty, make.settings(empty), tmp_path / "prepared", num_workers=1)
    empty = replace(empty, rejected=[Rejected("a.csv", "line 2", "it is bad")] * 2000)
    with refused("2,000", "2"):
        prepare(empty, make.settings(empty), tmp_path / "prepared", num_workers=1)


@pytest.mark.parametrize("num_workers", [1, 2])
def test_photos_that_are_no_plain_rgb_are_counted_once(make, corpus, stored, tmp_path, num_workers):
    first = corpus.photos[1]
    transparent = Image.new("RGBA", (first.width, first.height), (1, 2, 3, 0))
    transparent.save(corpus.images_folder.path / first.file_name, "PNG")
    both = replace(corpus, expressions=[*corpus.expressions, *(
        replace(one, split="val", expression_id=one.expression_id + 5000)
        for one in corpus.expressions if one.image_id == 1
    )])  # fmt: skip
    settings = make.settings(both, proposer=stored)

    manifest = prepare(both, settings, tmp_path / "out", num_workers=num_workers)

    assert manifest["peculiar_photos"] == {"transparent": 1}
