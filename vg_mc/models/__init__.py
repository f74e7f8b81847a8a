"""Models in which pictures and texts meet: one Protocol, one adapter per library."""

from vg_mc.models.dual_encoder import DualEncoder, TokenBatch
from vg_mc.models.freezing import freeze_batch_norm
from vg_mc.models.loading import load_encoder

__all__ = ["DualEncoder", "TokenBatch", "freeze_batch_norm", "load_encoder"]
