"""Scoring by a CLIP: every picture and every distinct text is encoded once.

Text and picture meet only in a dot product, so a candidate that five expressions of its image ask
about costs one pass through the model, not five. Expressions are answered in windows of their
photos: features of one window are in memory, and of the windows before it only the logits.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import cast

import numpy as np
import torch
from accelerate import Accelerator
from numpy.typing import NDArray
from torch import Tensor, nn

from vg_mc.encoders.dual_encoder import DualEncoder
from vg_mc.encoding import FeatureMaker, Window
from vg_mc.features import FeatureBank
from vg_mc.grounders.scorer import Logits
from vg_mc.language import swap_left_right
from vg_mc.prepared.dataset import Expressions, PreparedDataset

Ids = NDArray[np.int64]

WINDOW = 8192  # pictures; their features take 16 MB at 512 numbers each


@dataclass(kw_only=True)
class EncoderScorer:
    """Scores by the encoder's own similarity of picture and text; all processes share the encoding.

    Attributes:
        accelerator: The processes and the precision of the forward pass.
        encoder: The model.
        facts: What a reader of the numbers should know of it.
        batch_size: Pictures, or texts, per forward pass.
        num_workers: Processes that decode pictures.
        mirrored: Show pictures mirrored, and ask with left and right swapped.
        bank: What is found here is not encoded again, and what is encoded is kept here.
        window: About so many pictures have their features in memory at a time. A text that comes
            up in two windows is encoded for both unless a bank keeps it.
    """

    accelerator: Accelerator
    encoder: DualEncoder
    batch_size: int
    num_workers: int
    facts: Mapping[str, str] = field(default_factory=dict)
    mirrored: bool = False
    bank: FeatureBank | None = None
    window: int = WINDOW

    @property
    def name(self) -> str:
        """The encoder's own name."""
        return self.encoder.name

    def logits(self, dataset: PreparedDataset, expressions: Expressions) -> list[Logits]:
        """Return the logits (C,) of each expression's candidates, in their order."""
        asked = _mirrored(expressions) if self.mirrored else expressions
        maker = FeatureMaker(
            self.accelerator,
            self.encoder,
            dataset,
            batch_size=self.batch_size,
            num_workers=self.num_workers,
            mirrored=self.mirrored,
            bank=self.bank,
        )
        # Not inference mode: what a model caches in it could not be trained with afterwards.
        with torch.no_grad(), self.accelerator.autocast(), _in_evaluation_mode(self.encoder):
            return _all_logits(self.encoder, asked, maker, self.window)


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
) -> list[Logits]:
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
) -> list[Logits]:
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
