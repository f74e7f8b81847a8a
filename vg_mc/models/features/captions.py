"""Captions of candidate images by a captioner, in place of templates.

The candidates are divided among all processes. Each is captioned once, and captions of earlier
evaluations are read from a cache.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import torch
from accelerate.utils import gather_object
from numpy.typing import NDArray
from torch import Tensor

from vg_mc.models.captioner import Captioner
from vg_mc.models.features.cache import RowCache
from vg_mc.models.features.extraction import PictureReader, batches_of, decoded, open_on_all
from vg_mc.prepared.dataset import PreparedDataset
from vg_mc.system.processes import Processes

Ids = NDArray[np.int64]

WINDOW = 1024  # candidates per file of captions: an interrupted run loses at most one file


@dataclass(kw_only=True)
class Captions:
    """Captions the candidate images of one dataset.

    Attributes:
        accelerator: Defines the processes and the precision of the forward pass.
        captioner: The model, on the accelerator's device and in evaluation mode.
        batch_size: Images per forward pass.
        num_workers: Number of processes that decode images.
        view: The view of the dataset that is captioned.
        cache: Captions found here are not generated again; new ones are added.
        window: Number of candidates per file of the cache.
    """

    accelerator: Processes
    captioner: Captioner
    batch_size: int
    num_workers: int
    view: str
    cache: RowCache | None = None
    window: int = WINDOW
    _known: dict[int, str] = field(default_factory=dict)

    def __call__(self, dataset: PreparedDataset, candidate_ids: Ids) -> list[str]:
        """Return the captions of candidates; all processes must call it, and get all captions."""
        self._open_cache()
        fresh = np.setdiff1d(candidate_ids, np.array([*self._known], np.int64))
        windows = np.split(fresh, range(self.window, len(fresh), self.window))
        batches: list[tuple[str, Ids]] = [
            (self.view, batch)
            for window in windows
            for batch in batches_of(window, self.accelerator, self.batch_size)
        ]
        reader = PictureReader(dataset, mirrored=False)
        pictures = decoded(reader, batches, self.accelerator, self.num_workers, doing="captioning")
        with torch.no_grad(), self.accelerator.autocast():
            for window in windows:
                self._keep(window, self._made(window, pictures))
        return [self._known[one] for one in candidate_ids.tolist()]

    def _made(self, candidate_ids: Ids, pictures: Iterator[Tensor]) -> list[str]:
        """Caption this process's part of the candidates, and gather the captions of all."""
        here = batches_of(candidate_ids, self.accelerator, self.batch_size)
        mine = [text for _ in here for text in self.captioner.captions(next(pictures))]
        everyone: list[str] = gather_object(mine)
        # Candidates were assigned in turn, and the last one may have been repeated.
        in_turn = [everyone[start :: len(mine)] for start in range(len(mine))]
        return [text for turn in in_turn for text in turn][: len(candidate_ids)]

    def _open_cache(self) -> None:
        if self.cache is not None:
            open_on_all(self.cache, self.accelerator)
            keys = self.cache.keys
            self._known = dict(zip(keys.tolist(), self.cache.rows(keys), strict=True)) | self._known

    def _keep(self, candidate_ids: Ids, captions: list[str]) -> None:
        self._known |= zip(candidate_ids.tolist(), captions, strict=True)
        if self.cache is not None and captions and self.accelerator.is_main_process:
            self.cache.write(candidate_ids, np.array(captions, object))
