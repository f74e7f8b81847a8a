"""Columns of result tables: headings and number formats.

Shares have four decimals in JSON files and two decimals as percentages in tables, so that all
files of a result agree.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from vg_mc.metrics.answers import NAMED_THRESHOLDS
from vg_mc.metrics.significance import Difference
from vg_mc.scoring import SplitReport
from vg_mc.scoring.ratios import RECALLED

NOTHING = "–"  # a share with denominator 0
NOT_APPLICABLE = ""  # not applicable, such as the proposals of a box predictor
DECIMALS = 4  # of shares


def percent(share: float | None) -> str:
    """Format a share as a percentage; None (not applicable) gives an empty cell.

    The share is rounded first, so that tables agree with the JSON file.
    """
    if share is None:
        return NOT_APPLICABLE
    return NOTHING if math.isnan(share) else f"{100 * round(share, DECIMALS):.2f}"


def points(share: float, sign: str = "") -> str:
    """Format a share, or a difference of two, in percentage points.

    The share is rounded first, as in `percent`. With `sign` "+", gains have a sign as well; a
    value that rounds to 0 has none.
    """
    if math.isnan(share):
        return NOTHING
    rounded = round(share, DECIMALS) or 0.0
    return f"{100 * rounded:{sign if rounded else ''}.2f}"


def gain_interval(difference: Difference) -> str:
    """Format the interval of a difference of two accuracies in percentage points."""
    if math.isnan(difference.low):
        return NOTHING
    return f"{points(difference.low, '+')} to {points(difference.high, '+')}"


def p_value(value: float) -> str:
    """Format a p-value; values below 0.001 are not resolved."""
    if math.isnan(value):
        return NOTHING
    return "< 0.001" if value < 0.001 else f"{value:.3f}"


def number(value: float | None) -> str:
    """Format a number that is not a share; None (not applicable) gives an empty cell."""
    if value is None:
        return NOT_APPLICABLE
    return NOTHING if math.isnan(value) else f"{round(value, DECIMALS):.2f}"


@dataclass(frozen=True, slots=True)
class Column:
    """A column of result tables.

    Attributes:
        cell: Returns the text of a row's cell; None (not applicable) gives an empty cell.
        brief: Heading on the terminal, empty if the column is left out there.
        name: Name of the estimate with interval and denominator, empty for plain counts.
        spell: Formats such an estimate.
    """

    heading: str
    brief: str
    cell: Callable[[SplitReport], str | None]
    name: str = ""
    spell: Callable[[float], str] = percent


def _share(name: str, heading: str, brief: str = "") -> Column:
    return Column(heading, brief, lambda report: percent(_value(report, name)), name)


def _similarity(name: str, heading: str) -> Column:
    return Column(heading, "", lambda report: number(_value(report, name)), name, number)


def _score(name: str, heading: str, brief: str) -> Column:
    return Column(heading, brief, lambda report: percent(getattr(report.scores, name)), name)


def _count(name: str, heading: str, brief: str = "") -> Column:
    return Column(heading, brief, lambda report: _integer(getattr(report.scores, name)))


def _value(report: SplitReport, name: str) -> float | None:
    return report.numbers[name].value if name in report.numbers else None


def _integer(count: int | None) -> str:
    return NOT_APPLICABLE if count is None else str(count)


# The interval of the first column. Pages omit these columns and show it below each number.
INTERVAL_COLUMNS = (
    Column("from %", "from", lambda report: percent(report.numbers["accuracy"].low)),
    Column("to %", "to", lambda report: percent(report.numbers["accuracy"].high)),
)
COLUMNS = (
    _score("accuracy", "acc@0.5 (IoU > 0.5) %", "IoU>0.5"),
    *INTERVAL_COLUMNS,
    _score("accuracy_at_least", "acc (IoU ≥ 0.5) %", "IoU≥0.5"),
    _score("mean_iou", "mean IoU %", "mean IoU"),
    _score("proposal_recall", "proposal recall %", "recall"),
    _score("accuracy_where_covered", "acc where covered %", "covered acc"),
    _score("chance", "chance %", "chance"),
    Column("candidates each", "candidates", lambda report: number(report.scores.mean_candidates)),
    _count("expressions", "expressions", "expressions"),
    _count("covered", "covered"),
    _count("without_proposals", "without proposals"),
)

_OTHER_RULES = (
    *(_share(f"accuracy@{above}", f"acc@{above} %") for above in NAMED_THRESHOLDS),
    _share("mean_accuracy", "acc@0.5:0.95 %"),
    _share("giou_accuracy", "acc (GIoU ≥ 0.5) %"),
    *(_share(f"recall@{count}", f"recall@{count} %") for count in RECALLED),
    _share("calibration_error", "calibration error %"),
)
_SIMILARITIES = (
    _similarity("target_cosine", "cosine to target"),
    _similarity("target_distance", "distance to target"),
    _similarity("sentence_cosine", "cosine to sentence"),
    _similarity("sentence_distance", "distance to sentence"),
)


def other_columns(reports: Sequence[SplitReport]) -> tuple[Column, ...]:
    """Return the columns of the second table; similarities are included if any report has them."""
    compared = any("target_cosine" in report.numbers for report in reports)
    return (*_OTHER_RULES, *(_SIMILARITIES if compared else ()))
