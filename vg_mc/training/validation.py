"""Validation: all candidates of the split by which the best model is chosen."""

from typing import TYPE_CHECKING

from accelerate import Accelerator
from accelerate.utils import broadcast

from vg_mc.errors import BadInputError
from vg_mc.predictions import outcomes
from vg_mc.predictions.run import predict
from vg_mc.prepared.dataset import PreparedDataset
from vg_mc.scoring import SplitScores, split_scores
from vg_mc.training.settings import TrainingSettings

if TYPE_CHECKING:
    from vg_mc.models.loading import Encoder

VALIDATION_SPLIT = "val"


def require_validation(dataset: PreparedDataset) -> None:
    """Make sure that there is something to validate on; better now than after an epoch.

    Raises:
        BadInputError: If the split is missing or empty.
    """
    if not len(dataset.expressions(VALIDATION_SPLIT)):
        problem = f"the split {VALIDATION_SPLIT}, by which the best model is chosen, is empty"
        raise BadInputError(problem, file=dataset.folder)


def validate(
    accelerator: Accelerator,
    encoder: "Encoder",
    dataset: PreparedDataset,
    settings: TrainingSettings,
    *,
    num_workers: int,
) -> SplitScores:
    """Score all candidates of the validation split; all processes share the work."""
    share_buffers(encoder)
    predictions = predict(
        accelerator,
        encoder,
        dataset,
        VALIDATION_SPLIT,
        batch_size=settings.evaluation_batch_size,
        num_workers=num_workers,
    )
    return split_scores(outcomes(predictions))


def share_buffers(encoder: "Encoder") -> None:
    """Give all processes the batch norm statistics of the first, whose model is kept."""
    for buffer in encoder.buffers():
        broadcast(buffer)
