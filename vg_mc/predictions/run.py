"""Answering a split: a scorer's logits, beside all that the dataset knows of what it answered."""

from itertools import islice

import numpy as np
from accelerate import Accelerator
from numpy.typing import NDArray

from vg_mc.grounders.dual_encoder import WINDOW, DualEncoderGrounder
from vg_mc.grounders.protocol import Chooser
from vg_mc.models.dual_encoder import DualEncoder
from vg_mc.models.features.cache import FeatureBank
from vg_mc.predictions import Predictions
from vg_mc.prepared.dataset import Expressions, PreparedDataset

Ids = NDArray[np.int64]


def answer(scorer: Chooser, dataset: PreparedDataset, split: str) -> Predictions:
    """Let `scorer` score all candidates of every expression of `split`.

    Expressions without candidates are kept, with no logits: they count as wrong. Boxes and texts
    are those of the photo, whatever the scorer looked at.
    """
    expressions = dataset.expressions(split)
    logits = scorer.logits(dataset, expressions)
    return Predictions(
        name=scorer.name,
        split=split,
        data_hash=dataset.data_hash,
        expression_ids=expressions.expression_ids,
        image_ids=expressions.image_ids,
        texts=expressions.texts,
        categories=expressions.categories,
        targets=expressions.targets,
        candidate_ids=expressions.candidate_ids,
        boxes=[dataset.boxes(ids) for ids in expressions.candidate_ids],
        ious=expressions.ious,
        logits=logits,
        scores=[dataset.scores(ids) for ids in expressions.candidate_ids],
        candidate_categories=_candidate_categories(dataset, expressions),
        rivals=expressions.rivals,
        photo_sizes=_photo_sizes(dataset, expressions.image_ids),
        facts=scorer.facts,
    )


def predict(
    accelerator: Accelerator,
    encoder: DualEncoder,
    dataset: PreparedDataset,
    split: str,
    *,
    batch_size: int,
    num_workers: int,
    mirrored: bool = False,
    bank: FeatureBank | None = None,
    window: int = WINDOW,
) -> Predictions:
    """Let an encoder answer `split` by the first view of its candidates."""
    scorer = DualEncoderGrounder(
        accelerator=accelerator,
        encoder=encoder,
        batch_size=batch_size,
        num_workers=num_workers,
        views=[dataset.first_view],
        mirrored=mirrored,
        bank=bank,
        window=window,
    )
    return answer(scorer, dataset, split)


def _candidate_categories(dataset: PreparedDataset, expressions: Expressions) -> list[list[str]]:
    """Return the category of each expression's candidates; the table is searched only once."""
    everyone = np.concatenate([np.empty(0, np.int64), *expressions.candidate_ids])
    names = iter(dataset.candidate_categories(everyone))
    return [list(islice(names, len(ids))) for ids in expressions.candidate_ids]


def _photo_sizes(dataset: PreparedDataset, image_ids: Ids) -> NDArray[np.int64]:
    """Return width and height of each expression's photo in pixels, shape (B, 2)."""
    photos = dataset.photos()
    sides = [(photos[id_].width, photos[id_].height) for id_ in image_ids.tolist()]
    return np.array(sides, dtype=np.int64).reshape(-1, 2)
