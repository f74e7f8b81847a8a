"""Our accuracy as a metric of Hugging Face's ``evaluate``, for users of that library.

This is the only module that imports it: the import takes seconds. ``evaluate.load`` would fetch
code from the network, so the class is used as it is::

    metric = RecAccuracy()
    metric.add_batch(predictions=boxes, references=targets)
    metric.compute()
"""

import datasets
import evaluate
import numpy as np

from vg_mc import metrics
from vg_mc.boxes import as_boxes, iou_matrix

_DESCRIPTION = "Share of predicted boxes that fit the target, and how well they fit on average."
_INPUTS = """
Args:
    predictions: Boxes as four floats: left, top, right, bottom, in continuous pixels.
    references: The targets, likewise.
Returns:
    accuracy: Share with an IoU > 0.5.
    accuracy_at_least: Share with an IoU >= 0.5.
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
        pairs = zip(predictions, references, strict=True)
        ious = np.array(
            [iou_matrix(as_boxes(box), as_boxes(target)).item() for box, target in pairs]
        )
        return {
            "accuracy": float(metrics.is_right(ious).mean()),
            "accuracy_at_least": float(metrics.is_right_at_least(ious).mean()),
            "mean_iou": float(ious.mean()),
        }
