"""What a detector found is kept, and gives the same candidates again."""

import json
from pathlib import Path

import pytest

from vg_mc.commands.detections import main
from vg_mc.commands.prepare_data import main as prepare
from vg_mc.prepared.dataset import open_prepared


@pytest.fixture(scope="module")
def scenes(tmp_path_factory) -> Path:
    """Draw scenes and prepare them with stored detections: a part of each annotated box."""
    folder = tmp_path_factory.mktemp("scenes")
    prepare(flags(folder, "annotated", "--corpus", "scenes", "--scenes", "20"))
    instances = json.loads((folder / "scenes" / "instances.json").read_text())
    found = [
        {"image_id": one["image_id"], "bbox": one["bbox"], "score": 1 / (2 + place % 7)}
        for place, one in enumerate(instances["annotations"])
    ]
    (folder / "coco.json").write_text(json.dumps(found))
    prepare(flags(folder, "stored", *stored(folder / "coco.json")))
    return folder


def flags(folder: Path, output: str, *others: str) -> list[str]:
    return [
        *("--annotations", str(folder / "scenes"), "--split-by", "scenes"),
        *("--output", str(folder / output), "--image-size", "32", "--num-workers", "1"),
        *others,
    ]


def stored(file: Path) -> tuple[str, ...]:
    chosen = ("--confidence", "0.2", "--when-empty", "lower-confidence", "--max-proposals", "3")
    return ("--proposer", "stored", "--proposals", str(file), *chosen)


def test_kept_detections_give_the_same_candidates_again(scenes, capsys):
    kept = scenes / "kept.parquet"
    main([str(scenes / "stored"), "--output", str(kept)])
    prepare(flags(scenes, "again", *stored(kept)))

    first, again = (open_prepared(scenes / name) for name in ("stored", "again"))
    for split in first.splits:
        ours, theirs = first.expressions(split), again.expressions(split)
        assert [ids.tolist() for ids in ours.ious] == [ids.tolist() for ids in theirs.ious]
    shards = [sorted((one.folder / "candidates").glob("*.arrow")) for one in (first, again)]
    assert [file.read_bytes() for file in shards[0]] == [file.read_bytes() for file in shards[1]]
    detections = sum(map(len, first.detections().values()))
    assert f"{kept}: {detections} detections of " in capsys.readouterr().out
    assert detections


def test_annotated_boxes_are_no_detections(scenes, capsys):
    with pytest.raises(SystemExit) as ended:
        main([str(scenes / "annotated"), "--output", str(scenes / "none.parquet")])

    assert ended.value.code == 3
    assert "it holds no detections, only annotated boxes" in capsys.readouterr().err
    assert not (scenes / "none.parquet").exists()
