"""Which sentences are asked in which step, by which process: shuffled, and even in pictures."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from vg_mc.prepared.dataset import Expressions
from vg_mc.training.batching.batches import Indices, MicroBatch
from vg_mc.training.batching.sampling import ExampleOptions

# So many batches are made even among each other. More would be more even, but less random.
WINDOW = 64


@dataclass(frozen=True, slots=True)
class Units:
    """What stays together in a batch: an expression, or the expressions of an image.

    Attributes:
        expressions: Of each unit the indices of its expressions.
        pictures: How many pictures each unit needs (U,); a few are less where several candidates
            show the target.
    """

    expressions: list[Indices]
    pictures: Indices

    def __len__(self) -> int:
        return len(self.expressions)


def units_of(expressions: Expressions, rows: Indices, options: ExampleOptions) -> Units:
    """Group the expressions `rows` into what stays together in a batch."""
    if options.batching == "expression":
        grouped = [rows[index : index + 1] for index in range(len(rows))]
    else:
        order = np.argsort(expressions.image_ids[rows], kind="stable")
        image_ids = expressions.image_ids[rows][order]
        grouped = np.split(rows[order], np.flatnonzero(np.diff(image_ids)) + 1)
    candidates = [max(len(expressions.candidate_ids[row]) for row in unit) for unit in grouped]
    return Units(
        grouped, np.minimum(candidates, options.most_candidates or np.inf).astype(np.int64)
    )


def plan_epoch(
    units: Units, *, batch_size: int, parts: int, seed: int, epoch: int
) -> list[list[MicroBatch]]:
    """Shuffle `units` into batches of about `batch_size` units, each divided into `parts`.

    Batches hold nearly as many units, so that none is left over, and nearly as many pictures: units
    are shuffled, and those of a stretch of batches are dealt out among them, the largest first. A
    part is one forward pass of one process. Parts of a batch have nearly as many pictures, too,
    and what a batch holds does not depend on their number.

    Raises:
        ValueError: If a batch has fewer units than parts.
    """
    batches = -(-len(units) // batch_size)
    order = np.random.default_rng([seed, epoch]).permutation(len(units))
    if len(units) // max(1, batches) < parts:
        raise ValueError(f"{len(units)} units in {batches} batches cannot be cut in {parts} parts")
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
    """Deal units, the largest first, each to the hand with the fewest pictures that has room.

    `room` (H,) says how many units each of H hands can take.
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
