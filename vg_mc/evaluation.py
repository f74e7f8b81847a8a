"""Scoring a model on a split: every picture and every distinct text is encoded once.

Text and picture meet only in a dot product, so a candidate that five expressions of its image ask
about costs one pass through the model, not five. A split is answered in windows of its photos:
features of one window are in memory, and of the windows before it only the logits.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import islice
from typing import cast

import numpy as np
import torch
from accelerate import Accelerator
from numpy.typing import NDArray
from torch import Tensor, nn

from vg_mc.encoders.dual_encoder import DualEncoder
from vg_mc.encoding import FeatureMaker, Window
from vg_mc.features import FeatureBank
from vg_mc.language import swap_left_right
from vg_mc.predictions import Predictions
from vg_mc.prepared.dataset import Expressions, PreparedDataset

Ids = NDArray[np.int64]


WINDOW = 8192  # pictures; their features take 16 MB at 512 numbers each


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
    """Score all candidates of every expression of `split`; all processes share the encoding.

    Expressions without candidates are kept, with no logits: they count as wrong.

    Args:
        accelerator: The processes and the precision of the forward pass.
        encoder: The model.
        dataset: Where expressions and pictures are.
        split: Which of its splits.
        batch_size: Pictures, or texts, per forward pass.
        num_workers: Processes that decode pictures.
        mirrored: Show pictures mirrored, and ask with left and right swapped; boxes and texts of
            the predictions stay those of the photo.
        bank: What is found here is not encoded again, and what is encoded is kept here.
        window: About so many pictures have their features in memory at a time. A text that comes
            up in two windows is encoded for both unless a bank keeps it.
    """
    expressions = dataset.expressions(split)
    asked = _mirrored(expressions) if mirrored else expressions
    maker = FeatureMaker(
        accelerator,
        encoder,
        dataset,
        batch_size=batch_size,
        num_workers=num_workers,
        mirrored=mirrored,
        bank=bank,
    )
    # Not inference mode: what a model caches in it could not be trained with afterwards.
    with torch.no_grad(), accelerator.autocast(), _in_evaluation_mode(encoder):
        logits = _all_logits(encoder, asked, maker, window)
    return _predictions(encoder.name, dataset, split, expressions, logits)


def _predictions(
    name: str,
    dataset: PreparedDataset,
    split: str,
    expressions: Expressions,
    logits: list[NDArray[np.float32]],
) -> Predictions:
    return Predictions(
        name=name,
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
    )


def _candidate_categories(dataset: PreparedDataset, expressions: Expressions) -> list[list[str]]:
    """Return the category of each expression's candidates; the table is searched only once."""
    names = iter(dataset.candidate_categories(_joined(expressions.candidate_ids)))
    return [list(islice(names, len(ids))) for ids in expressions.candidate_ids]


def _photo_sizes(dataset: PreparedDataset, image_ids: Ids) -> NDArray[np.int64]:
    """Return width and height of each expression's photo in pixels, shape (B, 2)."""
    photos = dataset.photos()
    sides = [(photos[id_].width, photos[id_].height) for id_ in image_ids.tolist()]
    return np.array(sides, dtype=np.int64).reshape(-1, 2)


def _mirrored(expressions: Expressions) -> Expressions:
    return replace(expressions, texts=[swap_left_right(text) for text in expressions.texts])


@contextmanager
def _in_evaluation_mode(encoder: DualEncoder) -> Iterator[None]:
    """Switch dropout and the learning of statistics off, and back on where they were."""
    module = cast("nn.Module", encoder)
    was_training = module.training
    module.eval()
    try:
        yield
    finally:
        module.train(was_training)


def _all_logits(
    encoder: DualEncoder, expressions: Expressions, maker: FeatureMaker, window: int
) -> list[NDArray[np.float32]]:
    """Return the logits of each expression's candidates, in their order."""
    logits = [np.empty(0, np.float32)] * len(expressions)
    parts = _windows(expressions, window)
    windows = [_window(expressions, rows) for rows in parts]
    for rows, part, features in zip(parts, windows, maker.features(windows), strict=True):
        answers = _logits(encoder, expressions, rows, part, *features)
        for row, answer in zip(rows.tolist(), answers, strict=True):
            logits[row] = answer
    return logits


def _windows(expressions: Expressions, pictures: int) -> list[Ids]:
    """Cut the expressions, photo by photo, into parts of at least so many `pictures`.

    Expressions of a photo stay together, since they share its pictures.
    """
    if not len(expressions):
        return []
    order = np.argsort(expressions.image_ids, kind="stable")
    photos = np.split(order, np.flatnonzero(np.diff(expressions.image_ids[order])) + 1)
    counts = [len(_needed(expressions, rows)) for rows in photos]
    # The window in which the first of a photo's pictures stands.
    window_of = (np.cumsum(counts) - counts) // pictures
    ends = np.flatnonzero(np.diff(window_of)) + 1
    groups = np.split(np.arange(len(photos)), ends)
    return [np.concatenate([photos[photo] for photo in group]) for group in groups]


def _window(expressions: Expressions, rows: Ids) -> Window:
    texts = list(dict.fromkeys(expressions.texts[row] for row in rows))
    return Window(_needed(expressions, rows), texts)


def _needed(expressions: Expressions, rows: Ids) -> Ids:
    return np.unique(_joined([expressions.candidate_ids[row] for row in rows]))


def _joined(rows: list[Ids]) -> Ids:
    return np.concatenate([np.empty(0, np.int64), *rows])


def _logits(
    encoder: DualEncoder,
    expressions: Expressions,
    rows: Ids,
    window: Window,
    images: Tensor,  # features of the window's candidates
    texts: Tensor,  # features of the window's texts
) -> list[NDArray[np.float32]]:
    position = {text: index for index, text in enumerate(window.texts)}
    candidate_ids = [expressions.candidate_ids[row] for row in rows]
    lengths = [len(ids) for ids in candidate_ids]
    index = torch.from_numpy(np.searchsorted(window.candidate_ids, _joined(candidate_ids)))
    asked = zip(rows.tolist(), torch.split(index.to(images.device), lengths), strict=True)
    logits = [
        encoder.logits(images[candidates], texts[position[expressions.texts[row]]][None])[0]
        for row, candidates in asked
        if len(candidates)
    ]
    # Fetched from the device at once, not expression by expression.
    values = torch.cat([torch.empty(0, device=images.device), *logits]).cpu().numpy()
    # Copied, as a view would keep the logits of the whole window alive.
    return [np.array(part) for part in np.split(values, np.cumsum(lengths)[:-1])]
