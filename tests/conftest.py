"""Small real objects that several test files share."""

from collections.abc import Callable

import numpy as np
import pytest

from vg_mc.boxes import as_boxes, iou_matrix
from vg_mc.predictions import Predictions


def made_predictions(
    name: str = "tiny",
    split: str = "val",
    data_hash: str = "0123abcd",
    expressions: int = 12,
    questions_seed: int = 0,
    logits_seed: int = 0,
    facts: dict[str, str] | None = None,
) -> Predictions:
    """Make up predictions; of two seeds, so that two models can be asked the same questions."""
    generator = np.random.default_rng(questions_seed)
    counts = [0, *generator.integers(1, 6, size=expressions - 1)] if expressions else []
    corners = [np.sort(generator.uniform(0, 40, size=(count, 2, 2)), axis=1) for count in counts]
    boxes = [as_boxes(pair) for pair in corners]
    # Some candidate is meant wherever there is one; every third target was not proposed.
    targets = as_boxes(
        [
            rows[-1] if len(rows) and row % 3 else (50.0, 50.0, 60.0, 60.0)
            for row, rows in enumerate(boxes)
        ]
    )
    ends = np.cumsum([0, *counts])
    answers = np.random.default_rng(logits_seed)
    return Predictions(
        name=name,
        split=split,
        data_hash=data_hash,
        expression_ids=np.arange(expressions, dtype=np.int64) * 7 + 100,
        image_ids=np.arange(expressions, dtype=np.int64) // 2,
        texts=[f"the <b>object</b> number {row}, “left” & blue" for row in range(expressions)],
        categories=["circle" if row % 2 else "square" for row in range(expressions)],
        targets=targets,
        candidate_ids=[
            np.arange(ends[row], ends[row + 1], dtype=np.int64) for row in range(expressions)
        ],
        boxes=boxes,
        ious=[
            iou_matrix(rows, target[None])[:, 0]
            for rows, target in zip(boxes, targets, strict=True)
        ],
        logits=[answers.normal(0, 3, size=count).astype(np.float32) for count in counts],
        facts=facts or {"proposals": "annotations"},
    )


@pytest.fixture(scope="session")  # property tests need it to outlive their examples
def make_predictions() -> Callable[..., Predictions]:
    return made_predictions
