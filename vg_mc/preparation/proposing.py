"""Building the proposer that was asked for, once per process."""

from functools import lru_cache

from vg_mc.preparation.settings import ProposerChoice
from vg_mc.records import Proposer


@lru_cache(maxsize=2)
def build_proposer(choice: ProposerChoice) -> Proposer:
    """Build the detector, or the reader of stored detections, that `choice` describes.

    On a CPU a detector gets one thread: sums in another order would change the last bits of its
    boxes, and the dataset is to be the same for any number of workers, each of which has a core.
    """
    if choice.source is None:
        raise ValueError(f"the proposer {choice.kind} needs a file")
    if choice.kind == "stored":
        from vg_mc.proposers.stored import StoredProposer

        return StoredProposer(choice.source, confidence=choice.confidence)
    from vg_mc.proposers.yolo import YoloProposer

    if choice.device == "cpu":
        import torch

        torch.set_num_threads(1)
    return YoloProposer(choice.source, confidence=choice.confidence, device=choice.device)
