"""Cached features are not computed again and are equal, for any division into windows."""

import numpy as np
import pytest
from accelerate import Accelerator

from vg_mc.models.features.cache import FeatureBank
from vg_mc.models.loading import load_encoder
from vg_mc.predictions.run import predict


class Counted:
    """Counts the images and texts that a model encodes."""

    def __init__(self, model, monkeypatch):
        self.encoder = load_encoder(model, image_size=32)
        self.pictures = self.texts = 0
        images, texts = self.encoder.encode_images, self.encoder.encode_texts

        def encode_images(pictures):
            self.pictures += len(pictures)
            return images(pictures)

        def encode_texts(tokens):
            self.texts += len(tokens.token_ids)
            return texts(tokens)

        monkeypatch.setattr(self.encoder, "encode_images", encode_images)
        monkeypatch.setattr(self.encoder, "encode_texts", encode_texts)


@pytest.fixture(params=["tiny-vit", "tiny-resnet"])
def counted(request, monkeypatch):
    return Counted(request.param, monkeypatch)


def answered(counted, dataset, split="testA", bank=None, batch_size=8, **options):
    predictions = predict(
        Accelerator(cpu=True),
        counted.encoder,
        dataset,
        split,
        batch_size=batch_size,
        num_workers=0,
        bank=bank,
        **options,
    )
    return predictions.answers.logits


def bank_in(folder, dataset):
    return FeatureBank(
        folder, model_hash="model", data_hash=dataset.data_hash, first_view=dataset.first_view
    )


def picture_files(folder, dataset):
    table = bank_in(folder, dataset).pictures_in(dataset.first_view, mirrored=False)
    return table.folder.iterdir()


def same(one, other) -> bool:
    return all(map(np.array_equal, one, other))


def close(one, other) -> bool:
    return all(np.allclose(*pair, atol=1e-5) for pair in zip(one, other, strict=True))


def test_cached_features_are_equal_and_reused(counted, coloured, tmp_path):
    without = answered(counted, coloured)
    filling = answered(counted, coloured, bank=bank_in(tmp_path, coloured))
    before = counted.pictures, counted.texts

    filled = answered(counted, coloured, bank=bank_in(tmp_path, coloured))

    assert same(without, filling)
    assert same(without, filled)
    assert (counted.pictures, counted.texts) == before


def test_the_cache_is_reused_with_another_batch_size(counted, coloured, tmp_path):
    filling = answered(counted, coloured, bank=bank_in(tmp_path, coloured))
    before = counted.pictures

    other = answered(counted, coloured, bank=bank_in(tmp_path, coloured), batch_size=3)

    assert same(filling, other)
    assert counted.pictures == before


def test_texts_of_another_split_are_reused(counted, coloured, tmp_path):
    texts = {split: set(coloured.expressions(split).texts) for split in ("val", "testA")}
    answered(counted, coloured, "val", bank=bank_in(tmp_path, coloured))
    counted.texts = 0

    answered(counted, coloured, "testA", bank=bank_in(tmp_path, coloured))

    assert counted.texts == len(texts["testA"] - texts["val"]) < len(texts["testA"])


def test_features_of_damaged_files_are_computed_again(counted, coloured, tmp_path, capsys):
    filling = answered(counted, coloured, bank=bank_in(tmp_path, coloured))
    (file,) = picture_files(tmp_path, coloured)
    content = file.read_bytes()
    file.write_bytes(content[:-1])

    again = answered(counted, coloured, bank=bank_in(tmp_path, coloured))

    assert same(filling, again)
    assert file.read_bytes() == content
    assert "damaged" in capsys.readouterr().err


def test_missing_features_are_computed(counted, coloured, tmp_path):
    filling = answered(counted, coloured, "train", bank=bank_in(tmp_path, coloured), window=9)
    whole, counted.pictures = counted.pictures, 0
    files = sorted(picture_files(tmp_path, coloured))
    for file in files[::2]:
        file.unlink()

    again = answered(counted, coloured, "train", bank=bank_in(tmp_path, coloured))

    assert close(filling, again)
    assert len(files) > 2
    assert 0 < counted.pictures < whole


@pytest.mark.parametrize("window", [1, 5, 12])
def test_windows_do_not_change_features(counted, coloured, window):
    assert close(answered(counted, coloured), answered(counted, coloured, window=window))


def test_windows_are_limited_in_size(counted, coloured, tmp_path):
    answered(counted, coloured, "train", bank=bank_in(tmp_path, coloured), window=6)

    sizes = [len(np.load(file)) for file in picture_files(tmp_path, coloured)]
    assert len(sizes) > 3
    assert max(sizes) < 6 + 5  # the last image in it has up to 5 candidates


def test_texts_with_equal_token_ids_are_encoded_once(counted, make_coloured, make_photos, tmp_path):
    photo = make_photos(1, 1, 0)[0]
    ious = photo.questions[0][1]
    photo = photo._replace(questions=[("a Red one", ious), ("a red one", ious)])
    dataset = make_coloured(tmp_path / "data", {"val": [photo]})

    one, other = answered(counted, dataset, "val")

    assert np.array_equal(one, other)
    assert counted.texts == 1
