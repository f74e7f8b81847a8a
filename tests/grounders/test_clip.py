"""Options of the grounder clip are refused where they make no sense for the data."""

import pytest

from vg_mc.errors import BadInputError
from vg_mc.grounders.clip import CLIP, ClipOptions
from vg_mc.grounders.registration import Context


def context(*views: str) -> Context:
    return Context(
        processes=None,
        model="tiny-vit",
        views={view: {} for view in views},
        image_size=None,
        corpus=list,
        spacy_model="",
        seed=0,
    )


def test_the_defaults_fit_any_view():
    CLIP.check(ClipOptions(), context("crop"))


def test_a_view_may_have_its_former_name():
    CLIP.check(ClipOptions(views=("seed",)), context("crop", "clip-refcoco"))


@pytest.mark.parametrize(
    ("options", "record"),
    [
        (ClipOptions(views=("outline",)), "--views"),
        (ClipOptions(views=("seed", "clip-refcoco")), "--views"),
        (ClipOptions(prompts=("a photo",)), "--prompts"),
    ],
)
def test_options_that_make_no_sense_are_refused(options, record):
    with pytest.raises(BadInputError) as caught:
        CLIP.check(options, context("clip-refcoco", "crop"))

    assert caught.value.record == record
