import subprocess
import sys

import pytest

from tests.refusals import refused
from vg_mc.models.loading import load_encoder, load_text_encoder


def test_the_error_names_both_image_sizes(tmp_path):
    load_encoder("tiny-vit").save(tmp_path)

    with refused("64", "96"):
        load_encoder(str(tmp_path), image_size=96)


def test_a_model_of_the_requested_size_is_loaded(tmp_path):
    load_encoder("tiny-resnet").save(tmp_path)

    assert load_encoder(str(tmp_path), image_size=64).name == str(tmp_path)


@pytest.mark.parametrize(("name", "step"), [("tiny-vit", 8), ("tiny-resnet", 32)])
def test_an_impossible_size_is_refused(name, step):
    with refused(step, "60"):
        load_encoder(name, image_size=60)


def test_a_sentence_encoder_is_not_a_dual_encoder():
    with refused("sentence:owner/model"):
        load_encoder("sentence:owner/model")


def test_a_dual_encoder_is_a_text_encoder():
    encoder = load_text_encoder("tiny-vit", image_size=32)

    assert encoder.encode_texts(encoder.tokenize(["a", "b"])).shape[0] == 2


@pytest.mark.parametrize("name", ["tiny-vit", "tiny-resnet"])
def test_models_are_loaded_in_evaluation_mode(name):
    assert not any(part.training for part in load_encoder(name).modules())


def test_libraries_are_imported_on_demand():
    program = (
        "import sys, vg_mc.models.loading; print({'open_clip', 'transformers'} & set(sys.modules))"
    )

    printed = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)

    assert printed.stdout.strip() == b"set()"
