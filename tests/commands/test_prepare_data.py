"""The command, end to end on drawn scenes; its summary is checked by counting again."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import datasets
import numpy as np
import pytest
import torch
from PIL import Image
from torchvision.ops import box_iou

from vg_mc.commands.prepare_data import PrepareConfig, main
from vg_mc.corpora.refer import read_refer
from vg_mc.prepared.dataset import open_prepared
from vg_mc.prepared.verification import verify
from vg_mc.records import ImageFolder
from vg_mc.system.options import option_types

ROOT = Path(__file__).parents[2]
SPLITS = ("train", "val", "testA", "testB")


@pytest.fixture(scope="module")
def scenes(tmp_path_factory) -> Path:
    """Draw scenes, and prepare them once with the annotated boxes."""
    folder = tmp_path_factory.mktemp("scenes")
    main(flags(folder, "annotated", "--corpus", "scenes", "--scenes", "30"))
    return folder


def flags(folder: Path, output: str, *others: str) -> list[str]:
    return [
        *("--annotations", str(folder / "scenes"), "--split-by", "scenes"),
        *("--output", str(folder / output)),
        *("--image-size", "48", "--num-workers", "1"),
        *others,
    ]


def store_detections(scenes: Path, seed: int = 0) -> tuple[Path, dict[int, list[list[float]]]]:
    """Store half of the boxes, blurred; return the file and the boxes by image."""
    random = np.random.default_rng(seed)
    instances = json.loads((scenes / "scenes" / "instances.json").read_text())
    size = {image["id"]: (image["width"], image["height"]) for image in instances["images"]}
    detections, kept = [], {image_id: [] for image_id in size}
    for annotation in instances["annotations"]:
        left, top, width, height = annotation["bbox"]
        image_id = annotation["image_id"]
        right = min(left + width + random.uniform(-6, 6), size[image_id][0])
        bottom = min(top + height + random.uniform(-6, 6), size[image_id][1])
        if random.random() < 0.5 or right <= left + 1 or bottom <= top + 1:
            continue
        kept[image_id].append([left, top, right, bottom])
        box = [left, top, right - left + 1, bottom - top + 1]  # MAttNet's way
        detections.append({"image_id": image_id, "box": box, "score": 0.9, "category_name": "x"})
    file = scenes / f"detections{seed}.json"
    file.write_text(json.dumps(detections))
    return file, kept


def table_rows(text: str) -> dict[str, list[str]]:
    lines = [line.split() for line in text.splitlines()]
    return {line[0]: line[1:] for line in lines if line and line[0] in SPLITS}


def refusal(arguments: list[str], capsys) -> str:
    capsys.readouterr()
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 3
    lines = capsys.readouterr().err.splitlines()  # a bar of progress may stand before the last
    assert [line.startswith("error: ") for line in lines].count(True) == 1
    return lines[-1]


def test_scenes_are_drawn_and_prepared_with_every_box_found(scenes):
    manifest = json.loads((scenes / "annotated" / "manifest.json").read_text())

    assert manifest["splits"] == list(SPLITS)
    counts = manifest["counts"]
    assert [counts[split]["images"] for split in SPLITS] == [30, 3, 3, 3]
    assert all(counts[split]["proposal_recall"] == 1 for split in SPLITS)
    candidates = datasets.load_from_disk(str(scenes / "annotated" / "candidates"))
    assert candidates[0]["picture"].size == (48, 48)


def test_the_summary_says_what_counting_again_finds(scenes, capsys):
    file, kept = store_detections(scenes)
    main(flags(scenes, "stored", "--proposer", "stored", "--proposals", str(file)))
    printed = capsys.readouterr().out

    corpus = read_refer(
        scenes / "scenes", "scenes", ImageFolder(scenes / "scenes" / "images"), skip_bad=False
    )
    for split in ("val", "testA", "testB"):
        expressions = [one for one in corpus.expressions if one.split == split]
        images = {one.image_id for one in expressions}
        candidates = sum(len(kept[image_id]) for image_id in images)
        found = [
            bool(
                (box_iou(torch.tensor([one.target]), torch.tensor(kept[one.image_id])) > 0.5).any()
            )
            for one in expressions
            if kept[one.image_id]
        ]
        none = sum(not kept[one.image_id] for one in expressions)
        assert table_rows(printed)[split] == [
            f"{len(images)}",
            f"{len(expressions)}",
            f"{candidates}",
            f"{candidates / len(images):.3f}",
            f"{sum(found) / len(expressions):.3f}",
            f"{none}",
        ]
        assert 0 < sum(found) < len(expressions)
    total = datasets.load_from_disk(str(scenes / "stored" / "candidates")).num_rows
    size = sum(
        path.stat().st_size
        for path in (scenes / "stored").rglob("*")
        if path.is_file() and path.name not in {"manifest.json", "README.md"}
    )
    last = printed.splitlines()[-1]
    assert f"{total:,} candidates, {size / 1e6:,.1f} MB on disk" in last
    assert "0 records skipped" in last


def test_flags_of_the_detections_reach_the_candidates(scenes, capsys):
    file, _ = store_detections(scenes)
    chosen = ("--max-proposals", "1", "--nms", "0.5", "--when-empty", "whole-image")

    main(flags(scenes, "one", "--proposer", "stored", "--proposals", str(file), *chosen))

    manifest = json.loads((scenes / "one" / "manifest.json").read_text())
    for split in ("val", "testA", "testB"):
        assert manifest["counts"][split]["candidates"] == manifest["counts"][split]["images"]
        assert manifest["counts"][split]["without_proposals"] == 0
    proposer = manifest["settings"]["proposer"]
    assert (proposer["max_proposals"], proposer["nms"]) == (1, 0.5)
    assert proposer["when_empty"] == "whole-image"
    assert f"{file.name}: " in capsys.readouterr().out


def test_flags_of_the_marker_reach_the_pictures(scenes):
    marker = ("--color", "red", "--opacity", "1", "--outline", "0", "--splits", "val")

    main(flags(scenes, "red", *marker))

    row = datasets.load_from_disk(str(scenes / "red" / "candidates"))[0]
    corpus = read_refer(
        scenes / "scenes", "scenes", ImageFolder(scenes / "scenes" / "images"), skip_bad=False
    )
    photo = corpus.photos[row["image_id"]]
    left, top, right, bottom = np.array(row["box"]) * np.tile(
        [48 / photo.width, 48 / photo.height], 2
    )
    inside = np.asarray(row["picture"])[round(top) : round(bottom), round(left) : round(right)]
    assert np.abs(inside.mean(axis=(0, 1)) - (255, 0, 0)).max() < 40
    settings = json.loads((scenes / "red" / "manifest.json").read_text())["settings"]
    assert settings["marker"] == {"color": [255, 0, 0], "opacity": 1.0, "outline": 0}
    assert settings["views"] == {"clip-refcoco": settings["marker"]}


def test_a_dataset_may_have_several_views(scenes):
    views = ("--views", "clip-refcoco", "crop-padded", "--context", "1.5", "--splits", "val")

    main(flags(scenes, "several", *views))

    row = datasets.load_from_disk(str(scenes / "several" / "candidates"))[0]
    assert row["picture"].size == row["picture_crop_padded"].size == (48, 48)
    dataset = open_prepared(scenes / "several")
    assert dataset.views["crop-padded"] == {"square": "surroundings", "context": 1.5}
    (shown,) = dataset.pictures(np.array([0]), "crop-padded")
    assert (shown == np.asarray(row["picture_crop_padded"])).all()
    card = (scenes / "several" / "README.md").read_text()
    assert "![A candidate as crop-padded](view-crop-padded.jpg)" in card
    assert (scenes / "several" / "view-crop-padded.jpg").is_file()
    assert not list(verify(scenes / "several"))


def test_bad_records_are_listed_and_the_rest_goes_on(scenes, capsys):
    image = min((scenes / "scenes" / "images").iterdir())
    content = image.read_bytes()
    image.write_bytes(content[:200])

    try:
        message = refusal(flags(scenes, "stopped"), capsys)
        main(flags(scenes, "skipped", "--on-error", "skip"))
    finally:
        image.write_bytes(content)

    assert image.name in message
    rejected = (scenes / "skipped" / "rejected.jsonl").read_text().splitlines()
    assert all(json.loads(line)["file"] == image.name for line in rejected)
    assert f"{len(rejected)} records skipped" in capsys.readouterr().out
    assert not (scenes / "stopped").exists()


def test_an_output_is_replaced_only_on_request(scenes, capsys):
    assert "--overwrite" in refusal(flags(scenes, "annotated"), capsys)

    main(flags(scenes, "annotated", "--overwrite", "--corpus", "scenes", "--scenes", "30"))


@pytest.mark.parametrize(
    ("wrong", "problem"),
    [
        ("--proposer yolo", "--proposer: the proposer yolo requires --weights"),
        ("--train-proposer stored", "--proposer: the proposer stored requires --proposals"),
        ("--weights a.pt", "--weights: has no effect without"),
        ("--proposer stored --proposals nowhere.json", "nowhere.json, --proposals: no such file"),
        (
            f"--proposer yolo --weights {__file__} --device gpu",
            "--device: expected a device like cpu, cuda or cuda:1, not 'gpu'",
        ),
        ("--proposer yolo --weights nowhere.pt", "nowhere.pt, --weights: no such file"),
        ("--views sead", "--views: unknown view 'sead'"),
        ("--opacity 2", "--views: opacity must be from 0 to 1"),
        ("--color greem", "--views: unknown color specifier"),
        ("--image-size 0", "--image-size: expected a number at least 1, not 0"),
        ("--num-workers 0", "--num-workers: expected a number at least 1, not 0"),
        ("--confidence 1.5", "--confidence: expected a number"),
        (
            "--proposer yollo",
            "--proposer: unknown proposer 'yollo'",
        ),
        ("--train-proposer stored+stored", "--train-proposer: expected each proposer once"),
        ("--proposer annotations+yolo", "--proposer: the proposer yolo requires --weights"),
        ("--whole-images 0", "--whole-images: expected a number at least 1, not 0"),
        ("--proposer none+yolo", "--proposer: none cannot be united"),
        ("--proposer none --train-proposer none", "requires --whole-images"),
        ("--jitter 0.5", "--jitter: expected a number at least 0 and below 0.5, not 0.5"),
        ("--jitter nan", "--jitter: expected a number"),
        ("--seed -1", "--seed: expected a number at least 0"),
        ("--nms -0.5", "--nms: expected a number"),
        ("--max-proposals 0", "--max-proposals: expected a number at least 1, not 0"),
        ("--splits tset", "no split 'tset'; there are train, val, testA, testB"),
        ("--split-by unc", "refs(unc).p: no such file of references; found: refs(scenes).p"),
        ("--images nowhere", "nowhere, --images: no such folder"),
    ],
)
def test_wrong_flags_get_one_clear_line(scenes, capsys, wrong, problem):
    assert problem in refusal(flags(scenes, "wrong", *wrong.split()), capsys)

    assert not (scenes / "wrong").exists()


def test_what_is_there_already_is_told_before_the_corpus_is_read(tmp_path, capsys):
    (tmp_path / "mine").mkdir()
    unread = ["--annotations", str(tmp_path / "nowhere"), "--output", str(tmp_path / "mine")]

    assert "not a prepared dataset" in refusal(unread, capsys)


def test_counts_of_a_known_corpus_are_compared_with_the_published_ones(scenes, tmp_path, capsys):
    folder = shutil.copytree(scenes / "scenes", tmp_path / "refcoco")
    (folder / "refs(scenes).p").rename(folder / "refs(unc).p")

    known = ["--annotations", str(folder), "--output", str(tmp_path / "out"), "--num-workers", "1"]

    assert "val: 3 images, NOT 1,500;" in refusal(known, capsys)
    assert not (tmp_path / "out").exists()
    main([*known, "--allow-count-mismatch"])
    assert "val: 3 images, NOT 1,500\n" in capsys.readouterr().out


def test_help_loads_nothing_heavy_and_names_every_flag():
    probe = (
        "import sys\nfrom vg_mc.commands.prepare_data import main\n"
        "try: main(['--help'])\nexcept SystemExit: pass\n"
        "sys.exit(bool({'torch', 'pyarrow', 'ultralytics', 'datasets'} & set(sys.modules)))"
    )

    finished = subprocess.run(
        [sys.executable, "-c", probe], cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert finished.returncode == 0, finished.stderr
    shown = set(re.findall(r"--[a-z-]+", finished.stdout))
    assert {f"--{name}" for name in option_types(PrepareConfig)} <= shown


def test_splits_are_renamed_by_the_command_and_the_summary_says_so(tmp_path, capsys):
    (tmp_path / "images").mkdir()
    Image.new("RGB", (100, 80)).save(tmp_path / "images" / "1.jpg")
    rows = ["image,expression,box,split", "1.jpg,dog,10 20 30 40,valid", "1.jpg,cat,1 2 90 80,new"]
    (tmp_path / "mine.csv").write_text("\n".join(rows))

    main(
        [
            *("--corpus", "table", "--annotations", str(tmp_path / "mine.csv")),
            *("--box-format", "xyxy", "--box-unit", "pixels", "--rename-split", "new=train"),
            *("--output", str(tmp_path / "prepared")),
            *("--image-size", "48", "--num-workers", "1"),
        ]
    )

    counts = open_prepared(tmp_path / "prepared").manifest["counts"]
    assert {split: one["expressions"] for split, one in counts.items()} == {"train": 1, "val": 1}
    shown = capsys.readouterr().out
    assert "'valid'" in shown
    assert "'new'" in shown
