"""Our accuracy as a metric of Hugging Face's ``evaluate``, for users of that library.

This is the only module that imports it: the import takes seconds. The library takes this file by
its path, and the package must be installed beside it::

    metric = evaluate.load("vg_mc/scoring/rec_accuracy.py")
    metric.add_batch(predictions=boxes, references=targets)
    metric.compute()
"""

import datasets
import evaluate
import numpy as np

from vg_mc.boxes.arithmetic import Boxes, as_boxes, paired_gious, paired_ious
from vg_mc.metrics.answers import localization

_DESCRIPTION = "Share of predicted boxes that fit the target, and how well they fit on average."
_INPUTS = """
Args:
    predictions: Boxes as four floats: left, top, right, bottom, in continuous pixels. One that is
        turned inside out, or has a NaN, is wrong and has an IoU of 0.
    references: The targets, likewise; one that is no box is refused.
Returns:
    accuracy: Share with an IoU > 0.5.
    accuracy_at_least: Share with an IoU >= 0.5.
    accuracy@T: Share with an IoU > T, for T of 0.1, 0.3, 0.7, 0.75 and 0.9.
    mean_accuracy: Mean of the shares for T of 0.5, 0.55 and so on to 0.95.
    giou_accuracy: Share with a generalised IoU >= 0.5, the rule of MDETR.
    mean_iou: Mean IoU.
"""


class RecAccuracy(evaluate.Metric):
    """Accuracy of referring expression comprehension, one predicted box per expression."""

    def _info(self) -> evaluate.MetricInfo:
        box = datasets.List(datasets.Value("float64"), length=4)
        return evaluate.MetricInfo(
            description=_DESCRIPTION,
            citation="",
            inputs_description=_INPUTS,
            features=datasets.Features({"predictions": box, "references": box}),
        )

    def _compute(
        self, predictions: list[list[float]], references: list[list[float]]
    ) -> dict[str, float]:
        boxes, targets = as_boxes(predictions), as_boxes(references)
        _refuse_what_is_no_box(targets)
        located = localization(paired_ious(boxes, targets), paired_gious(boxes, targets))
        return {name: float(values.mean()) for name, values in located.items()}


def _refuse_what_is_no_box(targets: Boxes) -> None:
    """Notice (left, top, width, height) where its numbers cannot be corners."""
    if not len(targets):
        raise ValueError("expected one or more boxes, found none")
    sound = np.isfinite(targets).all(axis=1) & (targets[:, 2:] >= targets[:, :2]).all(axis=1)
    if not sound.all():
        place = int(np.flatnonzero(~sound)[0])
        found = targets[place].tolist()
        raise ValueError(f"reference {place}: expected left, top, right, bottom, found {found}")
