import re
from dataclasses import fields, replace

import numpy as np
import pytest
import torch

from vg_mc.errors import BadInputError
from vg_mc.flags.finetune import FinetuneConfig
from vg_mc.training.forecast import explain_shortage, is_out_of_memory, shortage


@pytest.fixture
def settings(coloured, make_trainer, tmp_path):
    return make_trainer(coloured, tmp_path).settings


@pytest.mark.parametrize("allocate", [torch.empty, np.empty], ids=["torch", "numpy"])
def test_a_machine_without_memory_is_recognised(allocate):
    with pytest.raises((RuntimeError, MemoryError)) as caught:
        allocate(2**48)

    assert is_out_of_memory(caught.value)


def test_a_gpu_without_memory_is_recognised():
    assert is_out_of_memory(torch.OutOfMemoryError("CUDA out of memory. Tried to allocate"))


def test_other_errors_pass(settings):
    explain_shortage(RuntimeError("shapes do not match"), (1, 3, 2, 2), settings)


def test_what_was_tried_and_the_first_line_of_the_library_are_told(settings):
    error = torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20 GiB.\nand more")

    with pytest.raises(BadInputError) as caught:
        explain_shortage(error, (640, 3, 224, 288), replace(settings, accumulation=2))

    assert "640 pictures of 288x224 pixels in one of the 2 parts of a step" in str(caught.value)
    assert str(caught.value).endswith("(CUDA out of memory. Tried to allocate 20 GiB.)")


@pytest.mark.parametrize("batching", ["expression", "image"])
def test_only_flags_that_there_are_are_named(settings, batching):
    told = shortage((1, 3, 2, 2), replace(settings, batching=batching))

    flags = {name.replace("-", "_") for name in re.findall(r"--([a-z-]+)", told)}
    assert len(flags) >= 3
    assert flags <= {field.name for field in fields(FinetuneConfig)}


def test_the_limit_of_an_image_is_named_where_there_are_images(settings):
    by_image = replace(settings, batching="image")

    assert "fewer --max-candidates (are all)" in shortage((1, 3, 2, 2), by_image)
    limited = replace(by_image, max_candidates=9)
    assert "fewer --max-candidates (are 9)" in shortage((1, 3, 2, 2), limited)


def test_chunks_of_pictures_are_named_where_they_can_help(settings):
    assert "--picture-chunk 16" in shortage((1, 3, 2, 2), settings)
    chunked = replace(settings, picture_chunk=8)
    assert "a lower --picture-chunk (is 8)" in shortage((1, 3, 2, 2), chunked)
    learning = replace(settings, freeze_batch_norm=False)
    assert "--picture-chunk" not in shortage((1, 3, 2, 2), learning)


def test_gradient_checkpointing_is_named_where_it_is_off(settings):
    told = [
        shortage((1, 3, 2, 2), replace(settings, gradient_checkpointing=on)) for on in (False, True)
    ]

    assert ["--gradient-checkpointing" in text for text in told] == [True, False]
