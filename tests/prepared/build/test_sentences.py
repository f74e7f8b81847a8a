from pathlib import Path

from vg_mc.prepared.build.plan import sentences_asked
from vg_mc.proposers.choice import ProposerChoice
from vg_mc.records import Corpus, ImageFolder, ReferringExpression

ANNOTATIONS, READING = ProposerChoice("annotations"), ProposerChoice("transformers")
SAID = [
    (1, "cat", "train"), (1, "dog", "val"), (2, "dog", "val"), (2, "a dog", "testA"),
    (2, "dog", "testA"), (3, "cow", "testB"),
]  # fmt: skip


def asked(make, splits, **proposers):
    expressions = [
        ReferringExpression(0, 0, image_id, 0, text, (0, 0, 1, 1), "", split)
        for image_id, text, split in SAID
    ]
    corpus = Corpus("tiny", ImageFolder(Path()), {}, expressions, {}, [], [])
    return sentences_asked(corpus, make.settings(corpus, splits=splits, **proposers))


def test_all_splits_that_share_candidates_ask_each_sentence_once(make):
    found = asked(make, ("train", "val", "testA"), proposer=READING)

    assert found == {ANNOTATIONS: {1: ("cat",)}, READING: {1: ("dog",), 2: ("dog", "a dog")}}


def test_one_proposer_of_all_splits_is_asked_by_all(make):
    found = asked(make, ("train", "val"), proposer=READING, train_proposer=READING)

    assert found == {READING: {1: ("cat", "dog"), 2: ("dog",)}}
