"""A prepared handful of scenes, and a run whose model knows them."""

import json
from pathlib import Path

import pytest

from vg_mc.commands.prepare_data import main as prepare
from vg_mc.models.loading import load_encoder
from vg_mc.prepared.dataset import PreparedDataset, open_prepared
from vg_mc.system.atomic import whole_folder

SIZE = 32


@pytest.fixture(scope="session")
def scenes(tmp_path_factory) -> PreparedDataset:
    """Drawn with another marker and another fit than the usual ones."""
    folder = tmp_path_factory.mktemp("scenes")
    prepare(
        [
            *("--corpus", "scenes", "--annotations", str(folder / "scenes"), "--scenes", "20"),
            *("--output", str(folder / "prepared"), "--image-size", str(SIZE)),
            *("--color", "red", "--opacity", "0.4", "--fit", "letterbox", "--num-workers", "1"),
        ]
    )
    return open_prepared(folder / "prepared")


@pytest.fixture
def photos(scenes) -> Path:
    """Folder of the photos of the scenes."""
    return scenes.folder.parent / "scenes" / "images"


@pytest.fixture(scope="session")
def best(scenes, tmp_path_factory) -> Path:
    """Folder of the best model of a run on the scenes, as finetune.py leaves it."""
    run = tmp_path_factory.mktemp("run")
    with whole_folder(run / "best") as partial:
        load_encoder("tiny-vit", image_size=SIZE).save(partial)
    settings = scenes.manifest["settings"]
    record = {"settings": {}, "marker": settings["marker"], "fit": settings["fit"]}
    (run / "config.json").write_text(json.dumps(record))
    return run / "best"
