from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image

from tests.refusals import refused
from vg_mc.corpora.refer import read_refer
from vg_mc.corpora.scenes.generator import write_scenes
from vg_mc.proposers import yolo_training
from vg_mc.proposers.yolo import YoloProposer
from vg_mc.proposers.yolo_training import TINY, train_yolo
from vg_mc.records import ImageFolder
from vg_mc.system.progress import progress_bar


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    folder = tmp_path_factory.mktemp("corpus") / "scenes"
    write_scenes(folder, train=12, evaluation=1, size=96, seed=0, num_workers=1)
    return read_refer(folder, "scenes", ImageFolder(folder / "images"), skip_bad=False)


def trained(corpus, folder, seed=0, epochs=1):
    return train_yolo(
        corpus, folder, architecture=TINY, image_size=96, epochs=epochs, seed=seed, batch_size=6
    )


def numbers(weights):
    proposer = YoloProposer(weights, confidence=0.25)
    return torch.cat([each.flatten() for each in proposer._model.state_dict().values()])


def test_training_writes_weights_that_propose_objects(corpus, tmp_path, looked_up, monkeypatch):
    monkeypatch.chdir(tmp_path)
    threads = torch.get_num_threads()

    weights = trained(corpus, tmp_path / "detector")

    assert weights.is_file()
    assert looked_up == []
    assert torch.get_num_threads() == threads
    assert [path.name for path in tmp_path.iterdir()] == ["detector"]
    photo = corpus.photos[1]
    pixels = np.asarray(Image.open(corpus.images_folder.path / photo.file_name).convert("RGB"))
    found = YoloProposer(weights, confidence=1e-6).propose([photo], [pixels])[0]
    assert {proposal.category for proposal in found} == {"object"}


def test_the_bar_counts_the_steps_of_all_epochs(corpus, tmp_path, monkeypatch):
    bars = []

    def kept(**settings):
        bars.append(progress_bar(**settings))
        return bars[-1]

    monkeypatch.setattr(yolo_training, "progress_bar", kept)

    trained(corpus, tmp_path, epochs=2)

    assert [(bar.n, bar.total) for bar in bars] == [(4, 4)]  # 12 photos, 6 at a time, twice


@pytest.mark.exhaustive
def test_the_same_seed_gives_the_same_weights(corpus, tmp_path):
    first = numbers(trained(corpus, tmp_path / "detector"))
    again = numbers(trained(corpus, tmp_path / "detector"))
    other = numbers(trained(corpus, tmp_path / "other", seed=1))

    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_only_boxes_of_the_split_train_are_shown(corpus, tmp_path):
    trained(corpus, tmp_path)

    labels = {path.stem: path for path in (tmp_path / "data" / "labels" / "train").glob("*.txt")}
    train = {one.image_id for one in corpus.expressions if one.split == "train"}
    assert set(map(int, labels)) == train
    photo = corpus.photos[1]
    rows = np.loadtxt(labels["1"], ndmin=2)
    left, top, right, bottom = np.transpose([one.box for one in corpus.annotations[1]])
    np.testing.assert_allclose(rows[:, 0], 0)
    np.testing.assert_allclose(rows[:, 1] * photo.width, (left + right) / 2, atol=1e-3)
    np.testing.assert_allclose(rows[:, 2] * photo.height, (top + bottom) / 2, atol=1e-3)
    np.testing.assert_allclose(rows[:, 3] * photo.width, right - left, atol=1e-3)
    np.testing.assert_allclose(rows[:, 4] * photo.height, bottom - top, atol=1e-3)


def test_photos_of_several_sizes_train_too(corpus, tmp_path):
    photo = corpus.photos[2]
    narrow = tmp_path / "narrow.png"
    Image.open(corpus.images_folder.path / photo.file_name).crop((0, 0, 60, 72)).save(narrow)
    photos = corpus.photos | {2: replace(photo, file_name=str(narrow), width=60)}

    assert trained(replace(corpus, photos=photos), tmp_path / "detector").is_file()


def test_nothing_to_train_on_is_an_error(corpus, tmp_path):
    rest = [one for one in corpus.expressions if one.split != "train"]

    with refused("train"):
        trained(replace(corpus, expressions=rest), tmp_path / "detector")
