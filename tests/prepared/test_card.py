"""The card tells a stranger what the folder holds, in code that runs."""

import re

import datasets
import pytest
import yaml

from vg_mc.prepared.card import write_card, write_examples
from vg_mc.prepared.dataset import open_prepared


def test_the_card_says_what_the_manifest_says(tmp_path, described):
    write_card(tmp_path, described)

    card = (tmp_path / "README.md").read_text()
    assert "| train | 3 | 1,234 | 20 | 6.7 | 0.667 | 1 |\n| val | 1 | 1,234 |" in card
    assert "224 x 224 pixels;\nimages are resized with the mode `letterbox`." in card
    assert "| marker | `picture` | color [50, 205, 50], opacity 0.167, outline 2 |" in card
    assert "Proposals of the split `train`: annotations." in card
    assert "Proposals of the other splits: yolo, yolov8n.pt." in card
    assert "Rejected records: 5" in card
    assert "`0123456789abcdef`" in card
    assert "marker.jpg" not in card


def test_the_convention_of_the_source_is_on_the_card(tmp_path, described):
    write_card(tmp_path, described)
    assert "Boxes of the source" not in (tmp_path / "README.md").read_text()

    read = {"boxes": "xywh in percent (found)", "orientation": "shown"}
    write_card(tmp_path, described | read)

    card = (tmp_path / "README.md").read_text()
    assert "Boxes of the source: xywh in percent (found), of images as shown." in card


def test_settings_of_a_detector_are_told(tmp_path, described):
    proposer = {
        "kind": "stored",
        "source": "dets.json",
        "confidence": 0.5,
        "max_proposals": None,
        "when_empty": "whole-image",
    }
    settings = described["settings"] | {"proposer": proposer}

    write_card(tmp_path, described | {"settings": settings})

    card = (tmp_path / "README.md").read_text()
    assert "stored, dets.json, from confidence 0.5, whole-image where empty." in card


def test_the_head_of_the_card_is_yaml(tmp_path, described):
    counts = dict(described["counts"])
    counts |= {"my-val.2": counts["val"], "empty": counts["val"] | {"expressions": 0}}

    write_card(tmp_path, described | {"counts": counts})

    _, head, _ = (tmp_path / "README.md").read_text().split("---\n", maxsplit=2)
    told = yaml.safe_load(head)
    assert "multiple-choice" in told["task_categories"]
    assert told["configs"][0]["data_files"] == [
        {"split": "train", "path": "expressions/train/*.arrow"},
        {"split": "val", "path": "expressions/val/*.arrow"},
        {"split": "my_val_2", "path": "expressions/my-val.2/*.arrow"},
    ]


def test_the_code_on_the_card_runs(prepared, described, monkeypatch):
    write_card(prepared, described)

    code = re.search(r"```python\n(.*?)```", (prepared / "README.md").read_text(), re.DOTALL)
    names: dict[str, object] = {}
    monkeypatch.chdir(prepared)
    exec(code[1], names)  # noqa: S102 - it is our own

    assert len(names["pictures"]) == 3
    assert all(picture.size == (16, 16) for picture in names["pictures"])


@pytest.fixture
def load(prepared, described, tmp_path, monkeypatch):
    """Load tables by the card alone, as from the hub, with a cache of its own."""
    write_examples(prepared, described["splits"], ["clip-refcoco"])
    counts = dict(described["counts"])
    counts["val"] = counts["val"] | {"expressions": 0}
    write_card(prepared, described | {"counts": counts})
    monkeypatch.setattr(datasets.config, "HF_DATASETS_OFFLINE", True)

    def load(*names, **options):
        cache = str(tmp_path / "cache")
        return datasets.load_dataset(str(prepared), *names, cache_dir=cache, **options)

    return load


@pytest.mark.parametrize("names", [(), ("expressions",)])
def test_the_folder_loads_as_it_is_with_every_split_that_has_rows(load, prepared, names):
    loaded = load(*names)

    assert list(loaded) == ["train"]  # val is empty
    ours = datasets.load_from_disk(str(prepared / "expressions" / "train"))
    assert loaded["train"].features == ours.features
    assert loaded["train"].to_list() == ours.to_list()


def test_candidates_load_in_the_order_of_their_ids(load, prepared):
    loaded = load("candidates", split="train")

    ours = datasets.load_from_disk(str(prepared / "candidates"))
    assert loaded["annotation_id"][:] == ours["annotation_id"][:] == list(range(-1, 6))
    assert loaded["box"][:] == ours["box"][:]
    assert loaded[5]["picture"].tobytes() == ours[5]["picture"].tobytes()
    assert load("images", split="train")["file_name"][:] == ["a.jpg"]


def test_the_example_is_the_best_candidate_of_an_expression(prepared, described):
    write_examples(prepared, described["splits"], ["clip-refcoco"])
    write_card(prepared, described)

    (picture,) = open_prepared(prepared).picture_bytes([0])  # its IoU is 1/2, then 1/3
    assert (prepared / "marker.jpg").read_bytes() == picture
    assert "![A candidate as marker](marker.jpg)" in (prepared / "README.md").read_text()


def test_without_candidates_there_is_no_example(prepared):
    write_examples(prepared, ["val"], ["clip-refcoco"])

    assert not (prepared / "marker.jpg").exists()
