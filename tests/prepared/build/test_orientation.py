"""A corpus of turned photos, prepared in the shown frame, equals that of upright photos."""

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from tests.turned import TURNS, save_turned
from vg_mc.boxes.transforms import LongerSide
from vg_mc.images.files import open_photo
from vg_mc.prepared.build.run import prepare
from vg_mc.prepared.dataset import open_prepared
from vg_mc.proposers.choice import ProposerChoice
from vg_mc.records import ImageFolder


@pytest.fixture
def corpus(make, tmp_path):
    return make.corpus(tmp_path / "upright", {"train": [2, 3], "val": [3]})


def store_turned(source, folder, orientation: int) -> ImageFolder:
    folder.mkdir()
    for file in source.path.iterdir():
        with Image.open(file) as image:
            save_turned(image, folder / file.name, orientation)
    return ImageFolder(folder, "shown")


@pytest.mark.parametrize("orientation", TURNS)
def test_turned_photos_give_the_drawings_of_upright_ones(make, corpus, tmp_path, orientation):
    turned = store_turned(corpus.images_folder, tmp_path / "turned", orientation)
    settings = make.settings(corpus, whole_images=LongerSide(32))

    plain = prepare(corpus, settings, tmp_path / "plain", num_workers=1)
    shown = prepare(
        replace(corpus, images_folder=turned), settings, tmp_path / "shown", num_workers=1
    )

    of_plain, of_shown = open_prepared(tmp_path / "plain"), open_prepared(tmp_path / "shown")
    everything = np.arange(plain["candidates"]["total"])
    assert of_shown.picture_bytes(everything) == of_plain.picture_bytes(everything)
    assert (of_shown.boxes(everything) == of_plain.boxes(everything)).all()
    image_ids = np.array(list(of_plain.photos()))
    assert of_shown.image_bytes(image_ids) == of_plain.image_bytes(image_ids)
    assert of_shown.photos() == of_plain.photos()
    assert shown["peculiar_photos"] == {"EXIF orientation": len(image_ids)}
    assert "orientation" not in plain


def test_a_dataset_opens_its_source_images_in_its_own_frame(make, corpus, tmp_path):
    turned = store_turned(corpus.images_folder, tmp_path / "turned", 6)
    corpus_shown = replace(corpus, images_folder=turned)
    manifest = prepare(corpus_shown, make.settings(corpus), tmp_path / "shown", num_workers=1)
    dataset = open_prepared(tmp_path / "shown")

    folder = dataset.image_folder(turned.path)

    assert manifest["orientation"] == "shown"
    assert folder == turned
    for photo in dataset.photos().values():
        upright = open_photo(corpus.images_folder, photo)
        assert (np.asarray(open_photo(folder, photo)) == np.asarray(upright)).all()


def test_a_detector_sees_photos_as_they_are_shown(make, corpus, tmp_path, detector):
    turned = store_turned(corpus.images_folder, tmp_path / "turned", 6)
    settings = make.settings(corpus, proposer=ProposerChoice("yolo", source=tmp_path / "none.pt"))
    (tmp_path / "none.pt").touch()

    prepare(replace(corpus, images_folder=turned), settings, tmp_path / "out", num_workers=1)

    photos = corpus.photos
    assert detector.seen
    assert {(image_id, shape) for image_id, shape in detector.seen} == {
        (image_id, (photos[image_id].height, photos[image_id].width, 3))
        for image_id, _ in detector.seen
    }
