"""What prepared datasets share: photos between training and evaluation, sentences, ambiguities.

The splits of one corpus may be clean and those of two corpora are not: RefCOCO, RefCOCO+ and
RefCOCOg cut the same photos of COCO into different splits, so a model that was trained on one has
seen test photos of another. Google's split of RefCOCOg shares photos between its own splits.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

from vg_mc.images.coco_names import coco_name
from vg_mc.prepared.dataset import PreparedDataset
from vg_mc.records import TRAIN_SPLIT

DECIMALS = 2  # of a pixel; mirrors of a corpus round their boxes

Meaning = tuple[float, ...]  # a target, rounded


@dataclass(frozen=True, slots=True)
class Part:
    """One split of one dataset.

    Attributes:
        file_names: Name of the file of each photo, by the key of `photo_key`.
        sentences: For each sentence about a photo, how often each target is meant by it.
    """

    dataset: str
    split: str
    file_names: dict[str, str]
    sentences: dict[tuple[str, str], Counter[Meaning]]

    @property
    def name(self) -> str:
        """What reports call it."""
        return f"{self.dataset} {self.split}"

    @property
    def is_train(self) -> bool:
        """Whether models learn from it."""
        return self.split == TRAIN_SPLIT

    @property
    def expressions(self) -> int:
        """How many expressions it has."""
        return sum(meant.total() for meant in self.sentences.values())

    @property
    def duplicates(self) -> int:
        """How many expressions repeat another one: the same words about the same target."""
        return sum(meant.total() - len(meant) for meant in self.sentences.values())

    @property
    def ambiguous(self) -> int:
        """How many expressions no one could get right: their words mean two targets of a photo."""
        return sum(meant.total() for meant in self.sentences.values() if len(meant) > 1)


@dataclass(frozen=True, slots=True)
class Sharing:
    """What two splits have in common.

    Attributes:
        photos: Photos that both are about.
        expressions: Expressions of the second that the first has too, word for word, of the same
            target.
    """

    first: Part
    second: Part
    photos: int
    expressions: int

    @property
    def leaks(self) -> bool:
        """Whether one of them teaches a model what the other asks."""
        return self.first.is_train != self.second.is_train


def photo_key(file_name: str) -> str:
    """Name a photo alike in all corpora: a photo of COCO by its number, others by their file."""
    found = coco_name(file_name)
    return f"COCO {found.number}" if found and found.ending == ".jpg" else file_name


def names_of(datasets: Sequence[PreparedDataset]) -> list[str]:
    """Call each dataset by its corpus, and by its folder too where a corpus comes twice."""
    corpora = [str(dataset.manifest["corpus"]) for dataset in datasets]
    return [
        corpus if corpora.count(corpus) == 1 else f"{corpus} ({dataset.folder})"
        for dataset, corpus in zip(datasets, corpora, strict=True)
    ]


def parts_of(datasets: Sequence[PreparedDataset]) -> list[Part]:
    """Read all splits of all datasets, each dataset under a name of its own."""
    return [
        _read(dataset, name, split)
        for dataset, name in zip(datasets, names_of(datasets), strict=True)
        for split in dataset.splits
    ]


def sharings(parts: Sequence[Part]) -> list[Sharing]:
    """Compare every two splits; those without a common photo are left out."""
    found = [
        Sharing(first, second, len(common), _common_expressions(first, second))
        for first, second in combinations(parts, 2)
        if (common := first.file_names.keys() & second.file_names.keys())
    ]
    return sorted(found, key=lambda sharing: not sharing.leaks)


def fair_photos(parts: Sequence[Part]) -> list[str]:
    """Return the files of all training photos that no evaluation split is about."""
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
