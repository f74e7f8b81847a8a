"""From the bytes of a picture to the numbers a model was trained on.

Pictures travel to the device as uint8, a quarter of the traffic of float32; scaling and normalising
are cheap there.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn


class PictureNormalizer(nn.Module):
    """Scale uint8 pictures and normalise each colour channel, in float32.

    Attributes:
        image_size: Side of the square pictures that are expected, in pixels.
    """

    mean: Tensor
    std: Tensor

    def __init__(
        self,
        image_size: int,
        mean: Sequence[float],
        std: Sequence[float],
        highest_value: float = 255,
    ) -> None:
        super().__init__()
        self.image_size = image_size
        self.highest_value = highest_value
        # They belong to the preprocessing, which is saved by itself: weights stay the library's.
        self.register_buffer("mean", _per_channel(mean), persistent=False)
        self.register_buffer("std", _per_channel(std), persistent=False)

    def forward(
        self,
        pictures: Tensor,  # (N, 3, H, W) uint8
    ) -> Tensor:
        """Return float32 pictures of the same shape on the model's device."""
        expected = (3, self.image_size, self.image_size)
        if pictures.dtype != torch.uint8 or pictures.shape[1:] != expected:
            raise ValueError(
                f"expected uint8 pictures of shape (N, {', '.join(map(str, expected))}), "
                f"got {pictures.dtype} of shape {tuple(pictures.shape)}"
            )
        # Divided, not multiplied by 1 / 255: that is off by one bit from what open_clip does.
        scaled = pictures.to(self.mean.device, non_blocking=True).float() / self.highest_value
        return (scaled - self.mean) / self.std


def _per_channel(values: Sequence[float]) -> Tensor:
    return torch.tensor(values, dtype=torch.float32).reshape(1, 3, 1, 1)
