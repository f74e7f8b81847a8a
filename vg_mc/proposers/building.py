"""Building the detector that was asked for, once per process, and asking it."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from vg_mc.proposers.choice import ProposerChoice
from vg_mc.proposers.registry import KINDS
from vg_mc.records import Photo, Proposal, Proposer

LOWEST = 0.001  # confidence from which on ultralytics itself counts boxes when it validates


def ask(
    choice: ProposerChoice,
    photos: list[Photo],
    pixels: list[NDArray[np.uint8]],
    sentences: Sequence[Sequence[str]] = (),
) -> list[list[Proposal]]:
    """Let the detector of this process, which is built at the first call, look at photos.

    On a CPU it gets one thread: sums in another order would change the last bits of its boxes, and
    the dataset is to be the same for any number of workers, each of which has a core.
    """
    proposer = build_proposer(choice)
    if choice.device != "cpu":
        return proposer.propose(photos, pixels, sentences)
    with _one_thread():
        return proposer.propose(photos, pixels, sentences)


@lru_cache(maxsize=2)
def build_proposer(choice: ProposerChoice) -> Proposer:
    """Build the detector that `choice` describes.

    It is asked for weaker boxes than wanted only where a photo may need them: most of its time on
    a CPU could go into suppressing them.
    """
    build = KINDS[choice.kind].build
    if build is None or choice.source is None:
        raise ValueError(f"the proposer {choice.kind} is no detector, or lacks its weights")
    all_the_way_down = choice.when_empty == "lower-confidence"
    confidence = min(LOWEST, choice.confidence) if all_the_way_down else choice.confidence
    return build(replace(choice, confidence=confidence, device=own_card(choice.device)))


def own_card(device: str) -> str:
    """Return the card that is ours where several processes were launched on this machine.

    Only ``cuda`` leaves it open; ``cuda:1`` is the card of all of them.
    """
    if device != "cuda" or "LOCAL_RANK" not in os.environ:
        return device
    import torch

    return f"cuda:{int(os.environ['LOCAL_RANK']) % torch.cuda.device_count()}"


@contextmanager
def _one_thread() -> Iterator[None]:
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)
