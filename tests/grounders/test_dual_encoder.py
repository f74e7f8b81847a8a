"""An encoder scores by its own similarity: each view in each wording, put together as named."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from accelerate import Accelerator

from vg_mc.grounders.dual_encoder import DualEncoderGrounder
from vg_mc.grounders.score_subtraction import caption_sample
from vg_mc.models.features.cache import FeatureBank
from vg_mc.models.loading import load_encoder
from vg_mc.prepared.dataset import PreparedDataset
from vg_mc.prepared.schema import candidate_features, open_shard, write_shard

PROMPTS = ("{}", "a photo of {}")


@pytest.fixture(scope="module", params=["tiny-vit", "tiny-resnet"])
def encoder(request):
    return load_encoder(request.param, image_size=32)


@pytest.fixture(scope="module")
def dataset(make_coloured, make_photos, tmp_path_factory) -> PreparedDataset:
    """A dataset with a further view: each candidate as the one after it."""
    photos = {"train": make_photos(4, 2, 0), "val": make_photos(5, 2, 0)}
    written = make_coloured(tmp_path_factory.mktemp("views"), photos)
    views = {"first": {}, "second": {}}
    (path,) = (written.folder / "candidates").glob("*.arrow")
    rows = open_shard(path).to_pylist()
    after = [row["picture"] for row in [*rows[1:], rows[0]]]
    further = [row | {"picture_second": one} for row, one in zip(rows, after, strict=True)]
    write_shard(path, candidate_features(views), further)
    settings = written.manifest["settings"] | {"views": views}
    return PreparedDataset(written.folder, written.manifest | {"settings": settings})


def scorer_of(encoder, **changes) -> DualEncoderGrounder:
    plain = DualEncoderGrounder(
        accelerator=Accelerator(cpu=True),
        encoder=encoder,
        batch_size=8,
        num_workers=0,
        views=("first",),
    )
    return replace(plain, **changes)


def own_logits(encoder, dataset, ids, texts, view=None) -> np.ndarray:
    pictures = torch.from_numpy(dataset.pictures(ids, view)).permute(0, 3, 1, 2)
    with torch.no_grad():
        return encoder(pictures, encoder.tokenize(texts)).numpy()


def test_logits_are_the_encoders_own(encoder, coloured):
    expressions = coloured.expressions("val")
    scorer = scorer_of(encoder, views=(coloured.first_view,))

    logits = scorer.logits(coloured, expressions)

    for row, ids in enumerate(expressions.candidate_ids):
        own = own_logits(encoder, coloured, ids, [expressions.texts[row]])[0]
        assert np.allclose(logits[row], own, atol=1e-5)
    assert scorer.name == encoder.name


@pytest.mark.parametrize(
    ("combine", "numpys"), [("mean", np.mean), ("sum", np.sum), ("max", np.max)]
)
def test_views_and_wordings_are_put_together_as_named(encoder, dataset, combine, numpys):
    expressions = dataset.expressions("val")

    logits = scorer_of(
        encoder, views=("first", "second"), prompts=PROMPTS, combine=combine, window=3
    ).logits(dataset, expressions)

    for row, ids in enumerate(expressions.candidate_ids):
        texts = [prompt.replace("{}", expressions.texts[row]) for prompt in PROMPTS]
        shown = [own_logits(encoder, dataset, ids, texts, view) for view in ("first", "second")]
        assert np.allclose(logits[row], numpys(np.concatenate(shown), axis=0), atol=1e-4)


def test_captions_are_subtracted_in_every_wording(encoder, dataset):
    expressions = dataset.expressions("val")

    logits = scorer_of(encoder, captions=5, prompts=PROMPTS, seed=4).logits(dataset, expressions)

    captions = caption_sample(dataset, expressions, 5, 4)
    assert set(captions) & set(expressions.texts)
    for row, ids in enumerate(expressions.candidate_ids):
        text = expressions.texts[row]
        expected = np.zeros(len(ids))
        for prompt in PROMPTS:
            others = [prompt.replace("{}", one) for one in captions if one != text]
            own = own_logits(encoder, dataset, ids, [prompt.replace("{}", text), *others])
            expected += (own[0] - own[1:].mean(0)) / len(PROMPTS)
        assert np.allclose(logits[row], expected, atol=1e-4)


def test_each_view_and_each_wording_is_encoded_once_and_kept(dataset, monkeypatch, tmp_path):
    encoder = load_encoder("tiny-vit", image_size=32)
    pictures, texts = [], []
    real_images, real_texts = encoder.encode_images, encoder.encode_texts
    monkeypatch.setattr(
        encoder, "encode_images", lambda batch: (pictures.extend(batch), real_images(batch))[1]
    )
    monkeypatch.setattr(
        encoder, "encode_texts", lambda batch: (texts.extend(batch.token_ids), real_texts(batch))[1]
    )
    expressions = dataset.expressions("val")
    asked = {"views": ("first", "second"), "prompts": PROMPTS, "combine": "sum"}

    def answer():
        bank = FeatureBank(tmp_path, model_hash="m", data_hash="d", first_view="first")
        return scorer_of(encoder, bank=bank, **asked).logits(dataset, expressions)

    first = answer()
    candidates = {one for ids in expressions.candidate_ids for one in ids.tolist()}
    assert len(pictures) == 2 * len(candidates)
    assert len(texts) == 2 * len(set(expressions.texts))
    second = answer()
    assert len(pictures) == 2 * len(candidates)
    assert all(map(np.array_equal, first, second))


def test_a_mirrored_wording_swaps_left_and_right_in_the_expression_alone(encoder):
    scorer = scorer_of(encoder, mirrored=True, prompts=("left of {}", "{}"))

    assert scorer.worded("the right one") == ["left of the left one", "the left one"]


def test_a_wording_may_name_the_subject_alone(encoder):
    prompts = ("a {}", "a photo of {subject}")
    scorer = scorer_of(encoder, mirrored=True, prompts=prompts, subject_of=lambda text: text[-3:])

    assert scorer.worded("left dog") == ["a right dog", "a photo of dog"]
