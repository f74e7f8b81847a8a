from dataclasses import replace

import pytest

from tests.refusals import refused
from tests.training.tiny_run import OPTIONS, changed
from vg_mc.errors import BadInputError
from vg_mc.system.options import option_types, plain_type
from vg_mc.training.batching.sampling import ExampleOptions
from vg_mc.training.options import TrainingOptions

EXCLUDED = [
    ("candidates", 1), ("epochs", 0), ("learning_rate", 0.0), ("learning_rate", float("nan")),
    ("max_candidates", 1), ("label_smoothing", 1.0), ("layer_decay", 0.0), ("layer_decay", 1.1),
    ("adam_beta2", 1.0), ("ema", 1.0), ("warmup_ratio", 1.1), ("picture_chunk", -1),
]  # fmt: skip


def test_a_number_out_of_range_is_named_by_its_flag():
    for name, value in EXCLUDED:
        with pytest.raises(BadInputError) as caught:
            changed(OPTIONS, **{name: value}).check()

        assert caught.value.record == f"--{name.replace('_', '-')}"


def test_every_number_has_a_range():
    types = option_types(TrainingOptions)
    numbers = {flag: hint for flag, hint in types.items() if plain_type(hint) in (int, float)}

    assert len(numbers) > 15
    assert [flag for flag, hint in numbers.items() if "Range" not in str(hint)] == []


def test_the_most_candidates_depend_on_the_batching():
    by_image = ExampleOptions(batching="image")

    assert ExampleOptions(candidates=3).most_candidates == 3
    assert by_image.most_candidates is None
    assert replace(by_image, max_candidates=9).most_candidates == 9


@pytest.mark.parametrize(
    ("change", "flag"),
    [({"symmetric": 1.0}, "--symmetric"), ({"max_candidates": 9}, "--max-candidates")],
)
def test_what_needs_batching_by_image_says_so(change, flag):
    with refused("--batching") as caught:
        changed(OPTIONS, **change).check()

    assert caught.value.record == flag


def test_batch_norm_that_learns_statistics_needs_all_images_at_once():
    with pytest.raises(BadInputError) as caught:
        changed(OPTIONS, picture_chunk=4, batch_norm="trained").check()

    assert caught.value.record == "--picture-chunk"


def test_what_is_trained_is_checked_before_a_model_is_loaded():
    changed(OPTIONS, train="last:2").check()
    with pytest.raises(BadInputError) as caught:
        changed(OPTIONS, train="first:2").check()

    assert caught.value.record == "--train"
