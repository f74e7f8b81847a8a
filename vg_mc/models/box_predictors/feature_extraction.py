"""Features of the frozen towers of a box predictor, computed once for all epochs and runs.

A cache belongs to the weights and settings of the towers, the precision, the features that the head
uses, and the versions of the libraries; those of images also to the dataset, the fit and the side
of the inputs. The head is not part of it, so runs with other options of the head share it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import torch
from accelerate import Accelerator
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.data import Dataset

from vg_mc.boxes.transforms import FITS, Transform
from vg_mc.errors import BadInputError
from vg_mc.models.box_predictors.cached_features import (
    CachedFeatures,
    FeatureShapes,
    sample_shapes,
)
from vg_mc.models.box_predictors.inputs import input_pixels
from vg_mc.models.box_predictors.protocol import BoxPredictor
from vg_mc.models.features.cache import FEATURES, RowCache
from vg_mc.models.features.extraction import (
    batches_of,
    decoded,
    gathered,
    open_on_all,
    text_keys,
    write_for_all,
)
from vg_mc.models.features.identity import model_hash
from vg_mc.models.similarity import in_evaluation_mode
from vg_mc.prepared.dataset import Expressions, PreparedDataset

Ids = NDArray[np.int64]

FILE_BYTES = 2**26  # per file of features: an interrupted run loses at most one file


class Towers(nn.Module):
    """The frozen part of a box predictor, of which features are computed."""

    def __init__(self, model: BoxPredictor) -> None:
        """Share the towers of `model`."""
        super().__init__()
        self.encoder = model.encoder
        self.backbone = model.head.backbone
        self.features = model.head.feature_definition

    def settings(self) -> dict[str, Any]:
        """Return everything besides weights and inputs that the features depend on."""
        encoder = self.encoder.settings()
        return {"encoder": encoder, "features": self.features, "timm": version("timm")}


def check_frozen(model: BoxPredictor) -> None:
    """Check that no weight of the towers is trained.

    Raises:
        BadInputError: If one is; its record is the flag.
    """
    for name, weight in Towers(model).named_parameters():
        if weight.requires_grad:
            kind = model.definition.predictor
            problem = f"requires frozen towers, but --predictor {kind} trains {name}"
            raise BadInputError(problem, record="--features")


@dataclass(frozen=True, kw_only=True)
class FeatureExtraction:
    """Computes the features of a dataset's images and texts; all processes share the work.

    Attributes:
        accelerator: The processes and the precision of the forward pass.
        model: The box predictor, on the accelerator's device.
        batch_size: Images or texts per forward pass.
        num_workers: Number of processes that decode images.
    """

    accelerator: Accelerator
    model: BoxPredictor
    batch_size: int
    num_workers: int

    def features(
        self, dataset: PreparedDataset, splits: Sequence[Expressions], folder: Path
    ) -> CachedFeatures:
        """Return the features of splits, and compute those that are missing below `folder`."""
        encoder, device = self.model.encoder, self.accelerator.device
        towers = Towers(self.model)
        home = folder / model_hash(towers, str(self.accelerator.mixed_precision))[:16]
        fit, side = self.model.definition.fit, encoder.image_size
        images = RowCache(home / f"whole-{dataset.data_hash[:16]}-{fit}-{side}", FEATURES)
        texts = RowCache(home / "texts", FEATURES)
        known: dict[str, int] = {}
        image_ids = np.concatenate([split.image_ids for split in splits])
        text_keys(encoder, [text for one in splits for text in one.texts], self.batch_size, known)
        # Not inference mode: tensors that a model caches in it could not be used for training.
        with torch.no_grad(), self.accelerator.autocast(), in_evaluation_mode(towers):
            shapes = sample_shapes(self.model, device)
            self._add_images(open_on_all(images, self.accelerator), shapes, dataset, image_ids)
            self._add_texts(open_on_all(texts, self.accelerator), shapes, known)
        return CachedFeatures(images, texts, known, shapes)

    def _add_images(
        self, cache: RowCache, shapes: FeatureShapes, dataset: PreparedDataset, image_ids: Ids
    ) -> None:
        windows = _windows(cache.missing(image_ids), sum(map(torch.Size.numel, shapes.images)))
        batches = [batch for window in windows for batch in self._batches(window)]
        transform = FITS[self.model.definition.fit](self.model.encoder.image_size)
        reader = WholeImageReader(dataset, transform)
        pixels = decoded(reader, batches, self.accelerator, self.num_workers, doing="encoding")
        for window in windows:
            rows = [self._image_rows(next(pixels)) for _ in self._batches(window)]
            self._keep(cache, window, rows)

    def _image_rows(self, pixels: Tensor) -> Tensor:
        pixels = pixels.to(self.accelerator.device, non_blocking=True)
        parts = self.model.head.image_features(self.model.encoder, pixels)
        return torch.cat([part.flatten(1).float() for part in parts], dim=1)

    def _add_texts(self, cache: RowCache, shapes: FeatureShapes, known: dict[str, int]) -> None:
        absent = set(cache.missing(np.array([*known.values()], np.int64)).tolist())
        text_of = {key: text for text, key in known.items() if key in absent}
        # Texts of similar length need little padding.
        keys = np.array(sorted(text_of, key=lambda key: (len(text_of[key]), key)), np.int64)
        for window in _windows(keys, shapes.texts.numel()):
            rows = [
                self._text_rows([text_of[key] for key in batch.tolist()], shapes)
                for batch in self._batches(window)
            ]
            self._keep(cache, window, rows)

    def _text_rows(self, texts: list[str], shapes: FeatureShapes) -> Tensor:
        encoder = self.model.encoder
        features = self.model.head.text_features(encoder, encoder.tokenize(texts)).float()
        if shapes.of_tokens:
            features = F.pad(features, (0, 0, 0, shapes.texts[0] - features.shape[1]))
        return features.flatten(1)

    def _batches(self, ids: Ids) -> list[Ids]:
        return batches_of(ids, self.accelerator, self.batch_size)

    def _keep(self, cache: RowCache, keys: Ids, rows: list[Tensor]) -> None:
        everyone = gathered(torch.cat(rows), len(keys), self.accelerator)
        write_for_all(cache, keys, everyone, self.accelerator)


class WholeImageReader(Dataset[Tensor]):
    """Decodes the whole images of a batch of ids, in the workers of a data loader."""

    def __init__(self, dataset: PreparedDataset, transform: Transform) -> None:
        """Read images as `transform` makes them square."""
        self.dataset = dataset
        self.transform = transform

    def __getitem__(self, image_ids: Ids) -> Tensor:
        return input_pixels([self.transform.apply(one) for one in self.dataset.images(image_ids)])


def _windows(keys: Ids, width: int) -> list[Ids]:
    """Divide keys into those of one file each, for rows of `width` numbers."""
    count = max(1, FILE_BYTES // (4 * width))
    return [keys[start : start + count] for start in range(0, len(keys), count)]
