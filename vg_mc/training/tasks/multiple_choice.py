"""Multiple-choice task: a dual encoder ranks the candidate images of an expression."""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from accelerate import Accelerator
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from vg_mc.errors import BadInputError
from vg_mc.models.dual_encoder import DualEncoder, truncation_note
from vg_mc.models.trainable.parts import layer_shares
from vg_mc.predictions import outcomes
from vg_mc.predictions.run import predict
from vg_mc.prepared.dataset import PreparedDataset
from vg_mc.records import TRAIN_SPLIT
from vg_mc.scoring import SplitScores, split_scores
from vg_mc.training.batching.batches import Batch, MicroBatch
from vg_mc.training.batching.examples import ExampleMaker
from vg_mc.training.batching.plan import plan_epoch, units_of
from vg_mc.training.batching.sampling import drawn_from, left_out, trainable
from vg_mc.training.forecast import forecast
from vg_mc.training.model_card import write_model_card
from vg_mc.training.options import TrainingOptions
from vg_mc.training.parameters import make_trainable, share_buffers
from vg_mc.training.tasks.losses import mean_loss
from vg_mc.training.tasks.protocol import VALIDATION_SPLIT, StepOutcome, Validation

if TYPE_CHECKING:
    from vg_mc.models.loading import Encoder

NO_CANDIDATE = float("-inf")


class MultipleChoice(nn.Module):
    """Ranks candidates by the image-text similarity of the encoder; adds no weights."""

    def __init__(self, encoder: DualEncoder, *, image_chunk: int = 0) -> None:
        """Wrap `encoder`, whose weights are the weights of this module.

        If `image_chunk` is above 0, images are encoded in chunks of this size and again in the
        backward pass, so that activations are kept for one chunk only.
        """
        super().__init__()
        self.encoder = encoder
        self.image_chunk = image_chunk

    def forward(self, batch: Batch) -> Tensor:
        """Return logits (B, C), minus infinity where there is no candidate.

        Each image and each distinct text is encoded once.
        """
        images = self._encode_images(batch.pictures)
        texts = self.encoder.encode_texts(batch.tokens)
        logits = self.encoder.logits(images, texts)[batch.text_index]  # (B, N)
        logits = logits.gather(1, batch.candidate_index)
        return logits.masked_fill(~batch.candidate_mask, NO_CANDIDATE)

    def _encode_images(self, images: Tensor) -> Tensor:
        if not self.image_chunk:
            return self.encoder.encode_images(images)
        # Autocast and the random state of dropout are restored when a chunk is recomputed.
        chunks = [
            checkpoint(self.encoder.encode_images, chunk, use_reentrant=False)
            for chunk in torch.split(images, self.image_chunk)
        ]
        return torch.cat(chunks)


class MultipleChoiceTask:
    """Fine-tunes an encoder by cross-entropy over candidates; see `Task` for the methods."""

    def __init__(
        self,
        accelerator: Accelerator,
        encoder: "Encoder",
        dataset: PreparedDataset,
        options: TrainingOptions,
    ) -> None:
        """Select the trainable weights of `encoder` and the expressions that can be trained on.

        Raises:
            BadInputError: If `dataset` cannot be trained or validated on with these options.
        """
        options.check()
        self.accelerator = accelerator
        self.encoder = encoder
        self.dataset = dataset
        self.options = options
        self.expressions = drawn_from(
            dataset.expressions(TRAIN_SPLIT),
            dataset.are_annotations(),
            options.examples.train_proposals,
        )
        rows = trainable(self.expressions)
        self.grouped = units_of(self.expressions, rows, options.examples)
        self.units = len(self.grouped)
        self.summary = _summary(len(self.expressions), len(rows), *left_out(self.expressions))
        truncated = truncation_note(encoder, self.expressions.texts)
        self.summary = "; ".join(part for part in (self.summary, truncated) if part)
        if not self.units:
            problem = "no training expression has both a positive and a negative candidate"
            raise BadInputError(f"{problem}; {self.summary}", file=dataset.folder)
        if not len(dataset.expressions(VALIDATION_SPLIT)):
            problem = f"the split {VALIDATION_SPLIT}, which selects the best model, is empty"
            raise BadInputError(problem, file=dataset.folder)
        make_trainable(encoder, options.parameters, options.schedule.seed)
        self.model: nn.Module = MultipleChoice(
            encoder, image_chunk=options.parameters.picture_chunk
        )

    def lr_scales(self) -> Mapping[str, float]:
        """Return the learning rate scale of each parameter."""
        scales = layer_shares(self.encoder, self.options.optimization.layer_decay)
        return {f"encoder.{name}": scale for name, scale in scales.items()}

    def plan(self, epoch: int, *, parts: int) -> list[list[MicroBatch]]:
        """Return the batches of an epoch, balanced in expressions and images."""
        schedule = self.options.schedule
        return plan_epoch(
            self.grouped,
            batch_size=schedule.batch_size,
            parts=parts,
            seed=schedule.seed,
            epoch=epoch,
        )

    def examples(self) -> ExampleMaker:
        """Return the dataset of training examples."""
        return ExampleMaker(self.dataset, self.expressions, self.encoder.tokenize, self.options)

    def expression_ids(self, part: MicroBatch) -> list[int]:
        """Return the ids of the expressions of a part."""
        ids: list[int] = self.expressions.expression_ids[part.expressions].tolist()
        return ids

    def step(self, model: nn.Module, batch: Batch) -> StepOutcome:
        """Return the loss and the accuracy of a batch."""
        logits = model(batch)
        accuracy = accuracy_of(logits, batch)
        loss = mean_loss(logits, batch, self.options.loss)
        return StepOutcome(loss, accuracy, len(batch.pictures))

    def validate(self, *, num_workers: int) -> Validation:
        """Return the accuracy and the other scores on the validation split."""
        scores = self.scores(num_workers=num_workers)
        return Validation(scores.accuracy, asdict(scores))

    def scores(self, *, num_workers: int) -> SplitScores:
        """Predict the validation split and return its scores."""
        share_buffers(self.model)
        predictions = predict(
            self.accelerator,
            self.encoder,
            self.dataset,
            VALIDATION_SPLIT,
            batch_size=self.options.schedule.evaluation_batch_size,
            num_workers=num_workers,
        )
        return split_scores(outcomes(predictions))

    def save(
        self,
        folder: Path,
        *,
        epoch: int,
        validation: Validation,
        arithmetic: Mapping[str, object],
    ) -> None:
        """Save the encoder as a standard model with its card."""
        self.encoder.save(folder)
        write_model_card(
            folder, self.encoder, self.dataset.manifest, self.options, epoch, validation, arithmetic
        )

    def size_of(self, batch: Batch) -> str:
        """Return the number and the size of the images of a batch."""
        count, _, height, width = batch.pictures.shape
        return f"{count} images of {width}x{height} pixels"

    def cheaper(self) -> list[str]:
        """Return the options that reduce memory."""
        examples, parameters = self.options.examples, self.options.parameters
        if examples.batching == "expression":
            flags = [f"fewer --candidates (are {examples.candidates})"]
        else:
            flags = [f"fewer --max-candidates (are {examples.max_candidates or 'all'})"]
        if parameters.freezes_batch_norm:
            chunk = parameters.picture_chunk
            flags.append(f"a lower --picture-chunk (is {chunk})" if chunk else "--picture-chunk 16")
        if not parameters.gradient_checkpointing:
            flags.append("--gradient-checkpointing")
        return flags

    def forecast(self) -> str:
        """Describe the steps, images, memory and disk space of the run."""
        parts = self.options.schedule.gradient_accumulation * self.accelerator.num_processes
        plan = self.plan(0, parts=parts)
        return forecast(self.accelerator, self.encoder, self.expressions, plan, self.options)


def accuracy_of(logits: Tensor, batch: Batch) -> Tensor:
    """Return the fraction () of expressions whose best candidate is a positive."""
    chosen = logits.argmax(dim=1, keepdim=True)
    return (batch.targets.gather(1, chosen) > 0).float().mean()


def _summary(total: int, used: int, without_positive: int, without_negative: int) -> str:
    return (
        f"training on {used} of {total} expressions; skipped {without_positive} without a positive "
        f"and {without_negative} without a negative candidate"
    )
