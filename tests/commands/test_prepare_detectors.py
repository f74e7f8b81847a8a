"""Detectors of transformers through the command: what is drawn, described and refused."""

import json

import datasets
import numpy as np
import pytest
from PIL import Image

from tests.proposers.tiny_detectors import write_detector
from vg_mc.boxes.arithmetic import as_boxes, iou_matrix
from vg_mc.commands.prepare_data import main
from vg_mc.prepared.manifest import read_manifest
from vg_mc.proposers.transformers_detector import TransformersProposer
from vg_mc.records import Photo

SAID = {"a.png": ["left dog", "Red cat", "left dog"], "b.png": ["dog"]}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A table of expressions with two photos, and a detector of each kind."""
    root = tmp_path_factory.mktemp("table")
    (root / "images").mkdir()
    rows = ["image,expression,box,split"]
    for number, (name, texts) in enumerate(SAID.items()):
        noise = np.random.default_rng(number).integers(0, 256, (60, 90, 3), np.uint8)
        Image.fromarray(noise).save(root / "images" / name)
        rows += [f"{name},{text},10 10 40 50,val" for text in texts]
    (root / "mine.csv").write_text("\n".join(rows))
    detections = [{"file_name": name, "bbox": [10, 10, 30, 40], "score": 0.9} for name in SAID]
    (root / "stored.json").write_text(json.dumps(detections))
    for kind in ("detr", "owlv2"):
        write_detector(kind, root / kind)
    return root


def prepare(folder, output, *flags):
    main(
        [
            *("--corpus", "table", "--annotations", str(folder / "mine.csv")),
            *("--box-format", "xyxy", "--box-unit", "pixels"),
            *("--images", str(folder / "images"), "--output", str(folder / output)),
            *("--image-size", "32", "--num-workers", "1", *flags),
        ]
    )
    return read_manifest(folder / output), datasets.load_from_disk(folder / output / "candidates")


def test_a_photo_s_candidates_are_what_its_sentences_find(folder):
    flags = ("--proposer", "transformers", "--detector", str(folder / "owlv2"))
    manifest, rows = prepare(folder, "owl", *flags, "--confidence", "0.5")

    proposer = TransformersProposer(folder / "owlv2", confidence=0.5)
    expected = []
    for number, (name, texts) in enumerate(SAID.items()):
        pixels = np.asarray(Image.open(folder / "images" / name))
        expected += proposer.propose([Photo(number, name, 90, 60)], [pixels], [texts])[0]
    assert np.allclose(rows["box"][:], [one.box for one in expected], atol=1e-4)
    assert np.allclose(rows["score"][:], [one.score for one in expected], atol=1e-6)
    assert set(rows["source"]) == {"transformers"}

    described = manifest["settings"]["proposer"]
    assert (described["source"], described["nms"]) == ("owlv2", 1)
    assert {"transformers", "device"} <= described.keys()
    assert "ultralytics" not in described
    files = {source["file"] for source in manifest["sources"]}
    assert {"config.json", "model.safetensors", "mine.csv"} <= files


def test_the_bytes_do_not_depend_on_the_number_of_workers(folder):
    flags = ("--proposer", "transformers", "--detector", str(folder / "detr"))
    one, _ = prepare(folder, "one", *flags)
    two, _ = prepare(folder, "two", *flags, "--num-workers", "2")

    assert one["data_hash"] == two["data_hash"]


def test_a_union_has_no_two_boxes_on_one_thing_unless_asked_to(folder):
    flags = (
        *("--proposer", "stored+transformers", "--detector", str(folder / "detr")),
        *("--proposals", str(folder / "stored.json"), "--confidence", "0.1"),
    )
    manifest, rows = prepare(folder, "union", *flags)
    _, all_rows = prepare(folder, "all", *flags, "--nms", "1")

    members = manifest["settings"]["proposer"]["members"]
    assert [member["nms"] for member in members] == [0.7, 0.7]
    assert set(rows["source"]) == {"stored", "transformers"}
    for image_id in set(rows["image_id"]):
        boxes = as_boxes(
            [row["box"] for row in rows.remove_columns("picture") if row["image_id"] == image_id]
        )
        overlaps = iou_matrix(boxes, boxes) - np.eye(len(boxes))
        assert overlaps.max() <= 0.7
    assert len(all_rows) > len(rows)


@pytest.mark.parametrize(
    ("flags", "problem"),
    [
        ("--proposer transformers", "--proposer: the proposer transformers requires --detector"),
        ("--detector here", "--detector: has no effect without"),
        ("--proposer transformers --detector nowhere", "expected a folder, or the id of a model"),
        ("--proposer transformers --detector .", "expected a transformers detector"),
        ("--detector-size 64", "--detector-size: has no effect without"),
    ],
)
def test_what_does_not_fit_is_named(flags, problem, folder, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)

    with pytest.raises(SystemExit) as stopped:
        prepare(folder, "bad", *flags.split())

    assert stopped.value.code == 3
    assert problem in " ".join(capsys.readouterr().err.split())
