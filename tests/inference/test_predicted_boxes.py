"""A box predictor answers about any image, as in evaluation of a prepared dataset."""

import io
import json

import numpy as np
import pytest
import torch
from PIL import Image

from tests.refusals import refused
from tests.training.tiny_boxes import STORED, box_task, rectangles
from vg_mc import Grounder
from vg_mc.commands import predict
from vg_mc.grounders.box_model import BoxModelGrounder
from vg_mc.grounders.center_box import CenterBox
from vg_mc.models.box_predictors.building import save_predictor
from vg_mc.prepared.build.settings import Drawing
from vg_mc.system.processes import SingleProcess


@pytest.fixture(scope="module")
def best(tmp_path_factory):
    """Save a predictor whose boxes depend on its input."""
    model = box_task().predictor
    with torch.no_grad():
        torch.nn.init.normal_(model.head.box[-1].weight, generator=torch.manual_seed(0))
    folder = tmp_path_factory.mktemp("run") / "best"
    folder.mkdir()
    save_predictor(model, folder)
    return folder


@pytest.fixture
def photo(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 256, (60, 96, 3), dtype=np.uint8)
    file = tmp_path / "photo.png"
    Image.fromarray(pixels).resize((192, 120)).save(file)
    return file


def test_a_grounder_answers_in_pixels_of_the_image(best, photo):
    texts = ["the white one", "a box on the left"]

    answers = Grounder.from_pretrained(best).ground(photo, texts)

    assert [answer.expression for answer in answers] == texts
    assert answers[0].box != answers[1].box
    for answer in answers:
        left, top, right, bottom = answer.box
        assert 0 <= left <= right <= 192
        assert 0 <= top <= bottom <= 120
        assert answer.proposals[0].source == "predicted"
        assert np.isnan(answer.score)


def test_answers_are_those_of_a_prepared_dataset(best):
    dataset = rectangles()
    expressions = dataset.expressions("val")
    grounder = Grounder.from_pretrained(best)
    evaluated, _ = BoxModelGrounder(
        accelerator=SingleProcess(torch.device("cpu")),
        model=grounder.scorer.model,
        batch_size=3,
        num_workers=0,
    ).predict(dataset, expressions)

    jpeg = dataset.image_bytes(expressions.image_ids[:1])[0]
    stored = Image.open(io.BytesIO(jpeg))
    answers = grounder.ground(stored, expressions.texts[:2])

    size = dataset.photos()[int(expressions.image_ids[0])]
    scale = max(size.width, size.height) / STORED
    found = np.array([answer.box for answer in answers]) * scale
    assert np.allclose(found, evaluated[:2], atol=1.5)  # compressed once more


def test_a_rule_answers_without_a_model(photo):
    grounder = Grounder(CenterBox(0.5), Drawing({}, 32, "squash"))

    (answer,) = grounder.ground(photo, ["anything"])

    assert answer.box == (48, 30, 144, 90)


def test_given_boxes_are_refused(best, photo):
    with refused("candidates", record="boxes"):
        Grounder.from_pretrained(best).ground(photo, ["a dog"], boxes=[(0, 0, 9, 9)])


def test_the_command_answers_without_a_proposer(best, photo, tmp_path, capsys):
    flags = f"--grounder box --model {best} --output {tmp_path / 'answers'} --json"

    predict.main([str(photo), "the white one", *flags.split()])

    record = json.loads(capsys.readouterr().out)
    (answer,) = Grounder.from_pretrained(best).ground(photo, ["the white one"])
    assert record["box"] == list(answer.box)
    assert record["score"] is None
    assert (tmp_path / "answers" / "00001-photo.jpg").is_file()


@pytest.mark.parametrize("flags", ["--confidence 0.5", "--boxes boxes.json"])
def test_flags_of_proposers_have_no_effect(best, photo, tmp_path, flags):
    every = f"--grounder box --model {best} --output {tmp_path / 'answers'} {flags}"

    with pytest.raises(SystemExit):
        predict.main([str(photo), "the white one", *every.split()])


def test_a_plain_encoder_is_no_box_predictor(photo):
    with pytest.raises(SystemExit):
        predict.main([str(photo), "a dog", "--grounder", "box", "--model", "tiny-vit"])
