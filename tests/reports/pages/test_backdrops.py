"""Boxes are drawn on the photo where it is there, else on a candidate laid out like it."""

import io
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from tests.refusals import refused
from vg_mc.records import ImageFolder, Photo
from vg_mc.reports.pages.examples import (
    LONGER_SIDE,
    Example,
    RankedCandidate,
    Verdict,
    backdrops,
    no_backdrop,
)

WIDTH, HEIGHT = 1200, 600


def example(candidates: int = 1, image_id: int = 1) -> Example:
    return Example(
        expression_id=1,
        image_id=image_id,
        text="the left one",
        photo_size=(WIDTH, HEIGHT),
        target=np.zeros(4),
        answer=np.zeros(4),
        answer_iou=0.0,
        verdict=Verdict.WRONG,
        ranked=[RankedCandidate(b"candidate", 0.5, fits=False)] * candidates,
        candidates=candidates,
        rank_of_right=None,
    )


def dataset(fit: str) -> SimpleNamespace:
    photos = {1: Photo(1, "a.jpg", WIDTH, HEIGHT), 2: Photo(2, "missing.jpg", WIDTH, HEIGHT)}
    settings = {"fit": fit}
    return SimpleNamespace(
        photos=lambda: photos,
        manifest={"settings": settings},
        image_size=224,
        whole_images=None,
        image_folder=ImageFolder,
    )


@pytest.fixture
def images(tmp_path):
    Image.new("RGB", (WIDTH, HEIGHT), "red").save(tmp_path / "a.jpg")
    return tmp_path


def test_a_photo_is_shown_small_and_fills_its_frame(images):
    found = backdrops(dataset("squash"), images)(example())

    assert (found.left, found.top, found.width, found.height) == (0, 0, WIDTH, HEIGHT)
    assert found.is_photo
    assert Image.open(io.BytesIO(found.picture)).size == (LONGER_SIDE, LONGER_SIDE // 2)


def test_a_missing_photo_is_replaced_by_the_best_candidate(images):
    found = backdrops(dataset("squash"), images)(example(image_id=2))

    assert (found.picture, found.is_photo) == (b"candidate", False)


def test_a_squashed_candidate_is_stretched_back():
    found = backdrops(dataset("squash"), None)(example())

    assert (found.left, found.top) == (0, 0)
    assert (found.width, found.height) == pytest.approx((WIDTH, HEIGHT))


def test_the_bars_of_a_letterbox_lie_outside_the_photo():
    found = backdrops(dataset("letterbox"), None)(example())

    assert (found.left, found.top) == pytest.approx((0, -HEIGHT / 2))
    assert (found.width, found.height) == pytest.approx((WIDTH, WIDTH))


def test_an_example_without_candidates_has_none():
    assert backdrops(dataset("squash"), None)(example(candidates=0)) is None
    assert no_backdrop(example()) is None


def test_a_folder_that_is_not_there_is_refused(tmp_path):
    with refused("--images"):
        backdrops(dataset("squash"), tmp_path / "missing")
