"""Breakdowns of a split: groups of expressions with separate scores, and the confusion matrix.

The confusion matrix counts pairs of the target's category and the category of the chosen box.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vg_mc.boxes.arithmetic import areas
from vg_mc.predictions import Examples, Outcomes
from vg_mc.text.word_kinds import WordKind, word_kinds

UNKNOWN = "unknown"  # no category is given
NOTHING = "nothing"  # no box was chosen, since there were no candidates


def confusion(pairs: Iterable[tuple[str, str | None]]) -> dict[str, dict[str, int]]:
    """Count pairs of the category of the target and of the chosen box.

    Args:
        pairs: Category of the target and of the chosen box of each expression. Empty names are
            counted as `UNKNOWN`, and None as `NOTHING`.

    Returns:
        Counts by target category and then by chosen category, in descending order, without zeros.
    """
    counts: dict[str, Counter[str]] = {}
    for target, chosen in pairs:
        seen = NOTHING if chosen is None else chosen or UNKNOWN
        counts.setdefault(target or UNKNOWN, Counter())[seen] += 1
    by_frequency = sorted(counts, key=lambda target: (-counts[target].total(), target))
    return {target: _ordered(counts[target]) for target in by_frequency}


def _ordered(counts: Counter[str]) -> dict[str, int]:
    return dict(sorted(counts.items(), key=lambda entry: (-entry[1], entry[0])))


PERSON = "person"

Numbers = NDArray[np.float64]

# COCO's limits in square pixels of the image; COCO measures segments, these are areas of boxes.
SIZES = (("small (under 32²)", 32**2), ("medium (under 96²)", 96**2), ("large", np.inf))
SHARES = (("under 1 %", 0.01), ("1 to 5 %", 0.05), ("5 to 20 %", 0.2), ("20 % and more", np.inf))
CANDIDATE_COUNTS = (
    *(("0", 1), ("1", 2), ("2 to 5", 6), ("6 to 10", 11), ("11 to 20", 21)),
    ("21 and more", np.inf),
)
LENGTHS = (("1", 2), ("2", 3), ("3", 4), ("4 to 5", 6), ("6 to 10", 11), ("11 and more", np.inf))
DISTRACTORS = ((UNKNOWN, 0), ("0", 1), ("1", 2), ("2", 3), ("3", 4), ("4 and more", np.inf))
NO_KIND = "none of these"


@dataclass(frozen=True, slots=True, eq=False)
class Group:
    """A group of expressions of a split.

    Attributes:
        name: The common property of the expressions.
        members: Mask (B,) of the expressions in the group.
    """

    name: str
    members: NDArray[np.bool_]


def groupings(examples: Examples, outcomes: Outcomes) -> dict[str, list[Group]]:
    """Return all groupings of the expressions by name, without empty groups.

    The groups of a grouping are a partition of the expressions. The exception is the kind of words:
    an expression can be in several of these groups.
    """
    found = {
        "target size": _between(areas(examples.targets), SIZES),
        "share of the image": _photo_shares(examples),
        "person or object": _persons(examples),
        "category": _alike([category or UNKNOWN for category in examples.categories]),
        "distractors of the category": _distractors(examples),
        **_candidate_counts(outcomes),
        "number of words": _lengths(examples),
        "kind of words": _word_kinds(examples),
    }
    return {name: [each for each in groups if each.members.any()] for name, groups in found.items()}


def _candidate_counts(outcomes: Outcomes) -> dict[str, list[Group]]:
    if outcomes.candidates is None:
        return {}
    counts = outcomes.candidates.counts.astype(np.float64)
    return {"number of candidates": _between(counts, CANDIDATE_COUNTS)}


def _distractors(examples: Examples) -> list[Group]:
    return _between(examples.distractors.astype(np.float64), DISTRACTORS)


def _photo_shares(examples: Examples) -> list[Group]:
    return _between(areas(examples.targets) / examples.image_sizes.prod(axis=1), SHARES)


def _persons(examples: Examples) -> list[Group]:
    kinds = {PERSON: PERSON, "": UNKNOWN}
    return _alike([kinds.get(category, "object") for category in examples.categories])


def _lengths(examples: Examples) -> list[Group]:
    counts = np.array([len(text.split()) for text in examples.texts], dtype=np.float64)
    return _between(counts, LENGTHS)


def _word_kinds(examples: Examples) -> list[Group]:
    kinds = [word_kinds(text) for text in examples.texts]
    groups = [
        Group(str(kind), np.array([kind in found for found in kinds], bool)) for kind in WordKind
    ]
    return [*groups, Group(NO_KIND, np.array([not found for found in kinds], bool))]


def _between(values: Numbers, limits: Sequence[tuple[str, float]]) -> list[Group]:
    """Group `values` (B,) into intervals; the limit of a group is exclusive."""
    edges = [limit for _, limit in limits[:-1]]
    places = np.digitize(values, edges)
    return [Group(name, places == place) for place, (name, _) in enumerate(limits)]


def _alike(names: Sequence[str]) -> list[Group]:
    found, places, counts = np.unique(
        np.array(names, dtype=np.str_), return_inverse=True, return_counts=True
    )
    order = np.argsort(-counts, kind="stable")
    return [Group(str(found[place]), places == place) for place in order]
