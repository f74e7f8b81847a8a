"""How numbers came about: without it they cannot be compared with anybody's."""

from collections.abc import Sequence

from vg_mc.metrics import RIGHT_ABOVE
from vg_mc.metrics.resampling import ROUNDS
from vg_mc.predictions import Predictions


def protocol_of(predictions: Sequence[Predictions]) -> dict[str, str]:
    """Say how the numbers of these predictions came about; differing facts stand side by side."""
    protocol = {
        "right": f"IoU > {RIGHT_ABOVE}; the first of equal logits is the answer",
        "denominators": (
            "all expressions of the split, also those without proposals; "
            "covered ones for 'acc where covered', answered ones for 'calibration error'"
        ),
        "intervals": f"95 %, percentiles of {ROUNDS:,} draws of photos",
        "data": _distinct([member.data_hash for member in predictions]),
    }
    for fact in sorted({fact for member in predictions for fact in member.facts}):
        protocol[fact] = _distinct(
            [member.facts[fact] for member in predictions if fact in member.facts]
        )
    return protocol


def _distinct(values: list[str]) -> str:
    return "; ".join(dict.fromkeys(values))
