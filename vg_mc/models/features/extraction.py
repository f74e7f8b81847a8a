"""Feature extraction from images and texts, on all processes and with an optional cache.

Each process encodes a part and gets all features. Images with cached features are not decoded.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import TypeVar

import numpy as np
import torch
from accelerate.utils import broadcast_object_list
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from vg_mc.models.dual_encoder import DualEncoder, TextEncoder, TokenBatch
from vg_mc.models.features.cache import FeatureBank, RowCache, text_key
from vg_mc.models.similarity import in_evaluation_mode
from vg_mc.prepared.dataset import PreparedDataset
from vg_mc.system.processes import Processes
from vg_mc.system.progress import progress_bar
from vg_mc.system.signals import ignore_stop_signals

Ids = NDArray[np.int64]
Decoded = TypeVar("Decoded")


@dataclass(frozen=True, slots=True)
class Window:
    """Candidates (sorted, unique) and texts of a part of a split."""

    candidate_ids: Ids
    texts: list[str]


BAR_AFTER = 1.0  # seconds


class PictureReader(Dataset[Tensor]):
    """Decodes the images of a batch of candidates, in the workers of a data loader."""

    def __init__(self, dataset: PreparedDataset, *, mirrored: bool) -> None:
        self.dataset = dataset
        self.mirrored = mirrored

    def __getitem__(self, batch: tuple[str, Ids]) -> Tensor:
        view, candidate_ids = batch
        pixels = self.dataset.pictures(candidate_ids, view)
        pictures = torch.from_numpy(pixels).permute(0, 3, 1, 2)
        return pictures.flip(3) if self.mirrored else pictures


class FeatureMaker:
    """Computes the features of one dataset's images and texts by one model, or reads them."""

    def __init__(
        self,
        accelerator: Processes,
        encoder: DualEncoder,
        dataset: PreparedDataset,
        *,
        batch_size: int,
        num_workers: int,
        mirrored: bool,
        bank: FeatureBank | None,
        views: Sequence[str],
    ) -> None:
        """Open the files of `bank`, the same ones on all processes."""
        self.accelerator = accelerator
        self.encoder = encoder
        self.dataset = dataset
        self.batch_size = batch_size
        self.num_workers = num_workers
        self.mirrored = mirrored
        self.views = views
        self.pictures: list[RowCache | None] = [None] * len(views)
        self.texts: RowCache | None = None
        self.known_texts: dict[str, int] = {} if bank is None else bank.known_texts
        if bank is not None:
            self.pictures = [
                open_on_all(bank.pictures_in(view, mirrored=mirrored), accelerator)
                for view in views
            ]
            self.texts = open_on_all(bank.texts, accelerator)

    def features(self, windows: list[Window]) -> Iterator[tuple[list[Tensor], Tensor]]:
        """Yield the features of each window: candidates (N, D) by view, and texts (U, D)."""
        absent = [
            [_missing(table, window.candidate_ids) for table in self.pictures] for window in windows
        ]
        # One loader for all windows, so that workers can prefetch across windows.
        needed = [pair for ids in absent for pair in zip(self.views, ids, strict=True)]
        batches = self._decoded([(view, one) for view, ids in needed for one in self._batches(ids)])
        for window, missing in zip(windows, absent, strict=True):
            images = [
                self._kept(table, ids, self._encode_pictures(ids, batches), window.candidate_ids)
                for table, ids in zip(self.pictures, missing, strict=True)
            ]
            yield images, self.text_features(window.texts)

    def _encode_pictures(self, candidate_ids: Ids, batches: Iterator[Tensor]) -> Tensor:
        here = len(self._batches(candidate_ids))
        features = [self.encoder.encode_images(next(batches)) for _ in range(here)]
        return self._gathered(features, len(candidate_ids))

    def text_features(self, texts: list[str]) -> Tensor:
        """Return the features of texts (U, D); texts with equal token ids are encoded once."""
        keys = text_keys(self.encoder, texts, self.batch_size, self.known_texts)
        absent = _missing(self.texts, keys)
        text_of = dict(zip(keys.tolist(), texts, strict=True))
        made = self._encode_texts([text_of[key] for key in absent.tolist()])
        return self._kept(self.texts, absent, made, keys)

    def _encode_texts(self, texts: list[str]) -> Tensor:
        """Encode texts sorted by length, which needs little padding."""
        by_length = np.array(sorted(range(len(texts)), key=lambda row: len(texts[row])), np.int64)
        features = [
            self.encoder.encode_texts(self.encoder.tokenize([texts[row] for row in batch]))
            for batch in self._batches(by_length)
        ]
        in_order = torch.from_numpy(np.argsort(by_length))
        encoded = self._gathered(features, len(texts))
        return encoded[in_order.to(encoded.device)]

    def _batches(self, ids: Ids) -> list[Ids]:
        return batches_of(ids, self.accelerator, self.batch_size)

    def _decoded(self, batches: list[tuple[str, Ids]]) -> Iterator[Tensor]:
        reader = PictureReader(self.dataset, mirrored=self.mirrored)
        return decoded(reader, batches, self.accelerator, self.num_workers, doing="encoding")

    def _gathered(self, features: list[Tensor], count: int) -> Tensor:
        """Gather the features of all processes in the order of the ids."""
        if not features:
            return torch.empty(0, 1)
        return gathered(torch.cat(features), count, self.accelerator)

    def _kept(self, table: RowCache | None, keys: Ids, made: Tensor, wanted: Ids) -> Tensor:
        """Cache the new features `made` of `keys`, and return the features of `wanted`."""
        if table is None:
            return made[torch.from_numpy(np.searchsorted(keys, wanted)).to(made.device)]
        if len(keys):
            write_for_all(table, keys, made, self.accelerator)
        return torch.from_numpy(table.rows(wanted)).to(self.accelerator.device)


def open_on_all(cache: RowCache, accelerator: Processes) -> RowCache:
    """Open the files that the first process finds, on all processes; other runs may add to them."""
    names = cache.verified_files() if accelerator.is_main_process else []
    cache.open(broadcast_object_list([names])[0])
    return cache


def write_for_all(
    cache: RowCache,
    keys: Ids,
    rows: Tensor,  # (N, D)
    accelerator: Processes,
) -> None:
    """Write a file of the first process, and open it on all processes."""
    names = [cache.write(keys, rows.cpu().numpy())] if accelerator.is_main_process else []
    cache.open(broadcast_object_list([names])[0])


def gathered(
    mine: Tensor,  # (N, D)
    count: int,
    accelerator: Processes,
) -> Tensor:
    """Gather the rows of all processes in the order of their `count` ids; inverts `batches_of`."""
    everyone = accelerator.gather(mine)
    in_turn = everyone.reshape(accelerator.num_processes, *mine.shape).transpose(0, 1)
    return in_turn.reshape(-1, mine.shape[-1])[:count]


def text_keys(
    encoder: DualEncoder, texts: list[str], batch_size: int, known: dict[str, int]
) -> Ids:
    """Return the keys of texts, which depend on their token ids only.

    Tokenizers are slow, so each text is tokenized once: new keys are added to `known`.
    """
    unread = [text for text in dict.fromkeys(texts) if text not in known]
    for start in range(0, len(unread), batch_size):
        batch = unread[start : start + batch_size]
        keys = map(text_key, _without_padding(encoder.tokenize(batch)))
        known.update(zip(batch, keys, strict=True))
    return np.array([known[text] for text in texts], np.int64)


def _missing(table: RowCache | None, keys: Ids) -> Ids:
    return np.unique(keys) if table is None else table.missing(keys)


def _without_padding(tokens: TokenBatch) -> Iterator[list[int]]:
    for token_ids, mask in zip(tokens.token_ids, tokens.attention_mask, strict=True):
        yield token_ids[mask.bool()].tolist()


def decoded(
    reader: Dataset[Decoded],
    batches: Sequence[object],
    accelerator: Processes,
    num_workers: int,
    *,
    doing: str,
) -> Iterator[Decoded]:
    """Yield what `reader` decodes for each batch, prefetched by workers, with a progress bar."""
    if not batches:
        return iter(())
    loader = DataLoader(
        reader,
        sampler=batches,
        batch_size=None,
        num_workers=num_workers,
        worker_init_fn=ignore_stop_signals,
        pin_memory=accelerator.device.type == "cuda",
    )
    silent = not accelerator.is_main_process
    # No bar for work of less than a second, such as a single image.
    return iter(
        progress_bar(loader, description=doing, leave=False, delay=BAR_AFTER, disable=silent)
    )


def batches_of(ids: Ids, accelerator: Processes, batch_size: int) -> list[Ids]:
    """Split this process's part of `ids` into batches."""
    mine = _share(ids, accelerator)
    return [mine[start : start + batch_size] for start in range(0, len(mine), batch_size)]


def _share(ids: Ids, accelerator: Processes) -> Ids:
    """Assign ids to processes in turn; the last id is repeated to give all the same number."""
    missing = -len(ids) % accelerator.num_processes
    filled = np.pad(ids, (0, missing), mode="edge") if len(ids) else ids
    return filled[accelerator.process_index :: accelerator.num_processes]


@dataclass
class TextFeatures:
    """Encodes each distinct text once, on every process, since texts are few and short.

    Attributes:
        accelerator: Defines the device and the precision of the forward pass.
        encoder: The model, on that device.
        batch_size: Texts per forward pass.
    """

    accelerator: Processes
    encoder: TextEncoder
    batch_size: int
    _known: dict[str, NDArray[np.float32]] = field(default_factory=dict)

    def vectors(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return a unit vector for each of at least one text, shape (N, D)."""
        self._read(texts)
        return np.stack([self._known[text] for text in texts])

    def similarities(
        self, texts: Sequence[str], captions: Sequence[Sequence[str]]
    ) -> list[NDArray[np.float32]]:  # N arrays (B_i,)
        """Return the cosine similarities of each of N texts with its B_i captions."""
        self._read([*texts, *chain.from_iterable(captions)])
        return [
            self.vectors(own) @ self._known[text] if own else np.empty(0, np.float32)
            for text, own in zip(texts, captions, strict=True)
        ]

    def _read(self, texts: Sequence[str]) -> None:
        fresh = [text for text in dict.fromkeys(texts) if text not in self._known]
        with torch.no_grad(), self.accelerator.autocast(), in_evaluation_mode(self.encoder):
            for start in range(0, len(fresh), self.batch_size):
                batch = fresh[start : start + self.batch_size]
                features = self.encoder.encode_texts(self.encoder.tokenize(batch))
                self._known |= zip(batch, features.float().cpu().numpy(), strict=True)
