"""Texts as unit vectors of a model, to compare texts with texts."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import chain

import numpy as np
import torch
from numpy.typing import NDArray

from vg_mc.encoders.dual_encoder import TextEncoder
from vg_mc.grounders.encoder import in_evaluation_mode
from vg_mc.processes import Processes


@dataclass
class TextFeatures:
    """Encodes every different text once; each process for itself, as texts are few and short.

    Attributes:
        accelerator: The device and the precision of the forward pass.
        encoder: The model, on that device.
        batch_size: Texts per forward pass.
    """

    accelerator: Processes
    encoder: TextEncoder
    batch_size: int
    _known: dict[str, NDArray[np.float32]] = field(default_factory=dict)

    def vectors(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return a unit vector for each text, shape (N, D); there is at least one."""
        self._read(texts)
        return np.stack([self._known[text] for text in texts])

    def similarities(
        self, texts: Sequence[str], captions: Sequence[Sequence[str]]
    ) -> list[NDArray[np.float32]]:  # N arrays (B_i,)
        """Return the cosines of each of N texts and its own B_i captions."""
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
