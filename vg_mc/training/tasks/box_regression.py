"""Box regression task: a dual encoder with a head predicts the box of each expression."""

from collections import ChainMap
from collections.abc import Mapping
from dataclasses import asdict
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from accelerate import Accelerator
from torch import nn

from vg_mc.boxes.transforms import FITS
from vg_mc.errors import BadInputError
from vg_mc.grounders.box_model import BoxModelGrounder
from vg_mc.models.box_predictors.building import build_predictor, freeze_unused, save_predictor
from vg_mc.models.box_predictors.cached_features import CachedFeatures
from vg_mc.models.box_predictors.feature_extraction import FeatureExtraction, check_frozen
from vg_mc.models.box_predictors.inputs import Frame, geometry_of
from vg_mc.models.box_predictors.protocol import BoxPredictor, PredictorSettings
from vg_mc.models.box_predictors.registry import PREDICTORS, MeanBox
from vg_mc.models.dual_encoder import truncation_note
from vg_mc.models.trainable.freezing import freeze_batch_norm, rest
from vg_mc.models.trainable.parts import layer_shares
from vg_mc.predictions import outcomes
from vg_mc.predictions.run import answer
from vg_mc.prepared.dataset import Expressions, PreparedDataset
from vg_mc.records import TRAIN_SPLIT
from vg_mc.scoring import SplitScores, split_scores
from vg_mc.system.options import flat
from vg_mc.training.batching.batches import MicroBatch
from vg_mc.training.batching.box_examples import BoxBatch, BoxExampleMaker
from vg_mc.training.batching.plan import Units, grouped_rows, plan_epoch
from vg_mc.training.box_card import write_box_card
from vg_mc.training.forecast import box_forecast
from vg_mc.training.options import TrainingOptions
from vg_mc.training.parameters import make_trainable, share_buffers
from vg_mc.training.tasks.box_losses import box_losses, ious, pointing_losses
from vg_mc.training.tasks.box_options import BoxOptions
from vg_mc.training.tasks.protocol import VALIDATION_SPLIT, StepOutcome, Validation

if TYPE_CHECKING:
    from vg_mc.models.loading import Encoder


class BoxRegressionTask:
    """Trains a box predictor; see `Task` for the methods."""

    def __init__(
        self,
        accelerator: Accelerator,
        encoder: "Encoder",
        dataset: PreparedDataset,
        predictor: str,
        training: TrainingOptions,
        box: BoxOptions,
        *,
        num_workers: int = 0,
    ) -> None:
        """Build the head for `encoder` and select the weights to train.

        `num_workers` is the number of processes that decode images for cached features.

        Raises:
            BadInputError: If `dataset` has no whole images, or no expressions to train or validate
                on, or `encoder` lacks features that the head needs.
        """
        training.check()
        self.accelerator = accelerator
        self.dataset = dataset
        self.training = training
        self.box = box
        self.num_workers = num_workers
        self.registration = PREDICTORS[predictor]
        self.expressions = dataset.expressions(TRAIN_SPLIT)
        for split in (TRAIN_SPLIT, VALIDATION_SPLIT):
            if not len(dataset.expressions(split)):
                problem = (
                    f"expected expressions in the split {split}, which training needs, found none"
                )
                raise BadInputError(problem, file=dataset.folder)
        rows = np.arange(len(self.expressions))
        grouped = grouped_rows(self.expressions.image_ids, rows, training.examples.batching)
        # The cost of a unit grows with its expressions.
        self.grouped = Units(grouped, np.array([len(unit) for unit in grouped], np.int64))
        self.units = len(grouped)
        images = len(np.unique(self.expressions.image_ids))
        truncated = truncation_note(encoder, self.expressions.texts)
        trained = f"training on {len(rows)} expressions about {images} images"
        self.summary = "; ".join(part for part in (trained, truncated) if part)
        self.predictor = self._build(encoder, predictor)
        self.model: nn.Module = self.predictor

    def _build(self, encoder: "Encoder", predictor: str) -> BoxPredictor:
        parameters, seed = self.training.parameters, self.training.schedule.seed
        whole = self.dataset.whole_images
        mean_box = mean_target(self.dataset, self.expressions, encoder.image_size, self.box)
        make_trainable(encoder, parameters, seed)
        definition = PredictorSettings(
            predictor, self.box.heads, self.box.fit, 0 if whole is None else whole.side
        )
        model = build_predictor(encoder, definition, mean_box=mean_box, seed=seed)
        backbone = model.head.backbone
        if backbone is not None:
            if parameters.train not in ("all", "image"):
                rest(backbone.requires_grad_(requires_grad=False))
            if parameters.freezes_batch_norm:
                freeze_batch_norm(backbone)
        freeze_unused(model)
        if self.box.features is not None:
            check_frozen(model)
        return model

    @cached_property
    def features(self) -> CachedFeatures | None:
        """Cached features of train and val; all processes compute what is missing."""
        if self.box.features is None:
            return None
        extraction = FeatureExtraction(
            accelerator=self.accelerator,
            model=self.predictor,
            batch_size=self.training.schedule.evaluation_batch_size,
            num_workers=self.num_workers,
        )
        splits = (self.expressions, self.dataset.expressions(VALIDATION_SPLIT))
        return extraction.features(self.dataset, splits, self.box.features)

    def lr_scales(self) -> Mapping[str, float]:
        """Return the learning rate scale of each parameter."""
        decay, share = self.training.optimization.layer_decay, self.box.encoder_lr
        encoder = layer_shares(self.predictor.encoder, decay)
        scales = {f"encoder.{name}": scale * share for name, scale in encoder.items()}
        names = [name for name, _ in self.model.named_parameters() if name not in scales]
        return scales | {
            name: share if name.startswith("head.backbone.") else 1.0 for name in names
        }

    def plan(self, epoch: int, *, parts: int) -> list[list[MicroBatch]]:
        """Return the batches of an epoch, balanced in expressions.

        Raises:
            ValueError: If a part has too few units.
        """
        schedule, least = self.training.schedule, self.registration.least_expressions
        batches = -(-self.units // schedule.batch_size)
        if self.units // batches // parts < least:
            raise ValueError(
                f"{self.units} units in {batches} batches give some of the {parts} parts fewer "
                f"than {least}, which --predictor {self.registration.name} requires"
            )
        return plan_epoch(
            self.grouped,
            batch_size=schedule.batch_size,
            parts=parts,
            seed=schedule.seed,
            epoch=epoch,
        )

    def examples(self) -> BoxExampleMaker:
        """Return the dataset of training examples."""
        return self._examples(self.features)

    def _examples(self, features: CachedFeatures | None) -> BoxExampleMaker:
        encoder = self.predictor.encoder
        return BoxExampleMaker(
            self.dataset,
            self.expressions,
            encoder.tokenize,
            side=encoder.image_size,
            fit=self.box.fit,
            augmentation=self.training.augmentation,
            geometry=self.box.geometry,
            seed=self.training.schedule.seed,
            published=self.registration.published,
            features=features,
        )

    def expression_ids(self, part: MicroBatch) -> list[int]:
        """Return the ids of the expressions of a part."""
        ids: list[int] = self.expressions.expression_ids[part.expressions].tolist()
        return ids

    def step(self, model: nn.Module, batch: BoxBatch) -> StepOutcome:
        """Return the loss and the accuracy of a batch."""
        boxes, cells = model(batch.inputs)
        losses = box_losses(boxes, batch.targets, self.box.loss)
        if cells is not None and self.box.loss.pointing_loss_weight:
            pointing = pointing_losses(cells, batch.targets)
            losses = losses + self.box.loss.pointing_loss_weight * pointing
        accuracy = (ious(boxes.detach(), batch.targets) > 0.5).float().mean()
        return StepOutcome(losses.mean(), accuracy, len(batch.inputs.images))

    def validate(self, *, num_workers: int) -> Validation:
        """Return the accuracy, the mean IoU and the other scores on the validation split."""
        scores = self.scores(num_workers=num_workers)
        return Validation(scores.accuracy, asdict(scores))

    def scores(self, *, num_workers: int) -> SplitScores:
        """Predict the validation split and return its scores."""
        share_buffers(self.model)
        grounder = BoxModelGrounder(
            accelerator=self.accelerator,
            model=self.predictor,
            batch_size=self.training.schedule.evaluation_batch_size,
            num_workers=num_workers,
            features=self.features,
        )
        return split_scores(outcomes(answer(grounder, self.dataset, VALIDATION_SPLIT)))

    def save(
        self,
        folder: Path,
        *,
        epoch: int,
        validation: Validation,
        arithmetic: Mapping[str, object],
    ) -> None:
        """Save the encoder as a standard model, the head beside it, and a card."""
        save_predictor(self.predictor, folder)
        write_box_card(
            folder,
            self.predictor,
            self.dataset.manifest,
            {**self._settings(), **arithmetic},
            epoch=f"{epoch} of {self.training.schedule.epochs}",
            validation=validation,
        )

    def _settings(self) -> dict[str, object]:
        """Return the options of this task and of the run."""
        training = self.training
        groups = (training.augmentation, training.schedule, training.optimization)
        own = [flat(group) for group in (*groups, training.parameters, self.box)]
        settings: dict[str, object] = {"predictor": self.registration.name}
        settings |= {"batching": training.examples.batching} | dict(ChainMap(*own))
        del settings["features"]  # a path of this machine
        return settings

    def size_of(self, batch: BoxBatch) -> str:
        """Return the number and the size of the images of a batch."""
        count, _, height, width = batch.inputs.images.shape
        size = "cached features" if batch.inputs.features else f"{width}x{height} pixels"
        return f"{len(batch.targets)} expressions about {count} images of {size}"

    def cheaper(self) -> list[str]:
        """Return the options that reduce memory."""
        flags = [] if self.training.parameters.train == "none" else ["--train none"]
        if not self.training.parameters.gradient_checkpointing:
            flags.append("--gradient-checkpointing")
        return flags

    def forecast(self) -> str:
        """Describe the steps, images, memory and disk space of the run."""
        parts = self.training.schedule.gradient_accumulation * self.accelerator.num_processes
        return box_forecast(
            self.accelerator,
            self.predictor,
            self._examples(None).assemble,
            self.expressions.image_ids,
            self.plan(0, parts=parts),
            self.training,
        )


def mean_target(
    dataset: PreparedDataset, expressions: Expressions, side: int, box: BoxOptions
) -> MeanBox:
    """Return the mean target of expressions as cxcywh in fractions of the input's side."""
    photos, transform = dataset.photos(), FITS[box.fit](side)
    total = np.zeros(4)
    for rows in grouped_rows(expressions.image_ids, np.arange(len(expressions)), "image"):
        photo = photos[int(expressions.image_ids[rows[0]])]
        frame = Frame(geometry_of(dataset, (photo.width, photo.height), transform))
        total += frame.to_input(expressions.targets[rows]).sum(axis=0)
    return tuple((total / len(expressions)).tolist())
