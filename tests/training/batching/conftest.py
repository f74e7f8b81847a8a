"""Photos with many candidates, some of which show the same object."""

from collections.abc import Callable

import pytest

from vg_mc.prepared.dataset import PreparedDataset
from vg_mc.training.batching.sampling import ExampleOptions


@pytest.fixture(scope="session")
def crowded(make_coloured, make_photos, tmp_path_factory) -> PreparedDataset:
    """Ten candidates each; the second overlaps the target, the first, enough to be right."""
    colours = ["red", "green", "blue", "yellow", "white", "black", "red", "green", "blue", "red"]
    ious = [1.0, 0.6, 0.5, *[0.0] * 7]
    photos = [(colours, [(f"number {number}", ious)]) for number in range(30)]
    few = (["red", "blue"], [("the blue one", [0.0, 1.0])])
    lonely = (["red"], [("the red one", [1.0])])
    missed = (["red", "blue"], [("the green one", [0.0, 0.2])])
    photos = [type(make_photos(1, 1, 0)[0])(*photo) for photo in [*photos, few, lonely, missed]]
    return make_coloured(tmp_path_factory.mktemp("crowded"), {"train": photos})


@pytest.fixture(scope="session")
def make_asking() -> Callable[..., ExampleOptions]:
    return ExampleOptions
