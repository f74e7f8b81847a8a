"""What a training run is asked to do."""

from dataclasses import dataclass

from vg_mc.batching import Batching


@dataclass(frozen=True, slots=True)
class TrainingSettings:
    """Everything that decides on the weights of a run, besides the data and the start.

    Attributes:
        candidates: With batching by expression, the target and how many others make a question.
        batch_size: Expressions, or images with batching by image, per optimizer step, counted over
            all processes.
        accumulation: Parts in which each process computes its share of a batch.
        warmup_ratio: Share of all steps in which the learning rate rises from zero.
        max_gradient_norm: Longer gradients are scaled down to it.
        freeze_batch_norm: Keep the statistics that the model came with.
        checkpoint_steps: Steps between checkpoints; there is always one at the end of an epoch.
    """

    batching: Batching
    candidates: int
    epochs: int
    batch_size: int
    accumulation: int
    learning_rate: float
    weight_decay: float
    warmup_ratio: float
    max_gradient_norm: float
    freeze_batch_norm: bool
    evaluation_batch_size: int
    checkpoint_steps: int
    seed: int

    @property
    def question_size(self) -> int | None:
        """Candidates per question; None where an image's candidates are all encoded anyway."""
        return self.candidates if self.batching == "expression" else None
