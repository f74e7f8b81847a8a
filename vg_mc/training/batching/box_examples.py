"""Dataset of training examples of box predictors: whole images, their expressions and targets."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.utils.data import Dataset

from vg_mc.boxes.transforms import Fit, Geometry, Transform
from vg_mc.models.box_predictors.cached_features import CachedFeatures
from vg_mc.models.box_predictors.inputs import (
    Frame,
    assembled,
    geometry_of,
    stored_geometry,
)
from vg_mc.models.box_predictors.protocol import BoxInputs
from vg_mc.models.dual_encoder import TokenBatch
from vg_mc.prepared.dataset import Expressions, PreparedDataset
from vg_mc.text.cleaning import swap_left_right
from vg_mc.text.places import names_place
from vg_mc.training.batching.augmentation import (
    AugmentationOptions,
    Variation,
    draw_variation,
    varied,
)
from vg_mc.training.batching.batches import Indices, MicroBatch
from vg_mc.training.batching.geometry import GeometryOptions, Placement, draw_placement


class BoxBatch(NamedTuple):
    """B training examples."""

    inputs: BoxInputs
    targets: Tensor  # (B, 4) float32, cxcywh as fractions of the input's side
    expression_ids: Tensor  # (B,)


class Drawn(NamedTuple):
    """The augmentation of one image in one epoch."""

    variation: Variation
    placement: Placement


Seen = tuple[int, bool]  # an image id, and whether the image is cropped


class BoxExampleMaker(Dataset[tuple[BoxBatch, float]]):
    """Assembles the tensors of a `MicroBatch`; runs in the workers of a data loader."""

    def __init__(
        self,
        dataset: PreparedDataset,
        expressions: Expressions,
        tokenize: Callable[[list[str]], TokenBatch],
        *,
        side: int,
        fit: Fit,
        augmentation: AugmentationOptions,
        geometry: GeometryOptions,
        seed: int,
        published: bool,
        features: CachedFeatures | None = None,
    ) -> None:
        """Create training examples from `expressions`.

        Args:
            dataset: Provides the whole images.
            expressions: The training split.
            tokenize: The model's tokenizer.
            side: Side of the inputs in pixels.
            fit: How images become square.
            augmentation: Flips and colors.
            geometry: Crops, scales and positions.
            seed: Seed of all draws.
            published: Whether targets and scales are those of the published code of CLIP-VG.
            features: Read in place of images, which are then not augmented.
        """
        self.dataset = dataset
        self.expressions = expressions
        self.tokenize = tokenize
        self.side = side
        self.fit = fit
        self.augmentation = augmentation
        self.geometry = geometry
        self.seed = seed
        self.published = published
        self.features = features
        self.targets = np.trunc(expressions.targets) if published else expressions.targets
        self.movable = np.array([not names_place(text) for text in expressions.texts], np.bool_)
        self.photos = dataset.photos()
        order = np.argsort(expressions.image_ids, kind="stable")
        image_ids, first = np.unique(expressions.image_ids[order], return_index=True)
        self.rows_of = dict(zip(image_ids.tolist(), np.split(order, first[1:]), strict=True))

    def __getitem__(self, part: MicroBatch) -> tuple[BoxBatch, float]:
        return self.assemble(part.expressions, part.epoch), part.share

    def assemble(self, rows: Indices, epoch: int) -> BoxBatch:
        """Return the examples of expressions in an epoch."""
        image_ids = self.expressions.image_ids[rows].tolist()
        draws = {image_id: self._draw(image_id, epoch) for image_id in dict.fromkeys(image_ids)}
        seen = [
            self._seen(row, draws[image_id]) for row, image_id in zip(rows, image_ids, strict=True)
        ]
        distinct = list(dict.fromkeys(seen))
        geometries = [self._geometry(one, draws[one[0]]) for one in distinct]
        index = [distinct.index(one) for one in seen]
        targets = [
            Frame(geometries[at]).to_input(self.targets[row : row + 1])
            for row, at in zip(rows.tolist(), index, strict=True)
        ]
        texts = [self._text(row, draws[at]) for row, at in zip(rows, image_ids, strict=True)]
        inputs = assembled(
            [image_id for image_id, _ in distinct],
            geometries,
            torch.tensor(index),
            texts,
            lambda: self._images(distinct, draws),
            tokenize=self.tokenize,
            features=self.features,
        )
        return BoxBatch(
            inputs=inputs,
            targets=torch.from_numpy(np.concatenate(targets).astype(np.float32)),
            expression_ids=torch.from_numpy(self.expressions.expression_ids[rows]),
        )

    def _draw(self, image_id: int, epoch: int) -> Drawn:
        key = [self.seed, epoch, image_id]
        options = self.augmentation
        variation = draw_variation(options.flip, options.color_jitter, key)
        rows = self.rows_of[image_id]
        stored = self._stored(image_id)
        placement = draw_placement(
            stored.size,
            stored.forward(self.targets[rows[self.movable[rows]]]),
            self.geometry,
            side=self.side,
            fit=self.fit,
            mirrored=variation.mirrored,
            key=key,
            published=self.published,
        )
        return Drawn(variation, placement)

    def _stored(self, image_id: int) -> Geometry:
        """Return the geometry from a source image to the stored one."""
        photo = self.photos[image_id]
        return stored_geometry(self.dataset, (photo.width, photo.height))

    def _seen(self, row: int, drawn: Drawn) -> Seen:
        """Return the version of the image that an expression sees."""
        image_id, window = int(self.expressions.image_ids[row]), drawn.placement.window
        if window is None or not self.movable[row]:
            return image_id, False
        stored = self._stored(image_id)
        target = stored.forward(self.targets[row : row + 1])
        share = float(window.geometry(stored.size).visible_share(target)[0])
        return image_id, share >= self.geometry.crop_keep - 1e-9

    def _transform(self, seen: Seen, drawn: Drawn) -> Transform:
        cropped = drawn.placement.cropped
        return cropped if seen[1] and cropped is not None else drawn.placement.whole

    def _geometry(self, seen: Seen, drawn: Drawn) -> Geometry:
        photo = self.photos[seen[0]]
        transform = self._transform(seen, drawn)
        return geometry_of(self.dataset, (photo.width, photo.height), transform)

    def _images(self, distinct: Sequence[Seen], draws: dict[int, Drawn]) -> list[Image.Image]:
        """Decode each stored image once, and return the inputs of all versions."""
        image_ids = list(dict.fromkeys(image_id for image_id, _ in distinct))
        stored = dict(zip(image_ids, self.dataset.images(np.array(image_ids)), strict=True))
        return [
            self._colored(self._transform(one, draws[one[0]]), stored[one[0]], draws[one[0]])
            for one in distinct
        ]

    def _colored(self, transform: Transform, image: Image.Image, drawn: Drawn) -> Image.Image:
        """Transform an image and vary its colors, padding excluded."""
        shown = transform.apply(image)
        variation = drawn.variation._replace(mirrored=False)
        if variation == Variation(False, 1.0, 1.0, 1.0):
            return shown
        left, top, right, bottom = map(int, transform.geometry(image.size).content)
        pixels = np.array(shown)
        inside = pixels[None, top:bottom, left:right]
        pixels[top:bottom, left:right] = varied(inside, variation)[0]
        return Image.fromarray(pixels)

    def _text(self, row: int, drawn: Drawn) -> str:
        text = self.expressions.texts[row]
        return swap_left_right(text) if drawn.variation.mirrored else text
