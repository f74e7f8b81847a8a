"""Each candidate is captioned once, with the same caption as alone."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from accelerate import Accelerator

from tests.models.features.two_processes import CANDIDATES
from tests.models.tiny_captioners import save_captioner
from vg_mc.models import captioner
from vg_mc.models.captioner import load_captioner
from vg_mc.models.features.cache import RowCache, caption_cache
from vg_mc.models.features.captions import Captions

VIEW = "marker"  # of the dataset of colours
PROGRAM = Path(__file__).with_name("two_processes.py")


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> str:
    return save_captioner("blip", tmp_path_factory.mktemp("blip"))


@pytest.fixture
def model(folder, monkeypatch):
    """A captioner of short captions that records its batch sizes."""
    monkeypatch.setattr(captioner, "MOST_TOKENS", 5)
    loaded = load_captioner(folder)
    loaded.sizes, real = [], loaded.captions
    monkeypatch.setattr(
        loaded, "captions", lambda pictures: (loaded.sizes.append(len(pictures)), real(pictures))[1]
    )
    return loaded


def captions_by(model, cache=None, window=1024, batch_size=4) -> Captions:
    return Captions(
        accelerator=Accelerator(cpu=True),
        captioner=model,
        batch_size=batch_size,
        num_workers=0,
        view=VIEW,
        cache=cache,
        window=window,
    )


def cache_in(folder) -> RowCache:
    return caption_cache(folder, model_hash="model", data_hash="data", view=VIEW)


def test_candidates_get_the_captions_of_their_images(model, coloured):
    ids = np.array([5, 2, 5, 11, 0, 7, 9])

    said = captions_by(model, window=5)(coloured, ids)

    assert model.sizes == [4, 1, 1]
    pictures = torch.from_numpy(coloured.pictures(ids, VIEW)).permute(0, 3, 1, 2)
    with torch.no_grad():
        assert said == [model.captions(one[None])[0] for one in pictures]
    assert len(set(said)) > 1


def test_each_candidate_is_captioned_once(model, coloured):
    captions = captions_by(model)
    first = captions(coloured, np.arange(6))
    model.sizes.clear()

    second = captions(coloured, np.arange(8))

    assert second[:6] == first
    assert model.sizes == [2]
    assert captions(coloured, np.array([], np.int64)) == []


def test_cached_captions_are_reused(model, coloured, tmp_path):
    first = captions_by(model, cache_in(tmp_path), window=4)(coloured, np.arange(10))
    model.sizes.clear()

    second = captions_by(model, cache_in(tmp_path))(coloured, np.arange(10))

    assert second == first
    assert not model.sizes
    assert len(list(cache_in(tmp_path).folder.iterdir())) == 3


def test_captions_of_damaged_files_are_generated_again(model, coloured, tmp_path, capsys):
    first = captions_by(model, cache_in(tmp_path), window=4)(coloured, np.arange(8))
    damaged = max(cache_in(tmp_path).folder.iterdir())
    damaged.write_text("{}")
    model.sizes.clear()

    assert captions_by(model, cache_in(tmp_path), window=4)(coloured, np.arange(8)) == first
    assert model.sizes == [4]
    assert "damaged" in capsys.readouterr().err


@pytest.mark.exhaustive
def test_two_processes_give_the_captions_of_one_and_write_them_once(
    model, folder, coloured, tmp_path, launch
):
    finished = launch(2, [PROGRAM, coloured.folder, folder, tmp_path], tmp_path)

    assert [each.code for each in finished] == [0, 0], finished
    alone = captions_by(model)(coloured, CANDIDATES)
    for rank in range(2):
        said = json.loads((tmp_path / f"said-{rank}.json").read_text())
        assert said == [alone[:1], alone]
    read = cache_in(tmp_path)
    read.open(read.verified_files())
    assert read.rows(np.arange(len(alone))).tolist() == alone
    assert len(read.verified_files()) == 3  # of 1, 6 and 4 candidates
