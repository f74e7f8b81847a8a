"""How numbers came about: without it they cannot be compared with anybody's."""

from collections.abc import Sequence

from vg_mc.metrics import RIGHT_ABOVE
from vg_mc.metrics.resampling import ROUNDS
from vg_mc.predictions import Predictions


def protocol_of(predictions: Sequence[Predictions]) -> dict[str, str]:
    """Say how the numbers of these predictions came about; where they differ, whose is what.

    Args:
        predictions: All models and splits of a table; models are told apart by their names.
    """
    protocol = {
        "right": f"IoU > {RIGHT_ABOVE}; the first of equal logits is the answer",
        "denominators": (
            "all expressions of the split, also those without proposals; "
            "covered ones for 'acc where covered', answered ones for 'calibration error'"
        ),
        "intervals": f"95 %, percentiles of {ROUNDS:,} draws of photos",
        "data": _told(predictions, [member.data_hash for member in predictions]),
    }
    for fact in sorted({fact for member in predictions for fact in member.facts}):
        protocol[fact] = _told(predictions, [member.facts.get(fact) for member in predictions])
    return protocol


def _told(predictions: Sequence[Predictions], values: Sequence[str | None]) -> str:
    """Spell a value once where all share it, and else say whose each one is."""
    if len(set(values)) == 1:
        return values[0] or ""
    names = [member.name for member in predictions]
    if len(set(zip(names, values, strict=True))) > len(set(names)):  # one name, two values
        names = [f"{member.name} on {member.split}" for member in predictions]
    parts = []
    for value in dict.fromkeys(values):
        whose = dict.fromkeys(name for name, its in zip(names, values, strict=True) if its == value)
        if value is not None:
            parts.append(f"{', '.join(whose)}: {value}")
    return "; ".join(parts)
