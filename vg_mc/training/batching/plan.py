"""Plan of the batches of an epoch: shuffled, and balanced in the number of images."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from vg_mc.prepared.dataset import Expressions
from vg_mc.training.batching.batches import Indices, MicroBatch
from vg_mc.training.batching.sampling import Batching, ExampleOptions

# Number of batches that are balanced together. A larger window is more even but less random.
WINDOW = 64


@dataclass(frozen=True, slots=True)
class Units:
    """Units that are never divided between batches: an expression, or all expressions of an image.

    Attributes:
        expressions: Indices of the expressions of each unit.
        pictures: Upper bound of the candidate images of each unit (U,). The number is lower where
            several candidates match the target.
    """

    expressions: list[Indices]
    pictures: Indices

    def __len__(self) -> int:
        return len(self.expressions)


def grouped_rows(image_ids: Indices, rows: Indices, batching: Batching) -> list[Indices]:
    """Group `rows` of expressions by image, or one by one.

    Args:
        image_ids: The image of every expression of the split.
        rows: Indices of expressions.
        batching: What a group is.
    """
    if batching == "expression":
        return [rows[index : index + 1] for index in range(len(rows))]
    order = np.argsort(image_ids[rows], kind="stable")
    ordered = image_ids[rows][order]
    return np.split(rows[order], np.flatnonzero(np.diff(ordered)) + 1)


def units_of(expressions: Expressions, rows: Indices, options: ExampleOptions) -> Units:
    """Group the expressions `rows` into units."""
    grouped = grouped_rows(expressions.image_ids, rows, options.batching)
    candidates = [max(len(expressions.candidate_ids[row]) for row in unit) for unit in grouped]
    return Units(
        grouped, np.minimum(candidates, options.most_candidates or np.inf).astype(np.int64)
    )


def plan_epoch(
    units: Units, *, batch_size: int, parts: int, seed: int, epoch: int
) -> list[list[MicroBatch]]:
    """Shuffle `units` into batches of about `batch_size` units, each divided into `parts`.

    All units are used. Batches have similar numbers of units and of images: the units are shuffled,
    and those of every `WINDOW` batches are distributed among them, the largest first. A part is one
    forward pass of one process. The parts of a batch have similar numbers of images, and the
    contents of a batch do not depend on the number of parts.

    Raises:
        ValueError: If a batch has fewer units than parts.
    """
    batches = -(-len(units) // batch_size)
    order = np.random.default_rng([seed, epoch]).permutation(len(units))
    if len(units) // max(1, batches) < parts:
        raise ValueError(f"{len(units)} units in {batches} batches cannot fill {parts} parts")
    plain = np.array_split(order, batches)
    sizes = np.array([len(batch) for batch in plain])
    return [
        _divide(units, chosen, parts, epoch)
        for stretch in np.array_split(np.arange(batches), -(-batches // WINDOW))
        for chosen in _dealt(
            np.concatenate([plain[batch] for batch in stretch]), units.pictures, sizes[stretch]
        )
    ]


def _dealt(chosen: Indices, pictures: Indices, room: Indices) -> list[Indices]:
    """Assign units, the largest first, to the group with the fewest images that is not full.

    `room` (H,) is the capacity of each of the H groups, in units.
    """
    held = np.zeros(len(room))
    hands: list[list[int]] = [[] for _ in room]
    for unit in chosen[np.argsort(-pictures[chosen], kind="stable")].tolist():
        taker = int(held.argmin())
        hands[taker].append(unit)
        held[taker] += pictures[unit] if len(hands[taker]) < room[taker] else np.inf
    return [np.array(hand, dtype=np.int64) for hand in hands]


def _divide(units: Units, chosen: Indices, parts: int, epoch: int) -> list[MicroBatch]:
    divided = [
        np.concatenate([units.expressions[unit] for unit in part])
        for part in _dealt(chosen, units.pictures, np.full(parts, len(chosen)))
    ]
    total = sum(map(len, divided))
    return [MicroBatch(epoch, rows, share=len(rows) / total) for rows in divided]


def in_turn(batches: list[list[MicroBatch]], rank: int, processes: int) -> Iterator[MicroBatch]:
    """Yield the parts of process `rank`, in the order in which it computes them."""
    for parts in batches:
        yield from parts[rank::processes]
