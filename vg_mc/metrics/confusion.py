"""Which categories are taken for which: the target's against that of the chosen box."""

from collections import Counter
from collections.abc import Iterable

UNKNOWN = "unknown"  # nobody says what it is
NOTHING = "nothing"  # there was no box to choose


def confusion(pairs: Iterable[tuple[str, str | None]]) -> dict[str, dict[str, int]]:
    """Count pairs of the category of the target and of the chosen box.

    Args:
        pairs: Empty names are counted as `UNKNOWN`; None, where nothing was chosen, as `NOTHING`.

    Returns:
        Counts by target and then by chosen category, the most frequent first; zeros are left out.
    """
    counts: dict[str, Counter[str]] = {}
    for target, chosen in pairs:
        seen = NOTHING if chosen is None else chosen or UNKNOWN
        counts.setdefault(target or UNKNOWN, Counter())[seen] += 1
    by_frequency = sorted(counts, key=lambda target: (-counts[target].total(), target))
    return {target: _ordered(counts[target]) for target in by_frequency}


def _ordered(counts: Counter[str]) -> dict[str, int]:
    return dict(sorted(counts.items(), key=lambda entry: (-entry[1], entry[0])))
