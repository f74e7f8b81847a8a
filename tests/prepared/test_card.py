"""The card tells a stranger what the folder holds, in code that runs."""

import re

import yaml

from vg_mc.prepared.card import write_card

COUNTS = {
    "images": 3,
    "expressions": 1234,
    "candidates": 20,
    "boxes_per_image": 20 / 3,
    "proposal_recall": 2 / 3,
    "without_proposals": 1,
}
MANIFEST = {
    "corpus": "refcoco_unc",
    "splits": ["train", "val"],
    "settings": {
        "image_size": 224,
        "fit": "letterbox",
        "marker": {"color": [50, 205, 50], "opacity": 1 / 6, "outline": 2},
        "train_proposer": {"kind": "annotations"},
        "proposer": {"kind": "yolo", "source": "yolov8n.pt"},
    },
    "counts": {"train": COUNTS, "val": COUNTS | {"images": 1}},
    "rejected": 5,
    "data_hash": "0123456789abcdef" * 4,
}


def test_the_card_says_what_the_manifest_says(tmp_path):
    write_card(tmp_path, MANIFEST)

    card = (tmp_path / "README.md").read_text()
    assert "| train | 3 | 1,234 | 20 | 6.7 | 0.667 | 1 |\n| val | 1 | 1,234 |" in card
    assert "224 pixels square (letterbox)" in card
    assert "colour (50, 205, 50), opacity 0.167, outline 2 pixels" in card
    assert "annotations for the split `train`, yolo for the others" in card
    assert "Records left out: 5" in card
    assert "`0123456789abcdef`" in card


def test_the_head_of_the_card_is_yaml(tmp_path):
    write_card(tmp_path, MANIFEST)

    _, head, _ = (tmp_path / "README.md").read_text().split("---\n", maxsplit=2)
    assert "multiple-choice" in yaml.safe_load(head)["task_categories"]


def test_the_code_on_the_card_runs(prepared, monkeypatch):
    write_card(prepared, MANIFEST)

    code = re.search(r"```python\n(.*?)```", (prepared / "README.md").read_text(), re.DOTALL)
    names: dict[str, object] = {}
    monkeypatch.chdir(prepared)
    exec(code[1], names)  # noqa: S102 - it is our own

    assert len(names["pictures"]) == 3
    assert all(picture.size == (16, 16) for picture in names["pictures"])
