import json
import os
import pickle

import numpy as np
import pytest
import torch
from PIL import Image
from transformers import (
    AutoImageProcessor,
    AutoModelForObjectDetection,
    AutoModelForZeroShotObjectDetection,
    AutoProcessor,
    ResNetConfig,
)

from tests.proposers.tiny_detectors import BUILDERS, write_detector
from tests.refusals import refused
from vg_mc.boxes import arithmetic as boxes
from vg_mc.proposers.transformers_detector import OVERLAP, TransformersProposer

CAPTIONED = ("grounding_dino", "mm_grounding_dino")
CLOSED, READING = ("detr", "rt_detr"), ("owlv2", "owlvit", *CAPTIONED)
THRESHOLD = {"detr": 0.3, "rt_detr": 0.1, **dict.fromkeys(READING, 0.5), "mm_grounding_dino": 0}
# One of each pair of families with common code; `make exhaustive` runs the other.
EACH_READING = [
    kind if kind in ("owlvit", "mm_grounding_dino")
    else pytest.param(kind, marks=pytest.mark.exhaustive)
    for kind in READING
]  # fmt: skip
ABOUT = ["dog on the left", "Red cat"]


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    root = tmp_path_factory.mktemp("detectors")
    return {kind: write_detector(kind, root / kind) for kind in BUILDERS}


@pytest.fixture(scope="module")
def proposers(folders):
    return {
        kind: TransformersProposer(folder, confidence=THRESHOLD[kind])
        for kind, folder in folders.items()
    }


def by_the_library(kind, folder, picture, sentence):
    """What the documentation of transformers does with a photo; best first."""
    image, sizes = Image.fromarray(picture), [picture.shape[:2]]
    if kind in CLOSED:
        processor = AutoImageProcessor.from_pretrained(folder)
        model = AutoModelForObjectDetection.from_pretrained(folder)
        inputs, finish = processor(image, return_tensors="pt"), "post_process_object_detection"
    else:
        processor = AutoProcessor.from_pretrained(folder)
        model = AutoModelForZeroShotObjectDetection.from_pretrained(folder)
        query = f"{sentence.lower().removesuffix('.')}." if kind in CAPTIONED else sentence
        inputs = processor(text=query, images=image, return_tensors="pt")
        finish = "post_process_grounded_object_detection"
    with torch.no_grad():
        outputs = model(**inputs)
    (found,) = getattr(processor, finish)(outputs, threshold=THRESHOLD[kind], target_sizes=sizes)
    return found["boxes"].double().numpy(), found["scores"].double().numpy(), found


def without_overlaps(corners, scores, most):
    """Keep a box unless a better kept one overlaps it, one after the other."""
    kept = []
    for place in np.argsort(-scores, kind="stable"):
        overlaps = boxes.iou_matrix(corners[[place]], corners[kept])
        if overlaps.max(initial=0) <= most:
            kept.append(int(place))
    return kept


def boxes_of(proposals):
    return boxes.as_boxes([one.box for one in proposals])


def inside_of(corners, picture):
    height, width = picture.shape[:2]
    return boxes.clipped(corners, width, height)


@pytest.mark.parametrize("kind", CLOSED)
def test_a_detector_finds_what_the_library_s_own_steps_find(kind, folders, proposers, noise):
    many = 0
    for photo, picture in zip(*noise, strict=True):
        ours = proposers[kind].propose([photo], [picture])[0]
        corners, scores, found = by_the_library(kind, folders[kind], picture, None)
        order = np.argsort(-scores, kind="stable")
        expected = inside_of(corners, picture)

        visible = [place for place in order if boxes.areas(expected)[place] > 0]
        np.testing.assert_allclose(boxes_of(ours), expected[visible], atol=1e-4)
        np.testing.assert_allclose([one.score for one in ours], scores[visible], atol=1e-6)
        names = ["cat", None, "dog"]
        assert [one.category for one in ours] == [names[found["labels"][at]] for at in visible]
        many += len(ours)
    assert many > 20


@pytest.mark.parametrize("kind", EACH_READING)
def test_a_photo_gets_what_all_of_its_sentences_find_each_object_once(
    kind, folders, proposers, noise
):
    many = 0
    for photo, picture in list(zip(*noise, strict=True))[:3]:
        ours = proposers[kind].propose([photo], [picture], [ABOUT])[0]
        each = [by_the_library(kind, folders[kind], picture, text)[:2] for text in ABOUT]
        corners, scores = (np.concatenate(part) for part in zip(*each, strict=True))
        corners = inside_of(corners, picture)
        seen = boxes.areas(corners) > 0
        corners, scores = corners[seen], scores[seen]

        kept = without_overlaps(corners, scores, OVERLAP)
        np.testing.assert_allclose(boxes_of(ours), corners[kept], atol=1e-4)
        np.testing.assert_allclose([one.score for one in ours], scores[kept], atol=1e-6)
        assert {one.category for one in ours} <= {None}
        many += len(ours)
    assert many > 5


@pytest.mark.parametrize("kind", BUILDERS)
def test_boxes_do_not_depend_on_the_photos_beside_them(kind, proposers, noise):
    photos, pixels = noise
    sentences = [ABOUT[: 1 + place % 2] for place in range(len(photos))]

    together = proposers[kind].propose(photos, pixels, sentences)

    alone = [
        proposers[kind].propose([photo], [picture], [about])[0]
        for photo, picture, about in zip(photos, pixels, sentences, strict=True)
    ]
    assert together == alone
    for photo, proposals in zip(photos, together, strict=True):
        corners = boxes_of(proposals)
        scores = [one.score for one in proposals]
        assert scores == sorted(scores, reverse=True)
        assert (boxes.clipped(corners, photo.width, photo.height) == corners).all()
        assert {one.source for one in proposals} <= {"transformers"}


@pytest.mark.parametrize("kind", READING)
def test_a_sentence_said_twice_is_asked_once(kind, proposers, noise):
    photos, pixels = (part[:1] for part in noise)

    once = proposers[kind].propose(photos, pixels, [ABOUT])

    assert proposers[kind].propose(photos, pixels, [ABOUT * 3]) == once


@pytest.mark.parametrize("kind", READING)
def test_other_sentences_find_other_boxes(kind, proposers, noise):
    photos, pixels = (part[:1] for part in noise)

    first, second = (proposers[kind].propose(photos, pixels, [[text]]) for text in ABOUT)

    assert first != second


@pytest.mark.parametrize("kind", READING)
def test_without_a_sentence_there_is_nothing_to_look_for(kind, proposers, noise):
    photos, pixels = (part[:1] for part in noise)
    assert proposers[kind].propose(photos, pixels, [[]]) == [[]]
    with refused("expressions"):
        proposers[kind].propose(photos, pixels)


@pytest.mark.parametrize("kind", READING)
def test_a_sentence_of_any_length_is_cut_to_what_the_model_reads(kind, proposers, noise):
    photos, pixels = (part[:1] for part in noise)
    assert len(proposers[kind].propose(photos, pixels, [["the dog " * 200]])) == 1


@pytest.mark.parametrize("text", ["Red cat.", "Red. The cat", "Cat. "])
@pytest.mark.parametrize("kind", CAPTIONED)
def test_a_full_stop_in_a_sentence_changes_nothing_else(text, kind, folders, proposers, noise):
    photo, picture = noise[0][0], noise[1][0]

    ours = proposers[kind].propose([photo], [picture], [[text]])[0]

    corners, scores, _ = by_the_library(kind, folders[kind], picture, text.strip())
    corners = inside_of(corners, picture)
    kept = without_overlaps(corners, scores, OVERLAP)
    np.testing.assert_allclose(boxes_of(ours), corners[kept], atol=1e-4)
    np.testing.assert_allclose([one.score for one in ours], scores[kept], atol=1e-6)


@pytest.mark.parametrize("kind", READING)
def test_the_limit_of_the_model_counts_if_the_tokenizer_knows_none(kind, tmp_path, noise):
    folder = write_detector(kind, tmp_path / kind)
    settings = json.loads((folder / "tokenizer_config.json").read_text())
    settings.pop("model_max_length", None)
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))
    proposer = TransformersProposer(folder, confidence=0)
    photos, pixels = (part[:1] for part in noise)

    long, longer = (proposer.propose(photos, pixels, [["the dog " * count]]) for count in (99, 200))

    assert long == longer


@pytest.mark.parametrize("kind", BUILDERS)
def test_no_photos_no_proposals(kind, proposers):
    assert proposers[kind].propose([], [], []) == []


@pytest.mark.parametrize("kind", BUILDERS)
def test_loading_and_proposing_ask_nobody(kind, folders, noise, looked_up):
    proposer = TransformersProposer(folders[kind], confidence=0.3)
    proposer.propose(*(part[:1] for part in noise), [ABOUT])

    assert looked_up == []


@pytest.mark.parametrize(
    ("spoil", "problem"),
    [
        (lambda folder: (folder / "config.json").unlink(), "safetensors"),
        (lambda folder: (folder / "model.safetensors").unlink(), "safetensors"),
        (lambda folder: (folder / "model.safetensors").write_bytes(b"<html>"), "config"),
        (lambda folder: (folder / "preprocessor_config.json").unlink(), "processor"),
        (lambda folder: (folder / "config.json").write_text("{]"), "safetensors"),
    ],
)
def test_a_damaged_folder_is_refused(spoil, problem, tmp_path):
    folder = write_detector("detr", tmp_path / "detr")
    spoil(folder)

    with refused(*problem.split()):
        TransformersProposer(folder, confidence=0.3)


def test_missing_weights_are_not_made_up(tmp_path):
    from safetensors.torch import load_file, save_file

    folder = write_detector("detr", tmp_path / "detr")
    weights = load_file(folder / "model.safetensors")
    del weights["bbox_predictor.layers.0.weight"]
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})

    with refused("1", "bbox_predictor"):
        TransformersProposer(folder, confidence=0.3)


def test_another_kind_of_model_is_refused(tmp_path):
    ResNetConfig().save_pretrained(tmp_path)

    with refused("resnet"):
        TransformersProposer(tmp_path, confidence=0.3)


class Payload:
    def __init__(self, canary):
        self.canary = canary

    def __reduce__(self):
        return os.mkdir, (self.canary,)


def test_a_pickle_of_weights_is_not_opened(tmp_path):
    canary, folder = tmp_path / "canary", write_detector("detr", tmp_path / "detr")
    (folder / "model.safetensors").unlink()
    (folder / "pytorch_model.bin").write_bytes(pickle.dumps(Payload(str(canary))))

    with refused(file="detr"):
        TransformersProposer(folder, confidence=0.3)
    assert not canary.exists()


def test_code_in_the_folder_is_not_run(tmp_path):
    canary, folder = tmp_path / "canary", write_detector("detr", tmp_path / "detr")
    (folder / "modeling_evil.py").write_text(f"import os\nos.mkdir({str(canary)!r})\n")
    config = json.loads((folder / "config.json").read_text())
    config["auto_map"] = {"AutoModelForObjectDetection": "modeling_evil.Evil"}
    (folder / "config.json").write_text(json.dumps(config))

    TransformersProposer(folder, confidence=0.3)  # the library's own class
    assert not canary.exists()
