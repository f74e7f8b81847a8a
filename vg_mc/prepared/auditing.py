"""Overlap between splits of prepared datasets: shared images and expressions, and ambiguities.

RefCOCO, RefCOCO+ and RefCOCOg divide the same COCO images into different splits, so a model that
was trained on one of them has seen test images of another, even if the splits within each corpus
are disjoint. Google's split of RefCOCOg shares images between its own splits.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

from vg_mc.images.coco_names import coco_name
from vg_mc.prepared.dataset import PreparedDataset
from vg_mc.records import TRAIN_SPLIT

DECIMALS = 2  # pixel coordinates are rounded, because copies of a corpus round their boxes

Meaning = tuple[float, ...]  # a target with rounded coordinates


@dataclass(frozen=True, slots=True)
class Part:
    """One split of one dataset.

    Attributes:
        file_names: File name of each image, by the key of `photo_key`.
        sentences: For each pair of image key and normalized text, the number of expressions per
            target.
    """

    dataset: str
    split: str
    file_names: dict[str, str]
    sentences: dict[tuple[str, str], Counter[Meaning]]

    @property
    def name(self) -> str:
        """Name in reports: dataset and split."""
        return f"{self.dataset} {self.split}"

    @property
    def is_train(self) -> bool:
        """Whether this is a training split."""
        return self.split == TRAIN_SPLIT

    @property
    def expressions(self) -> int:
        """Number of expressions."""
        return sum(meant.total() for meant in self.sentences.values())

    @property
    def duplicates(self) -> int:
        """Number of expressions that repeat another one: same text, same target."""
        return sum(meant.total() - len(meant) for meant in self.sentences.values())

    @property
    def ambiguous(self) -> int:
        """Number of expressions whose text refers to several targets of one image."""
        return sum(meant.total() for meant in self.sentences.values() if len(meant) > 1)


@dataclass(frozen=True, slots=True)
class Sharing:
    """Overlap of two splits.

    Attributes:
        photos: Number of images that occur in both splits.
        expressions: Number of expressions of the second split that also occur in the first, with
            the same text and target.
    """

    first: Part
    second: Part
    photos: int
    expressions: int

    @property
    def leaks(self) -> bool:
        """Whether exactly one of the splits is a training split, so that evaluation data leaks."""
        return self.first.is_train != self.second.is_train


def photo_key(file_name: str) -> str:
    """Return a key of an image that is the same in all corpora.

    It is the number of a COCO image, and the file name of any other image.
    """
    found = coco_name(file_name)
    return f"COCO {found.number}" if found and found.ending == ".jpg" else file_name


def names_of(datasets: Sequence[PreparedDataset]) -> list[str]:
    """Return a unique name of each dataset: the corpus, with its folder if it occurs twice."""
    corpora = [str(dataset.manifest["corpus"]) for dataset in datasets]
    return [
        corpus if corpora.count(corpus) == 1 else f"{corpus} ({dataset.folder})"
        for dataset, corpus in zip(datasets, corpora, strict=True)
    ]


def parts_of(datasets: Sequence[PreparedDataset]) -> list[Part]:
    """Read all splits of all datasets; each dataset gets a unique name."""
    return [
        _read(dataset, name, split)
        for dataset, name in zip(datasets, names_of(datasets), strict=True)
        for split in dataset.splits
    ]


def sharings(parts: Sequence[Part]) -> list[Sharing]:
    """Compare all pairs of splits; pairs without a common image are omitted, leaks come first."""
    found = [
        Sharing(first, second, len(common), _common_expressions(first, second))
        for first, second in combinations(parts, 2)
        if (common := first.file_names.keys() & second.file_names.keys())
    ]
    return sorted(found, key=lambda sharing: not sharing.leaks)


def fair_photos(parts: Sequence[Part]) -> list[str]:
    """Return the file names of all training images that do not occur in any evaluation split."""
    evaluated = {key for part in parts if not part.is_train for key in part.file_names}
    fair = {
        key: name
        for part in parts
        if part.is_train
        for key, name in part.file_names.items()
        if key not in evaluated
    }
    return sorted(fair.values())


def _read(dataset: PreparedDataset, name: str, split: str) -> Part:
    photos, expressions = dataset.photos(), dataset.expressions(split)
    keys = {image_id: photo_key(photo.file_name) for image_id, photo in photos.items()}
    sentences: dict[tuple[str, str], Counter[Meaning]] = {}
    columns = (expressions.image_ids.tolist(), expressions.texts, expressions.targets.tolist())
    for image_id, text, target in zip(*columns, strict=True):
        words = " ".join(text.casefold().split())
        meant = sentences.setdefault((keys[image_id], words), Counter())
        meant[tuple(round(edge, DECIMALS) for edge in target)] += 1
    used = dict.fromkeys(expressions.image_ids.tolist())
    file_names = {keys[image_id]: photos[image_id].file_name for image_id in used}
    return Part(name, split, file_names, sentences)


def _common_expressions(first: Part, second: Part) -> int:
    return sum(
        count
        for sentence, meant in second.sentences.items()
        if sentence in first.sentences
        for target, count in meant.items()
        if target in first.sentences[sentence]
    )
