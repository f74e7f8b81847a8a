import json

import pytest
from PIL import Image

from vg_mc.commands.prepare_data import main as prepare_data
from vg_mc.commands.recall import main

SIDE = 20  # of the targets


@pytest.fixture
def prepared(tmp_path):
    """Prepare a photo with detections whose first `right` ones are on targets."""
    (tmp_path / "images").mkdir()
    Image.new("RGB", (100, 40)).save(tmp_path / "images" / "a.png")
    lines = [f"a.png,dog,{left} 0 {left + SIDE} {SIDE},val" for left in range(0, 100, SIDE)]
    (tmp_path / "mine.csv").write_text("\n".join(["image,expression,box,split", *lines]))

    def prepare(name, right):
        found = [
            {"file_name": "a.png", "bbox": [SIDE * number, 0, SIDE, SIDE], "score": 0.9}
            for number in range(right)
        ]
        beside = {"file_name": "a.png", "bbox": [0, 30, SIDE, 10], "score": 0.5}
        (tmp_path / f"{name}.json").write_text(json.dumps([*found, beside]))
        prepare_data(
            [
                *("--corpus", "table", "--annotations", str(tmp_path / "mine.csv")),
                *("--box-format", "xyxy", "--box-unit", "pixels"),
                *("--images", str(tmp_path / "images"), "--output", str(tmp_path / name)),
                *("--proposer", "stored", "--proposals", str(tmp_path / f"{name}.json")),
                *("--image-size", "32", "--num-workers", "1"),
            ]
        )
        return str(tmp_path / name)

    return prepare


def test_proposers_are_compared(prepared, tmp_path, capsys):
    folders = [prepared("few", 1), prepared("many", 4)]
    capsys.readouterr()

    main([*folders, "--split", "val", "--output", str(tmp_path / "recall")])

    printed = capsys.readouterr().out
    few, many = printed.splitlines()[2:]
    assert few.split()[:4] == ["few", "2.0", "20.00", "20.00"]
    assert many.split()[:4] == ["many", "5.0", "20.00", "80.00"]
    in_file = (tmp_path / "recall" / "recall.md").read_text()
    assert in_file.replace("|", "").split()[-24:] == [*few.split(), *many.split()]
    assert {path.name for path in (tmp_path / "recall").iterdir()} == {
        "recall.csv", "recall.md", "recall.png",
    }  # fmt: skip


@pytest.mark.parametrize("arguments", [[], ["nowhere"]])
def test_without_a_dataset_there_is_nothing_to_compare(arguments, tmp_path, capsys):
    with pytest.raises(SystemExit) as ended:
        main([*arguments, "--output", str(tmp_path)])

    assert ended.value.code == 3
    assert "prepared dataset" in capsys.readouterr().err
