"""Sources of the expressions for external answers: a prepared dataset, or a table of a corpus."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from vg_mc.boxes.arithmetic import as_boxes
from vg_mc.boxes.judging import UNDECLARED
from vg_mc.corpora.splits import splits_of_files, with_known_splits
from vg_mc.corpora.table import read_table
from vg_mc.errors import BadInputError
from vg_mc.predictions.run import examples_of
from vg_mc.predictions.table import Examples
from vg_mc.prepared.dataset import PreparedDataset
from vg_mc.records import UNKNOWN_RIVALS, Corpus, ImageFolder


@dataclass(frozen=True, slots=True)
class ExpressionSource:
    """Expressions of a split.

    Attributes:
        examples: The expressions.
        image_names: File names by image id.
        corpus: Name of the corpus.
    """

    examples: Examples
    image_names: Mapping[int, str]
    corpus: str


def expressions_of_dataset(dataset: PreparedDataset, split: str) -> ExpressionSource:
    """Return the expressions of a prepared dataset.

    Raises:
        BadInputError: If the dataset does not have this split.
    """
    examples = examples_of(dataset, dataset.expressions(split))
    names = {id_: photo.file_name for id_, photo in dataset.photos().items()}
    return ExpressionSource(examples, names, dataset.manifest["corpus"])


def expressions_of_corpus(annotations: Path, split: str) -> ExpressionSource:
    """Return the expressions of a table; images are only opened for sizes missing in the table.

    Raises:
        BadInputError: If the table cannot be read or does not have this split.
    """
    corpus = read_table(
        annotations, ImageFolder(annotations.parent), declared=UNDECLARED, skip_bad=False
    )
    corpus = with_known_splits(corpus, {})
    if split == annotations.stem:  # the name of the file, as refcoco_val
        split = splits_of_files([annotations])[annotations]
    splits = {expression.split for expression in corpus.expressions}
    if split not in splits:
        problem = f"no split {split!r}; there are {', '.join(sorted(splits))}"
        raise BadInputError(problem, file=annotations, record="--split")
    names = {id_: photo.file_name for id_, photo in corpus.photos.items()}
    return ExpressionSource(_examples(corpus, split), names, corpus.name)


def _examples(corpus: Corpus, split: str) -> Examples:
    chosen = [each for each in corpus.expressions if each.split == split]
    photos = [corpus.photos[each.image_id] for each in chosen]
    return Examples(
        expression_ids=np.array([each.expression_id for each in chosen], np.int64),
        texts=[each.text for each in chosen],
        image_ids=np.array([each.image_id for each in chosen], np.int64),
        targets=as_boxes([each.target for each in chosen]),
        categories=[each.category or "" for each in chosen],
        distractors=np.full(len(chosen), UNKNOWN_RIVALS, np.int64),
        image_sizes=np.array([(photo.width, photo.height) for photo in photos], np.int64),
    )
