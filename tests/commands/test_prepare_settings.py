"""Flags become settings."""

from dataclasses import replace
from pathlib import Path

from tests.flat import flat
from vg_mc.commands.prepare_data import PrepareConfig, check_flags, settings_of, splits_of
from vg_mc.records import Corpus, ImageFolder, ReferringExpression

DEFAULTS = {"annotations": Path("a"), "output": Path("b")}
CONFIG = flat(PrepareConfig, **DEFAULTS)


def corpus_with(*splits: str) -> Corpus:
    box = (0.0, 0.0, 1.0, 1.0)
    expressions = [
        ReferringExpression(number, number, 1, 1, "dog", box, "", split)
        for number, split in enumerate(splits)
    ]
    return Corpus("tiny", ImageFolder(Path()), {}, expressions, {}, [], [])


def test_the_defaults_are_flags_that_fit_each_other():
    check_flags(CONFIG)


def test_training_comes_first_whatever_the_order_of_the_records():
    corpus = corpus_with("testB", "val", "train", "val")

    assert splits_of(corpus) == ("train", "testB", "val")


def test_a_union_has_its_members_and_the_flags_of_its_detectors(tmp_path):
    files = {"weights": tmp_path / "w.pt", "proposals": tmp_path / "boxes.json"}
    config = flat(
        PrepareConfig,
        **DEFAULTS,
        **files,
        proposer="annotations+yolo+stored",
        nms=0.6,
        confidence=0.4,
    )

    choice = settings_of(config, corpus_with("val")).proposer

    assert choice.kind == "annotations+yolo+stored"
    assert [member.source for member in choice.members] == [None, *files.values()]
    assert (choice.nms, choice.confidence) == (0.6, 0.4)


def test_only_annotated_boxes_of_train_are_jittered():
    config = replace(CONFIG, jitter=0.2, seed=5)

    settings = settings_of(config, corpus_with("train", "val"))

    assert (settings.train_proposer.jitter, settings.train_proposer.seed) == (0.2, 5)
    assert settings.proposer == settings_of(CONFIG, corpus_with("val")).proposer
