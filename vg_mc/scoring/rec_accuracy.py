"""Accuracy of referring expression comprehension as a metric of Hugging Face's ``evaluate``.

This is the only module that imports ``evaluate``, because the import takes seconds. The metric is
loaded by the path of this file, and needs the package to be installed::

    metric = evaluate.load("vg_mc/scoring/rec_accuracy.py")
    metric.add_batch(predictions=boxes, references=targets)
    metric.compute()
"""

import datasets
import evaluate
import numpy as np

from vg_mc.boxes.arithmetic import Boxes, as_boxes, paired_gious, paired_ious
from vg_mc.metrics.answers import localization

_DESCRIPTION = "Share of predicted boxes that match the target, and their mean IoU."
_INPUTS = """
Args:
    predictions: Boxes as four floats: left, top, right, bottom, in continuous pixels. A box with
        negative width or height, or with a NaN, counts as wrong and has an IoU of 0.
    references: The target boxes in the same format; an invalid box is an error.
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
        _check_targets(targets)
        located = localization(paired_ious(boxes, targets), paired_gious(boxes, targets))
        return {name: float(values.mean()) for name, values in located.items()}


def _check_targets(targets: Boxes) -> None:
    """Check that targets are valid xyxy boxes; this finds many boxes that are xywh.

    Raises:
        ValueError: If there are no targets, or one is not finite or has a negative width or height.
    """
    if not len(targets):
        raise ValueError("expected one or more boxes, found none")
    sound = np.isfinite(targets).all(axis=1) & (targets[:, 2:] >= targets[:, :2]).all(axis=1)
    if not sound.all():
        place = int(np.flatnonzero(~sound)[0])
        found = targets[place].tolist()
        raise ValueError(f"reference {place}: expected left, top, right, bottom, found {found}")
