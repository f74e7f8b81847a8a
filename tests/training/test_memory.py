import copy
import re

import numpy as np
import pytest
import torch

from tests.training.tiny_run import OPTIONS, changed
from vg_mc.commands.finetune import FinetuneConfig
from vg_mc.errors import BadInputError
from vg_mc.system.options import option_types
from vg_mc.training.forecast import explain_shortage, is_out_of_memory, shortage


@pytest.fixture
def task(coloured, make_trainer, tmp_path):
    return make_trainer(coloured, tmp_path).task


def cheaper(task, **changes) -> str:
    options = changed(task.options, **changes)
    return shortage("1 image", options.schedule, copied(task, options).cheaper())


def copied(task, options):
    other = copy.copy(task)
    other.options = options
    return other


@pytest.mark.parametrize("allocate", [torch.empty, np.empty], ids=["torch", "numpy"])
def test_a_machine_without_memory_is_recognised(allocate):
    with pytest.raises((RuntimeError, MemoryError)) as caught:
        allocate(2**48)

    assert is_out_of_memory(caught.value)


def test_a_gpu_without_memory_is_recognised():
    assert is_out_of_memory(torch.OutOfMemoryError("CUDA out of memory. Tried to allocate"))


def test_other_errors_pass():
    explain_shortage(RuntimeError("shapes do not match"), "1 image", OPTIONS.schedule, [])


def test_an_error_names_what_was_tried_and_the_first_line_of_the_library():
    error = torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20 GiB.\nand more")
    options = changed(OPTIONS, gradient_accumulation=2)

    with pytest.raises(BadInputError) as caught:
        explain_shortage(error, "640 images of 288x224 pixels", options.schedule, ["--fewer"])

    assert "640 images of 288x224 pixels in one of the 2 parts of a step" in str(caught.value)
    assert "--fewer" in str(caught.value)
    assert str(caught.value).endswith("(CUDA out of memory. Tried to allocate 20 GiB.)")


@pytest.mark.parametrize("batching", ["expression", "image"])
def test_only_existing_flags_are_named(task, batching):
    flags = set(re.findall(r"--([a-z-]+)", cheaper(task, batching=batching)))

    assert len(flags) >= 3
    assert flags <= set(option_types(FinetuneConfig))


def test_the_limit_of_an_image_is_named_where_batches_are_images(task):
    assert "fewer --max-candidates (are all)" in cheaper(task, batching="image")
    limited = cheaper(task, batching="image", max_candidates=9)
    assert "fewer --max-candidates (are 9)" in limited


def test_chunks_of_images_are_named_where_they_can_help(task):
    assert "--picture-chunk 16" in cheaper(task)
    assert "a lower --picture-chunk (is 8)" in cheaper(task, picture_chunk=8)
    assert "--picture-chunk" not in cheaper(task, batch_norm="trained")


def test_gradient_checkpointing_is_named_where_it_is_off(task):
    texts = [cheaper(task, gradient_checkpointing=on) for on in (False, True)]

    assert ["--gradient-checkpointing" in text for text in texts] == [True, False]
