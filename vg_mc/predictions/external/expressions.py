"""Sources of the expressions for external answers: a prepared dataset, or a corpus."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from vg_mc.boxes.arithmetic import as_boxes
from vg_mc.corpora.distractors import count_distractors
from vg_mc.corpora.splits import splits_of_files
from vg_mc.errors import BadInputError
from vg_mc.predictions.examples import examples_of
from vg_mc.predictions.table import Examples
from vg_mc.prepared.dataset import PreparedDataset
from vg_mc.records import UNKNOWN_DISTRACTORS, Corpus, Photo, ReferringExpression


@dataclass(frozen=True, slots=True)
class ExpressionSource:
    """Expressions of a split.

    Attributes:
        examples: The expressions.
        photos: Images by id.
        corpus: Name of the corpus.
    """

    examples: Examples
    photos: Mapping[int, Photo]
    corpus: str

    @property
    def image_names(self) -> dict[int, str]:
        """File names by image id."""
        return {id_: photo.file_name for id_, photo in self.photos.items()}


def expressions_of_dataset(dataset: PreparedDataset, split: str) -> ExpressionSource:
    """Return the expressions of a prepared dataset.

    Raises:
        BadInputError: If the dataset does not have this split.
    """
    examples = examples_of(dataset, dataset.expressions(split))
    return ExpressionSource(examples, dataset.photos(), dataset.manifest["corpus"])


def expressions_of_corpus(corpus: Corpus, split: str) -> ExpressionSource:
    """Return the expressions of a corpus.

    Raises:
        BadInputError: If the corpus does not have this split.
    """
    splits = {expression.split for expression in corpus.expressions}
    if split not in splits:  # it may be the name of a file, as refcoco_val
        of_files = splits_of_files(corpus.source_files)
        split = next((name for file, name in of_files.items() if file.stem == split), split)
    if split not in splits:
        problem = f"no split {split!r}; there are {', '.join(sorted(splits))}"
        raise BadInputError(problem, file=corpus.source_files[0], record="--split")
    return ExpressionSource(_examples(corpus, split), corpus.photos, corpus.name)


def _examples(corpus: Corpus, split: str) -> Examples:
    chosen = [each for each in corpus.expressions if each.split == split]
    photos = [corpus.photos[each.image_id] for each in chosen]
    return Examples(
        expression_ids=np.array([each.expression_id for each in chosen], np.int64),
        texts=[each.text for each in chosen],
        image_ids=np.array([each.image_id for each in chosen], np.int64),
        targets=as_boxes([each.target for each in chosen]),
        categories=[each.category or "" for each in chosen],
        distractors=np.array([_known_or_not(each, corpus) for each in chosen], np.int64),
        image_sizes=np.array([(photo.width, photo.height) for photo in photos], np.int64),
    )


def _known_or_not(expression: ReferringExpression, corpus: Corpus) -> int:
    count = count_distractors(expression, corpus)
    return UNKNOWN_DISTRACTORS if count is None else count
