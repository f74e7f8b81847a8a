"""Building the proposer that was asked for, once per process, and asking it."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from vg_mc.preparation.settings import ProposerChoice
from vg_mc.records import Photo, Proposal, Proposer


def ask(
    choice: ProposerChoice, photos: list[Photo], pixels: list[NDArray[np.uint8]]
) -> list[list[Proposal]]:
    """Let the proposer of this process, which is built at the first call, look at photos.

    On a CPU it gets one thread: sums in another order would change the last bits of its boxes, and
    the dataset is to be the same for any number of workers, each of which has a core.
    """
    proposer = build_proposer(choice)
    if choice.kind != "yolo" or choice.device != "cpu":
        return proposer.propose(photos, pixels)
    with _one_thread():
        return proposer.propose(photos, pixels)


@lru_cache(maxsize=2)
def build_proposer(choice: ProposerChoice) -> Proposer:
    """Build the detector, or the reader of stored detections, that `choice` describes."""
    if choice.source is None:
        raise ValueError(f"the proposer {choice.kind} needs a file")
    if choice.kind == "stored":
        from vg_mc.proposers.stored import StoredProposer

        return StoredProposer(choice.source, confidence=choice.confidence)
    from vg_mc.proposers.yolo import YoloProposer

    return YoloProposer(
        choice.source,
        confidence=choice.confidence,
        image_size=choice.detector_size,
        device=choice.device,
    )


@contextmanager
def _one_thread() -> Iterator[None]:
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)
