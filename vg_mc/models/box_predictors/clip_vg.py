"""The predictors ``clip-vg`` and ``clip-vg-published``: a transformer over image and text tokens.

As in CLIP-VG (https://github.com/linhuixiao/CLIP-VG): tokens of several layers of the image tower,
concatenated along channels, and all text tokens are projected to one width and joined with a
learned token [REG], whose output a perceptron maps to the box. Learned positions are added to
queries and keys of every layer.

Ours normalises the tokens of each layer, and its positions start on a grid. Instead of [REG], it
reads the tokens of the grid: each predicts a box relative to its cell, and a probability that the
cell is in the target. The result is the expected box. A regression from [REG] alone learns places
only after many more steps.
"""

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from vg_mc.models.box_predictors.layers import (
    cell_centers,
    padded_cells,
    perceptron,
    resampled,
    start_at_box,
)
from vg_mc.models.box_predictors.options import ClipVgOptions
from vg_mc.models.box_predictors.probing import context_length, sample_tokens, text_token_width
from vg_mc.models.box_predictors.protocol import BoxInputs, BoxPrediction, Features
from vg_mc.models.dual_encoder import TokenBatch
from vg_mc.models.initialization import grid_positions
from vg_mc.models.preprocessing import IMAGENET_MEAN, IMAGENET_STD, normalize_as
from vg_mc.models.tokens import ClipTokens, ImageTokens

if TYPE_CHECKING:
    from vg_mc.models.loading import Encoder

FEEDFORWARD = 4  # times the width
IMAGE_POSITIONS = re.compile(
    r"(visual|vision_model)\..*(pos_embed|position_embedding|positional_emb)"
)


class ClipVgTokens(nn.Module):
    """Joins the tokens of image and text; the base of both heads."""

    backbone = None

    def __init__(self, encoder: "Encoder", options: ClipVgOptions, *, normalise: bool) -> None:
        """Create the layers for the tokens of `encoder`.

        Args:
            encoder: The dual encoder.
            options: Size of the transformer.
            normalise: Whether the tokens of each layer are normalised.
        """
        super().__init__()
        width = options.fusion_width
        self.layers = tapped_layers(ClipTokens(encoder).layer_count)
        samples = sample_tokens(encoder, self.layers)
        self.grid = samples[len(samples) // 2].grid
        self.widths = [one.tokens.shape[2] for one in samples]
        prefix = samples[-1].prefix_count
        cells = self.grid[0] * self.grid[1]
        self.texts = context_length(encoder)

        self.norms = nn.ModuleList(nn.LayerNorm(each) for each in self.widths if normalise)
        self.image_projection = nn.Linear(sum(self.widths), width)
        self.text_projection = nn.Linear(text_token_width(encoder), width)
        self.reg_token = nn.Parameter(torch.randn(1, width))
        self.positions = nn.Embedding(1 + self.texts + prefix + cells, width)
        self.fusion = nn.ModuleList(
            FusionLayer(width, options.fusion_heads, options.fusion_dropout)
            for _ in range(options.fusion_layers)
        )
        for weight in self.fusion.parameters():
            if weight.ndim > 1:
                nn.init.xavier_uniform_(weight)

    @property
    def feature_definition(self) -> str:
        """The layers of the tokens, and their grid."""
        return f"tokens of layers {[*self.layers]} on {self.grid}"

    def image_features(self, encoder: "Encoder", images: Tensor) -> Features:
        """Return the tokens of all tapped layers (N, P + h * w, sum of widths)."""
        found = ClipTokens(encoder).image_tokens(images, self.layers)
        return (torch.cat([self._on_grid(one) for one in found], dim=2),)

    def _on_grid(self, found: ImageTokens) -> Tensor:
        """Return prefix tokens and the grid of this head."""
        if found.grid == self.grid:
            return found.tokens
        cells = resampled(found.feature_map, self.grid).flatten(2).transpose(1, 2)
        return torch.cat([found.tokens[:, : found.prefix_count], cells], dim=1)

    def text_features(self, encoder: "Encoder", tokens: TokenBatch) -> Tensor:
        """Return projected text tokens (U, T, D)."""
        return ClipTokens(encoder).text_tokens(tokens)[0]

    def joined(
        self,
        images: Features,
        texts: Tensor,
        inputs: BoxInputs,
        *,
        count: int | None = None,
    ) -> Tensor:
        """Return the first `count` output tokens (B, count, D), by default all."""
        image_tokens = self.image_projection(self._normalised(images[0]))
        text_tokens = self.text_projection(texts)
        rows = len(inputs.image_index)
        parts = [
            self.reg_token.to(text_tokens.dtype).expand(rows, 1, -1),
            text_tokens[inputs.text_index],
            image_tokens[inputs.image_index],
        ]
        padding = self._padding(inputs, texts.shape[1], image_tokens.shape[1])
        tokens, positions = torch.cat(parts, dim=1), self._positions(texts.shape[1])
        for layer in self.fusion[:-1]:
            tokens = layer(tokens, positions, padding)
        last: Tensor = self.fusion[-1](tokens, positions, padding, count=count)
        return last

    def _normalised(self, tokens: Tensor) -> Tensor:
        if not self.norms:
            return tokens
        parts = torch.split(tokens, self.widths, dim=2)
        return torch.cat([norm(part) for norm, part in zip(self.norms, parts, strict=True)], dim=2)

    def _positions(self, texts: int) -> Tensor:
        """Return the positions of [REG], `texts` text tokens and all image tokens."""
        table = self.positions.weight
        return torch.cat([table[: 1 + texts], table[1 + self.texts :]])

    def _padding(self, inputs: BoxInputs, texts: int, image_tokens: int) -> Tensor:
        """Return which tokens of each expression are padding (B, 1 + T + P + h * w)."""
        of_texts = ~inputs.tokens.attention_mask[:, :texts].bool()
        cells = padded_cells(inputs.content, self.grid)
        rows = len(inputs.image_index)
        kept = image_tokens - cells.shape[1]
        return torch.cat(
            [
                cells.new_zeros(rows, 1),
                of_texts.to(cells.device)[inputs.text_index],
                cells.new_zeros(rows, kept),
                cells[inputs.image_index],
            ],
            dim=1,
        )


class ClipVgHead(ClipVgTokens):
    """Predicts a box and a probability at each cell; the box is the expected value."""

    def __init__(
        self, encoder: "Encoder", options: ClipVgOptions, mean_box: tuple[float, ...]
    ) -> None:
        """Create the layers; training starts from boxes of mean size in the middle."""
        super().__init__(encoder, options, normalise=True)
        width = options.fusion_width
        self.score = nn.Linear(width, 1, bias=False)  # a bias would cancel in the softmax
        self.box = perceptron(width, width, width, 4)
        start_at_box(self.box[-1], (0.5, 0.5, *mean_box[2:]))
        self._start_positions()

    @torch.no_grad()
    def _start_positions(self) -> None:
        height, width = self.grid
        if height == width and self.positions.embedding_dim % 4 == 0:
            cells = grid_positions(height, self.positions.embedding_dim)
            self.positions.weight[-height * width :] = cells

    def forward(self, images: Features, texts: Tensor, inputs: BoxInputs) -> BoxPrediction:
        """Return boxes (B, 4) and log-probabilities of cells (B, h, w)."""
        height, width = self.grid
        tokens = self.joined(images, texts, inputs)[:, -height * width :]
        padding = padded_cells(inputs.content, self.grid)[inputs.image_index]
        scores = self.score(tokens)[..., 0].float().masked_fill(padding, -torch.inf)
        cells = scores.log_softmax(dim=1)
        at_cells = torch.sigmoid(self.box(tokens).float())  # (B, h * w, 4)
        centers = cell_centers(self.grid, tokens.device) + at_cells[..., :2] - 0.5
        boxes = torch.cat([centers, at_cells[..., 2:]], dim=2)
        expected = (cells.exp()[..., None] * boxes).sum(dim=1)
        return BoxPrediction(expected, cells.unflatten(1, self.grid))


class PublishedClipVgHead(ClipVgTokens):
    """Regresses the box from the token [REG], as the published model."""

    def __init__(self, encoder: "Encoder", options: ClipVgOptions) -> None:
        """Create the layers for the tokens of `encoder`."""
        super().__init__(encoder, options, normalise=False)
        self.box = perceptron(options.fusion_width, options.fusion_width, options.fusion_width, 4)

    def forward(self, images: Features, texts: Tensor, inputs: BoxInputs) -> BoxPrediction:
        """Return boxes (B, 4); the last layer computes only the token that is read."""
        read = self.joined(images, texts, inputs, count=1)[:, 0]
        return BoxPrediction(torch.sigmoid(self.box(read)))


class FusionLayer(nn.Module):
    """A transformer layer with normalisation after each part and positions in queries and keys."""

    def __init__(self, width: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.attention = nn.MultiheadAttention(width, heads, dropout, batch_first=True)
        self.feedforward = nn.Sequential(
            nn.Linear(width, FEEDFORWARD * width),
            nn.ReLU(),
            nn.Dropout(dropout),
            nn.Linear(FEEDFORWARD * width, width),
        )
        self.norm_attention = nn.LayerNorm(width)
        self.norm_feedforward = nn.LayerNorm(width)
        self.dropout = nn.Dropout(dropout)

    def forward(
        self,
        tokens: Tensor,  # (B, T, D)
        positions: Tensor,  # (T, D)
        padding: Tensor,  # (B, T), True where a token is ignored
        count: int | None = None,
    ) -> Tensor:
        """Return the first `count` output tokens (B, count, D), by default all."""
        keys = tokens + positions
        asked, kept = keys[:, :count], tokens[:, :count]
        attended = self.attention(asked, keys, tokens, key_padding_mask=padding, need_weights=False)
        kept = self.norm_attention(kept + self.dropout(attended[0]))
        return self.norm_feedforward(kept + self.dropout(self.feedforward(kept)))  # type: ignore[no-any-return]


def tapped_layers(count: int) -> Sequence[int]:
    """Return the first layer and those at one third, two thirds and the end of a tower.

    They are 1, 4, 8 and 12 of ViT-B, and 1, 8, 16 and 24 of ViT-L, as published.
    """
    return sorted({1, max(1, round(count / 3)), max(1, round(2 * count / 3)), count})


def published_clip_vg(encoder: "Encoder", options: ClipVgOptions) -> PublishedClipVgHead:
    """Build the head of the published model and change `encoder` accordingly.

    The published code normalises images by ImageNet's statistics and trains the positions of the
    frozen image tower. It also registers a projection that it never uses, which is left out.
    """
    normalize_as(encoder.normalize, IMAGENET_MEAN, IMAGENET_STD)
    for name, weight in encoder.named_parameters():
        if IMAGE_POSITIONS.search(name):
            weight.requires_grad_()
    return PublishedClipVgHead(encoder, options)
