"""A saved box predictor is a plain dual encoder with a head beside it."""

import json

import pytest
import torch
from safetensors.torch import load_file, save_file

from tests.models.box_predictors.made import inputs_of, predictor, randomized
from tests.refusals import refused
from vg_mc.models.box_predictors.building import load_box_predictor, save_predictor
from vg_mc.models.box_predictors.files import HEAD_FILE, SETTINGS_FILE
from vg_mc.models.box_predictors.registry import PREDICTORS
from vg_mc.models.loading import load_encoder


@pytest.mark.parametrize("name", PREDICTORS)
@pytest.mark.parametrize("model", ["tiny-vit", "tiny-resnet"])
@torch.no_grad()
def test_a_saved_predictor_has_the_same_boxes(name, model, tmp_path):
    built = randomized(predictor(name, model))
    save_predictor(built, tmp_path)

    loaded = load_box_predictor(tmp_path)

    inputs = inputs_of(built, [(0, 0), (1, 2)])
    assert torch.equal(loaded(inputs).boxes, built(inputs).boxes)
    assert loaded.definition == built.definition
    assert not loaded.training


@torch.no_grad()
def test_its_encoder_is_a_model_of_its_library(tmp_path):
    built = predictor("clip-vg")
    save_predictor(built, tmp_path)

    encoder = load_encoder(str(tmp_path))

    images = inputs_of(built, [(0, 0)]).images
    assert torch.equal(encoder.encode_images(images), built.encoder.encode_images(images))
    assert not any("encoder" in key for key in load_file(tmp_path / HEAD_FILE))


def test_heads_of_one_seed_are_equal():
    one, other = predictor("clip-vg"), predictor("clip-vg")

    assert all(map(torch.equal, one.head.parameters(), other.head.parameters()))


@pytest.fixture
def saved(tmp_path):
    save_predictor(predictor("clip-vg"), tmp_path)
    return tmp_path


def test_a_plain_encoder_is_no_box_predictor(tmp_path):
    load_encoder("tiny-vit").save(tmp_path)

    with refused(SETTINGS_FILE, file=tmp_path.name):
        load_box_predictor(tmp_path)


@pytest.mark.parametrize(
    ("change", "fact"),
    [
        ({"predictor": "yolo"}, "clip-vg"),
        ({"fit": "crop"}, "letterbox"),
        ({"whole_images": 0}, "at least 1"),
        ({"heads": {"hrnet": {}, "clip_vg": {"fusion_depth": 6}}}, "fusion_depth"),
        ({"heads": {"hrnet": {}, "clip_vg": {"fusion_layers": 0}}}, "at least 1"),
        ({"heads": {"hrnet": {}}}, "fields"),
    ],
)
def test_settings_of_no_known_predictor_are_refused(saved, change, fact):
    file = saved / SETTINGS_FILE
    file.write_text(json.dumps(json.loads(file.read_text()) | change))

    with refused(fact, file=file.name):
        load_box_predictor(saved)


@pytest.mark.parametrize("damage", ["missing", "cut", "other"])
def test_weights_of_another_head_are_refused(saved, damage):
    file = saved / HEAD_FILE
    if damage == "missing":
        file.unlink()
    elif damage == "cut":
        file.write_bytes(file.read_bytes()[:100])
    else:
        save_file({"box.0.weight": torch.zeros(3)}, file)

    with refused("weights", file=file.name):
        load_box_predictor(saved)
