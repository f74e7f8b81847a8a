"""Overlap between splits of prepared datasets: shared images and expressions, and ambiguities.

RefCOCO, RefCOCO+ and RefCOCOg divide the same COCO images into different splits, so a model that
was trained on one of them has seen test images of another, even if the splits within each corpus
are disjoint. Google's split of RefCOCOg shares images between its own splits.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from vg_mc.prepared.dataset import PreparedDataset
from vg_mc.prepared.same_images import KnownImages, alike, known_images
from vg_mc.records import TRAIN_SPLIT

DECIMALS = 2  # pixel coordinates are rounded, because copies of a corpus round their boxes

Meaning = tuple[float, ...]  # a target with rounded coordinates


@dataclass(frozen=True, slots=True)
class Part:
    """One split of one dataset.

    Attributes:
        file_names: File name of each image by its key, see `same_images`.
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
        probable: Keys of different images that look alike, one of each split.
    """

    first: Part
    second: Part
    photos: int
    expressions: int
    probable: list[tuple[str, str]]

    @property
    def leaks(self) -> bool:
        """Whether exactly one of the splits is a training split, so that evaluation data leaks."""
        return self.first.is_train != self.second.is_train


@dataclass(frozen=True, slots=True)
class Audit:
    """All findings about the images and expressions of some datasets.

    Attributes:
        parts: The splits of all datasets.
        shared: Overlaps of two splits, leaks first.
        fair: File names of the training images that are not in any evaluation split, nor look like
            an image there.
        named_only: Names of the datasets without fingerprints, whose images are compared by name.
    """

    parts: list[Part]
    shared: list[Sharing]
    fair: list[str]
    named_only: list[str]


def audit(datasets: Sequence[PreparedDataset]) -> Audit:
    """Compare all splits of all datasets; each dataset gets a unique name."""
    named = dict(zip(names_of(datasets), datasets, strict=True))
    images = known_images(named)
    parts = [
        _read(dataset, name, split, keys)
        for (name, dataset), keys in zip(named.items(), images.keys, strict=True)
        for split in dataset.splits
    ]
    shared = _sharings(parts, images)
    return Audit(parts, shared, _fair_photos(parts, shared), images.named_only)


def names_of(datasets: Sequence[PreparedDataset]) -> list[str]:
    """Return a unique name of each dataset: the corpus, with its folder if it occurs twice."""
    corpora = [str(dataset.manifest["corpus"]) for dataset in datasets]
    return [
        corpus if corpora.count(corpus) == 1 else f"{corpus} ({dataset.folder})"
        for dataset, corpus in zip(datasets, corpora, strict=True)
    ]


def _sharings(parts: Sequence[Part], images: KnownImages) -> list[Sharing]:
    """Compare all pairs of splits; pairs without a common image are omitted, leaks come first."""
    found = []
    for first, second in combinations(parts, 2):
        common = first.file_names.keys() & second.file_names.keys()
        probable = sorted(alike(first.file_names, second.file_names, images.fingerprints))
        if common or probable:
            expressions = _common_expressions(first, second)
            found.append(Sharing(first, second, len(common), expressions, probable))
    return sorted(found, key=lambda sharing: not sharing.leaks)


def _fair_photos(parts: Sequence[Part], shared: Sequence[Sharing]) -> list[str]:
    evaluated = {key for part in parts if not part.is_train for key in part.file_names}
    unfair = evaluated | {
        key for one in shared if one.leaks for pair in one.probable for key in pair
    }
    fair = {
        key: name
        for part in parts
        if part.is_train
        for key, name in part.file_names.items()
        if key not in unfair
    }
    return sorted(fair.values())


def _read(dataset: PreparedDataset, name: str, split: str, keys: Mapping[int, str]) -> Part:
    photos, expressions = dataset.photos(), dataset.expressions(split)
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
