"""Scoring a model on a split: every picture and every distinct text is encoded once.

Text and picture meet only in a dot product, so a candidate that five expressions of its image ask
about costs one pass through the model, not five.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from typing import cast

import numpy as np
import torch
from accelerate import Accelerator
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset
from tqdm import tqdm

from vg_mc.encoders.dual_encoder import DualEncoder
from vg_mc.predictions import Predictions
from vg_mc.prepared.dataset import Expressions, PreparedDataset

Ids = NDArray[np.int64]


class PictureReader(Dataset[Tensor]):
    """Decodes the pictures of a batch of candidates; runs in the workers of a data loader."""

    def __init__(self, dataset: PreparedDataset) -> None:
        self.dataset = dataset

    def __getitem__(self, candidate_ids: Ids) -> Tensor:
        return torch.from_numpy(self.dataset.pictures(candidate_ids)).permute(0, 3, 1, 2)


def predict(
    accelerator: Accelerator,
    encoder: DualEncoder,
    dataset: PreparedDataset,
    split: str,
    *,
    batch_size: int,
    num_workers: int,
) -> Predictions:
    """Score all candidates of every expression of `split`; all processes share the encoding.

    Expressions without candidates are kept, with no logits: they count as wrong.
    """
    expressions = dataset.expressions(split)
    needed = np.unique(_joined(expressions.candidate_ids))
    texts = list(dict.fromkeys(expressions.texts))
    # Not inference mode: what a model caches in it could not be trained with afterwards.
    with torch.no_grad(), accelerator.autocast(), _in_evaluation_mode(encoder):
        images = _encode_pictures(accelerator, encoder, dataset, needed, batch_size, num_workers)
        encoded_texts = _encode_texts(accelerator, encoder, texts, batch_size)
        logits = _all_logits(encoder, expressions, images, needed, encoded_texts, texts)
    return Predictions(
        name=encoder.name,
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


def _joined(rows: list[Ids]) -> Ids:
    return np.concatenate([np.empty(0, np.int64), *rows])


def _all_logits(
    encoder: DualEncoder,
    expressions: Expressions,
    images: Tensor,  # features of the candidates `needed`
    needed: Ids,
    encoded_texts: Tensor,  # features of `texts`
    texts: list[str],
) -> list[NDArray[np.float32]]:
    """Return the logits of each expression's candidates, in their order."""
    position = {text: index for index, text in enumerate(texts)}
    lengths = [len(ids) for ids in expressions.candidate_ids]
    index = torch.from_numpy(np.searchsorted(needed, _joined(expressions.candidate_ids)))
    rows = zip(expressions.texts, torch.split(index.to(images.device), lengths), strict=True)
    logits = [
        encoder.logits(images[candidates], encoded_texts[position[text]][None])[0]
        for text, candidates in rows
        if len(candidates)
    ]
    # Fetched from the device at once, not expression by expression.
    values = torch.cat([torch.empty(0, device=images.device), *logits]).cpu().numpy()
    return np.split(values, np.cumsum(lengths)[:-1]) if lengths else []


def _encode_pictures(
    accelerator: Accelerator,
    encoder: DualEncoder,
    dataset: PreparedDataset,
    candidate_ids: Ids,
    batch_size: int,
    num_workers: int,
) -> Tensor:
    mine = _share(candidate_ids, accelerator)
    batches = [mine[start : start + batch_size] for start in range(0, len(mine), batch_size)]
    loader = DataLoader(
        PictureReader(dataset),
        sampler=batches,
        batch_size=None,
        num_workers=num_workers,
        pin_memory=accelerator.device.type == "cuda",
    )
    progress = tqdm(loader, desc="encoding", leave=False, disable=not accelerator.is_main_process)
    features = [encoder.encode_images(pictures) for pictures in progress]
    return _gathered(accelerator, features, len(candidate_ids))


def _encode_texts(
    accelerator: Accelerator, encoder: DualEncoder, texts: list[str], batch_size: int
) -> Tensor:
    """Encode texts in order of their length: alike lengths need little padding."""
    by_length = np.array(sorted(range(len(texts)), key=lambda index: len(texts[index])), np.int64)
    mine = _share(by_length, accelerator)
    features = []
    for start in range(0, len(mine), batch_size):
        tokens = encoder.tokenize([texts[index] for index in mine[start : start + batch_size]])
        features.append(encoder.encode_texts(tokens))
    in_order = torch.from_numpy(np.argsort(by_length))
    encoded = _gathered(accelerator, features, len(texts))
    return encoded[in_order.to(encoded.device)]


def _share(ids: Ids, accelerator: Accelerator) -> Ids:
    """Deal ids to processes in turn; repeats of the last fill up, so that all have as many."""
    missing = -len(ids) % accelerator.num_processes
    filled = np.pad(ids, (0, missing), mode="edge") if len(ids) else ids
    return filled[accelerator.process_index :: accelerator.num_processes]


def _gathered(accelerator: Accelerator, features: list[Tensor], count: int) -> Tensor:
    """Undo `_share`: collect the features of all processes in the order of the ids."""
    if not features:
        return torch.empty(0, 1)
    mine = torch.cat(features)
    everyone: Tensor = accelerator.gather(mine)
    in_turn = everyone.reshape(accelerator.num_processes, *mine.shape).transpose(0, 1)
    return in_turn.reshape(-1, mine.shape[-1])[:count]
