"""The manifest tells settings and sources, and no folder of the machine."""

import json

import pytest

from vg_mc.images import choose_views
from vg_mc.prepared.build.description import describe
from vg_mc.prepared.build.settings import Drawing
from vg_mc.proposers.choice import ProposerChoice, united


@pytest.fixture
def corpus(make, tmp_path):
    return make.corpus(tmp_path, {"train": [3], "val": [2]})


@pytest.fixture
def yolo(tmp_path) -> ProposerChoice:
    weights = tmp_path / "weights.pt"
    weights.write_bytes(b"weights")
    return ProposerChoice("yolo", weights, confidence=0.05, device="cuda:1")


@pytest.fixture
def stored(stored_file) -> ProposerChoice:
    return ProposerChoice("stored", stored_file, confidence=0.05)


def test_sources_and_settings_are_described_without_paths(make, corpus, stored, yolo, tmp_path):
    described = describe(corpus, make.settings(corpus, train_proposer=stored, proposer=yolo))

    assert str(tmp_path) not in json.dumps(described)
    names = [source["file"] for source in described["sources"]]
    assert sorted(names) == ["instances.json", "stored.json", "weights.pt"]
    proposer = described["settings"]["proposer"]
    assert (proposer["kind"], proposer["confidence"], proposer["device"]) == ("yolo", 0.05, "cuda")
    assert "detector_size" not in described["settings"]["train_proposer"]
    assert {"vg_mc", "commit", "pillow"} <= set(described["versions"])


def test_views_are_told_by_name_with_all_their_properties(make, corpus):
    views = choose_views(["outline", "crop"], {"context": 1.5})
    settings = make.settings(corpus, drawing=Drawing(views, 24, "squash"))

    described = describe(corpus, settings)["settings"]

    told = described["views"]
    assert described["marker"] == told["outline"]
    assert told == {
        "outline": {"color": [255, 0, 0], "opacity": 0.0, "outline": 2},
        "crop": {"square": "squashed", "context": 1.5},
    }
    assert told == json.loads(json.dumps(told))


def test_a_union_lists_its_members(make, corpus, stored, yolo):
    choice = united((ProposerChoice("annotations"), yolo, stored))

    described = describe(corpus, make.settings(corpus, proposer=choice))

    proposer = described["settings"]["proposer"]
    assert proposer["kind"] == choice.kind == "annotations+yolo+stored"
    sources = [member.get("source") for member in proposer["members"]]
    assert sources == [None, "weights.pt", "stored.json"]
    names = {source["file"] for source in described["sources"]}
    assert names == {"instances.json", "stored.json", "weights.pt"}
