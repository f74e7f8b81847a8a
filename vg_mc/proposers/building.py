"""Build the selected detector, once per process, and run it on images."""

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

LOWEST = 0.001  # the confidence threshold of ultralytics' own validation


def ask(
    choice: ProposerChoice,
    photos: list[Photo],
    pixels: list[NDArray[np.uint8]],
    sentences: Sequence[Sequence[str]] = (),
) -> list[list[Proposal]]:
    """Run the detector on images; it is built at the first call in each process.

    On a CPU it uses one thread, since a different order of summation would change the last bits of
    the boxes, and the dataset must not depend on the number of workers.

    Args:
        choice: The detector and its settings.
        photos: The images.
        pixels: RGB pixels of each image, shape (H, W, 3).
        sentences: Expressions about each image, for detectors that take text.

    Returns:
        The proposals of each image.
    """
    proposer = build_proposer(choice)
    if choice.device != "cpu":
        return proposer.propose(photos, pixels, sentences)
    with _one_thread():
        return proposer.propose(photos, pixels, sentences)


@lru_cache(maxsize=2)
def build_proposer(choice: ProposerChoice) -> Proposer:
    """Build the detector that `choice` describes.

    Its confidence threshold is lowered only if images without detections need weaker boxes, since
    non-maximum suppression of many weak boxes is slow on a CPU.

    Raises:
        ValueError: If the proposer is not a detector, or has no weights.
    """
    build = KINDS[choice.kind].build
    if build is None or choice.source is None:
        raise ValueError(f"the proposer {choice.kind} is not a detector, or has no weights")
    all_the_way_down = choice.when_empty == "lower-confidence"
    confidence = min(LOWEST, choice.confidence) if all_the_way_down else choice.confidence
    return build(replace(choice, confidence=confidence, device=process_device(choice.device)))


def process_device(device: str) -> str:
    """Return the device of this process.

    If several processes were launched on this machine, ``cuda`` becomes the GPU of the local rank.
    A device with an index, such as ``cuda:1``, is used by all processes.
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
