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
    assert "--proposer" in capsys.readouterr().err
    assert not (scenes / "none.parquet").exists()


def test_detections_on_photos_without_ids_are_kept_by_file_name(scenes, tmp_path):
    photos = {
        image["id"]: image["file_name"]
        for image in json.loads((scenes / "scenes" / "instances.json").read_text())["images"]
    }
    found = json.loads((scenes / "coco.json").read_text())
    rows = [
        {"image": photos[one["image_id"]], "expression": "this", "box": one["bbox"]}
        for one in found
    ]
    (tmp_path / "val.jsonl").write_text("\n".join(map(json.dumps, rows)))
    named = [{"file_name": photos[one.pop("image_id")], **one} for one in found]
    (tmp_path / "named.json").write_text(json.dumps(named))
    table = (
        *("--corpus", "table", "--annotations", str(tmp_path / "val.jsonl")),
        *("--images", str(scenes / "scenes" / "images"), "--box-format", "xywh"),
        *("--box-unit", "pixels"),
    )
    prepare([*flags(tmp_path, "first", *stored(tmp_path / "named.json")), *table])

    main([str(tmp_path / "first"), "--output", str(tmp_path / "kept.parquet")])
    backwards = [rows[0], *reversed(rows)]  # other numbers for the same photos
    (tmp_path / "val.jsonl").write_text("\n".join(map(json.dumps, backwards)))
    prepare([*flags(tmp_path, "again", *stored(tmp_path / "kept.parquet")), *table])

    first, again = (open_prepared(tmp_path / name) for name in ("first", "again"))
    assert candidates_by_photo(first) == candidates_by_photo(again)


def candidates_by_photo(dataset):
    photos, expressions = dataset.photos(), dataset.expressions("val")
    return {
        photos[image_id].file_name: dataset.boxes(ids).tolist()
        for image_id, ids in zip(
            expressions.image_ids.tolist(), expressions.candidate_ids, strict=True
        )
    }
