"""The card tells a stranger what the folder holds, in code that runs."""

import re

import yaml

from vg_mc.prepared.card import write_card


def test_the_card_says_what_the_manifest_says(tmp_path, described):
    write_card(tmp_path, described)

    card = (tmp_path / "README.md").read_text()
    assert "| train | 3 | 1,234 | 20 | 6.7 | 0.667 | 1 |\n| val | 1 | 1,234 |" in card
    assert "224 pixels square (letterbox)" in card
    assert "colour (50, 205, 50), opacity 0.167, outline 2 pixels" in card
    assert "annotations for the split `train`, yolo for the others" in card
    assert "Records left out: 5" in card
    assert "`0123456789abcdef`" in card


def test_the_head_of_the_card_is_yaml(tmp_path, described):
    write_card(tmp_path, described)

    _, head, _ = (tmp_path / "README.md").read_text().split("---\n", maxsplit=2)
    assert "multiple-choice" in yaml.safe_load(head)["task_categories"]


def test_the_code_on_the_card_runs(prepared, described, monkeypatch):
    write_card(prepared, described)

    code = re.search(r"```python\n(.*?)```", (prepared / "README.md").read_text(), re.DOTALL)
    names: dict[str, object] = {}
    monkeypatch.chdir(prepared)
    exec(code[1], names)  # noqa: S102 - it is our own

    assert len(names["pictures"]) == 3
    assert all(picture.size == (16, 16) for picture in names["pictures"])
