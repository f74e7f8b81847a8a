"""What is to be drawn, and how it is divided into shards, before any photo is opened.

A shard is the unit of work, of parallelism and of resuming.

What a detector that reads is asked about a photo: every sentence that shares its candidates.
"""

import re
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from vg_mc.boxes.transforms import LongerSide
from vg_mc.errors import BadInputError
from vg_mc.prepared.build.settings import Drawing, PreparationSettings
from vg_mc.prepared.build.stored import StoredProposals
from vg_mc.prepared.schema import CANDIDATES_FOLDER, IMAGES_FOLDER, shard_name
from vg_mc.proposers.choice import ProposerChoice
from vg_mc.records import TRAIN_SPLIT, Corpus, Photo, Proposal


def sentences_asked(
    corpus: Corpus, settings: PreparationSettings
) -> dict[ProposerChoice, dict[int, tuple[str, ...]]]:
    """Return the distinct sentences about each photo by proposer and image id, in their order.

    A photo is drawn once for each proposer, whichever of its splits it is in, so that all of them
    ask; those of a split with another proposer do not.
    """
    said: dict[ProposerChoice, dict[int, dict[str, None]]] = {
        proposer: defaultdict(dict) for proposer in (settings.train_proposer, settings.proposer)
    }
    for one in corpus.expressions:
        if one.split in settings.splits:
            said[settings.proposer_of(one.split)][one.image_id][one.text] = None
    return {
        proposer: {image_id: tuple(texts) for image_id, texts in of_photos.items()}
        for proposer, of_photos in said.items()
    }


PHOTOS_PER_SHARD = 64


def check_splits(corpus: Corpus, splits: tuple[str, ...]) -> None:
    """Refuse splits that nothing can be prepared for.

    Raises:
        BadInputError: If there are none, or one is unknown or unfit for the name of a folder.
    """
    known = dict.fromkeys(expression.split for expression in corpus.expressions)
    if not known:
        why = ""
        if corpus.rejected:
            first = corpus.rejected[0]
            count = f"{len(corpus.rejected):,} records were left out"
            why = f"; {count}, the first, {first.record}: {first.reason}"
        raise BadInputError(f"not a single usable expression{why}", file=corpus.name)
    for split in splits:
        if split not in known:
            problem = f"no split is called {split!r}; there are {', '.join(known)}"
            raise BadInputError(problem, file=corpus.name)
        if split != TRAIN_SPLIT and split.lower() == TRAIN_SPLIT:
            problem = f"the split to learn from is spelled {TRAIN_SPLIT!r}, not {split!r}"
            raise BadInputError(problem, file=corpus.name)
        if not re.fullmatch(r"\w[\w.-]*", split):  # it comes from a file, and may lead anywhere
            raise BadInputError(f"a split gets a folder, but not {split!r}", file=corpus.name)


@dataclass(frozen=True, slots=True)
class ShardTask:
    """One shard to draw.

    Attributes:
        path: File of the candidates, or that of whole images where there are no candidates. Its
            metadata has notes on the photos.
        annotated: The annotated regions of each photo.
        sentences: What is said about each photo in the splits that share its candidates.
        stored: Detections that are known already, by proposer and image id.
        wrong_answers: Proposer of further wrong answers for photos with fewer than two proposals;
            None where there are to be none.
        images_path: File of whole images; None where they are not stored.
        whole_images: How they are stored.
        image_ids: Which of them this shard stores; each is stored by the first shard that has it.
    """

    path: Path
    images_folder: Path
    photos: tuple[Photo, ...]
    annotated: tuple[tuple[Proposal, ...], ...]
    sentences: tuple[tuple[str, ...], ...]
    stored: dict[ProposerChoice, dict[int, list[Proposal]]]
    proposer: ProposerChoice
    wrong_answers: ProposerChoice | None
    drawing: Drawing
    skip_bad: bool
    images_path: Path | None = None
    whole_images: LongerSide | None = None
    image_ids: frozenset[int] = frozenset()

    @property
    def paths(self) -> list[Path]:
        """All its files."""
        return list(dict.fromkeys([self.path, self.images_path or self.path]))

    @property
    def with_candidates(self) -> bool:
        """Whether `path` holds candidates; else it is the file of whole images."""
        return self.path != self.images_path


def plan_shards(
    corpus: Corpus, settings: PreparationSettings, stored: StoredProposals, folder: Path
) -> list[ShardTask]:
    """Divide the photos of all splits into shards; make their folders in that of the dataset.

    A photo appears once for each proposer.
    """
    tables = folders(settings)
    for table in tables:
        (folder / table).mkdir(parents=True, exist_ok=True)
    said = sentences_asked(corpus, settings)
    groups = []
    for is_train in (True, False):
        proposer = settings.train_proposer if is_train else settings.proposer
        wrong_answers = settings.wrong_answers if is_train else None
        splits = [split for split in settings.splits if (split == TRAIN_SPLIT) == is_train]
        photos = photos_of(corpus, splits)
        if not is_train and settings.proposer == settings.train_proposer:
            train_photos = set(photos_of(corpus, {TRAIN_SPLIT} & set(settings.splits)))
            photos = [photo for photo in photos if photo not in train_photos]
        groups += [
            (tuple(photos[start : start + PHOTOS_PER_SHARD]), proposer, wrong_answers)
            for start in range(0, len(photos), PHOTOS_PER_SHARD)
        ]
    names = [shard_name(index, len(groups)) for index in range(len(groups))]
    stores_images = settings.whole_images is not None
    first_shards = _first_shards([photos for photos, _, _ in groups])
    return [
        ShardTask(
            path=folder / tables[0] / name,
            images_folder=corpus.images_folder,
            photos=photos,
            annotated=tuple(tuple(corpus.annotations.get(photo.image_id, ())) for photo in photos),
            sentences=tuple(said[proposer][photo.image_id] for photo in photos),
            stored=stored.of_photos(photos, {proposer, wrong_answers}),
            proposer=proposer,
            wrong_answers=wrong_answers,
            drawing=settings.drawing,
            skip_bad=settings.skip_bad,
            images_path=folder / IMAGES_FOLDER / name if stores_images else None,
            whole_images=settings.whole_images,
            image_ids=image_ids,
        )
        for name, image_ids, (photos, proposer, wrong_answers) in zip(
            names, first_shards, groups, strict=True
        )
    ]


def folders(settings: PreparationSettings) -> list[str]:
    """Name the tables that are written in shards; the first has the notes."""
    candidates = [CANDIDATES_FOLDER] if settings.with_candidates else []
    return candidates + [IMAGES_FOLDER] * (settings.whole_images is not None)


def _first_shards(shards: Sequence[Sequence[Photo]]) -> list[frozenset[int]]:
    """Return the image ids of each shard that no shard before it has."""
    seen: set[int] = set()
    found = []
    for photos in shards:
        image_ids = {photo.image_id for photo in photos}
        found.append(frozenset(image_ids - seen))
        seen |= image_ids
    return found


def photos_of(corpus: Corpus, splits: Collection[str]) -> list[Photo]:
    """Return the photos of some splits, each once, in the order of the expressions."""
    image_ids = dict.fromkeys(one.image_id for one in corpus.expressions if one.split in splits)
    return [corpus.photos[image_id] for image_id in image_ids]
