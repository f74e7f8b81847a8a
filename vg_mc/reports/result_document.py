"""Results for programs: every number of every row, with its interval and its denominator."""

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from vg_mc.metrics.calibration import ReliabilityBin
from vg_mc.metrics.resampling import Estimate
from vg_mc.reports.columns import DECIMALS
from vg_mc.scoring import Curve, SplitReport
from vg_mc.scoring.split_report import GroupScores

Json = dict[str, Any]


def json_text(reports: Sequence[SplitReport], protocol: Mapping[str, str]) -> str:
    """Spell results for programs: shares, not percentages, and null for a share of nothing."""
    document = {"protocol": dict(protocol), "results": [_result(report) for report in reports]}
    return json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def _result(report: SplitReport) -> Json:
    numbers = report.numbers
    values = {name: each.value for name, each in numbers.items()} | asdict(report.scores)
    return {
        "name": report.name,
        "split": report.split,
        "subset": report.subset or None,
        "images": report.images,
        "scores": _rounded(values),
        "intervals": {name: _interval(each) for name, each in numbers.items()},
        "denominators": {name: each.of for name, each in numbers.items()},
        "accuracy_by_threshold": _points(report.accuracy_curve, "iou_above"),
        "ceiling_by_threshold": _points(report.ceiling_curve, "iou_above"),
        "recall_by_proposals": _points(report.proposal_curve, "proposals"),
        "reliability": _bins(report.reliability),
        "breakdowns": {name: _groups(each) for name, each in report.breakdowns.items()},
        "confusion": {target: dict(chosen) for target, chosen in report.confusion.items()},
    }


def _points(curve: Curve, axis: str) -> list[Json]:
    return [
        {axis: at} | _estimate(each) for at, each in zip(curve.at, curve.estimates, strict=True)
    ]


def _groups(groups: Iterable[GroupScores]) -> list[Json]:
    return [
        {"group": group.name, "accuracy": _estimate(group.accuracy)}
        | {"ceiling": _estimate(group.ceiling)}
        for group in groups
    ]


def _bins(bins: Iterable[ReliabilityBin]) -> list[Json]:
    return [_rounded(asdict(each)) for each in bins]


def _estimate(estimate: Estimate) -> Json:
    return _rounded(asdict(estimate))


def _interval(estimate: Estimate) -> list[float | None]:
    return list(_rounded({"low": estimate.low, "high": estimate.high}).values())


def _rounded(values: Mapping[str, float]) -> dict[str, float | None]:
    return {
        name: None if math.isnan(value) else round(value, DECIMALS)
        for name, value in values.items()
    }
