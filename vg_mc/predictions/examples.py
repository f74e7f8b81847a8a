"""Expressions of a prepared dataset as the columns that predictions store."""

import numpy as np
from numpy.typing import NDArray

from vg_mc.predictions.columns import Ids
from vg_mc.predictions.table import Examples
from vg_mc.prepared.dataset import Expressions, PreparedDataset


def examples_of(dataset: PreparedDataset, expressions: Expressions) -> Examples:
    """Return the columns of expressions that predictions store."""
    return Examples(
        expression_ids=expressions.expression_ids,
        texts=expressions.texts,
        image_ids=expressions.image_ids,
        targets=expressions.targets,
        categories=expressions.categories,
        distractors=expressions.rivals,
        image_sizes=_image_sizes(dataset, expressions.image_ids),
    )


def _image_sizes(dataset: PreparedDataset, image_ids: Ids) -> NDArray[np.int64]:
    """Return width and height of each expression's image in pixels, shape (B, 2)."""
    photos = dataset.photos()
    sides = [(photos[id_].width, photos[id_].height) for id_ in image_ids.tolist()]
    return np.array(sides, dtype=np.int64).reshape(-1, 2)
