"""Rescaling and normalisation of images on the model's device.

Images are transferred as uint8, a quarter of the size of float32.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


class PictureNormalizer(nn.Module):
    """Rescale uint8 images and normalise each channel, in float32.

    Attributes:
        image_size: Expected side of the square images, in pixels.
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
        # Not persistent: the state dict must stay that of the library.
        self.register_buffer("mean", _per_channel(mean), persistent=False)
        self.register_buffer("std", _per_channel(std), persistent=False)

    def forward(
        self,
        pictures: Tensor,  # (N, 3, H, W) uint8
    ) -> Tensor:
        """Return float32 images of the same shape on the model's device."""
        expected = (3, self.image_size, self.image_size)
        if pictures.dtype != torch.uint8 or pictures.shape[1:] != expected:
            raise ValueError(
                f"expected uint8 images of shape (N, {', '.join(map(str, expected))}), "
                f"got {pictures.dtype} of shape {tuple(pictures.shape)}"
            )
        # A product with 1 / 255 would differ from open_clip by one bit.
        scaled = pictures.to(self.mean.device, non_blocking=True).float() / self.highest_value
        return (scaled - self.mean) / self.std


def normalize_as(
    normalizer: PictureNormalizer, mean: Sequence[float], std: Sequence[float]
) -> None:
    """Replace the channel statistics of `normalizer`."""
    normalizer.mean.copy_(_per_channel(mean))
    normalizer.std.copy_(_per_channel(std))


def _per_channel(values: Sequence[float]) -> Tensor:
    return torch.tensor(values, dtype=torch.float32).reshape(1, 3, 1, 1)
