"""The benchmark stores photos turned, without changing what is shown."""

import numpy as np
import pytest

from benchmarks.orientation import TURNS, recall, write_turned
from vg_mc.corpora.refer import read_refer
from vg_mc.corpora.scenes.generator import write_scenes
from vg_mc.images.files import open_photo
from vg_mc.inference.opening import opened
from vg_mc.proposers.registry import ProposerOptions, named_proposer
from vg_mc.records import ImageFolder


@pytest.fixture
def corpus(tmp_path):
    write_scenes(tmp_path / "scenes", train=2, evaluation=1, size=64, seed=0, num_workers=1)
    folder = ImageFolder(tmp_path / "scenes" / "images")
    return read_refer(tmp_path / "scenes", "scenes", folder, skip_bad=False)


def test_turned_photos_are_shown_as_the_upright_ones(corpus, tmp_path):
    grid = named_proposer("grid", ProposerOptions(), "cpu")
    upright = write_turned(corpus, 1, tmp_path / "1")
    for turn in TURNS[1:]:
        files = write_turned(corpus, turn, tmp_path / str(turn))

        for image_id, photo in corpus.photos.items():
            expected = np.asarray(open_photo(corpus.images_folder, photo))
            assert (np.asarray(opened(files[image_id], "shown").image) == expected).all()
            if turn == 3:
                stored = np.asarray(opened(files[image_id], "stored").image)
                assert (stored == expected[::-1, ::-1]).all()
        assert recall(corpus, files, grid, "shown") == recall(corpus, upright, grid, "shown")
