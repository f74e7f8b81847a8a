"""Plan of a preparation: division of the images into shards, before any image is opened.

A shard is the unit of work, of parallelism and of resuming. Its task contains all inputs of the
drawing, including the expressions that an open-vocabulary detector gets as text prompts.
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
from vg_mc.prepared.image_hashes import FOLDER as HASHES_FOLDER
from vg_mc.prepared.schema import CANDIDATES_FOLDER, IMAGES_FOLDER, shard_name
from vg_mc.proposers.choice import ProposerChoice
from vg_mc.records import TRAIN_SPLIT, Corpus, ImageFolder, Photo, Proposal


def sentences_asked(
    corpus: Corpus, settings: PreparationSettings
) -> dict[ProposerChoice, dict[int, tuple[str, ...]]]:
    """Return the distinct expressions of each image, by proposer and image id.

    An image is drawn once for each proposer, so the expressions of all splits that use this
    proposer are combined. Their order is that of the corpus.
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
    """Check that all splits can be prepared.

    Raises:
        BadInputError: If the corpus has no expressions, or a split is unknown, or its name is
            misspelled or unsuitable for a folder.
    """
    known = dict.fromkeys(expression.split for expression in corpus.expressions)
    if not known:
        why = ""
        if corpus.rejected:
            first = corpus.rejected[0]
            count = f"{len(corpus.rejected):,} records were rejected"
            why = f"; {count}, the first is {first.record}: {first.reason}"
        raise BadInputError(f"no usable expressions{why}", file=corpus.name)
    for split in splits:
        if split not in known:
            problem = f"no split {split!r}; there are {', '.join(known)}"
            raise BadInputError(problem, file=corpus.name, record="--splits")
        if split != TRAIN_SPLIT and split.lower() == TRAIN_SPLIT:
            problem = (
                f"expected the training split to be named {TRAIN_SPLIT!r}, found {split!r}; rename "
                f"it with --rename-split {split}={TRAIN_SPLIT}"
            )
            raise BadInputError(problem, file=corpus.name)
        if not re.fullmatch(r"\w[\w.-]*", split):  # untrusted: it could point to another folder
            problem = (
                f"expected a split that is a valid folder name, found {split!r}; rename it with "
                "--rename-split OLD=NEW"
            )
            raise BadInputError(problem, file=corpus.name)


@dataclass(frozen=True, slots=True)
class ShardTask:
    """One shard to draw.

    Attributes:
        path: File of the candidates, or of whole images if there are no candidates. Its metadata
            contains notes on rejected and unusual images.
        annotated: The annotated regions of each image.
        sentences: The expressions of each image in the splits that share its candidates.
        stored: Stored detections by proposer and image id.
        wrong_answers: Proposer of extra negatives for images with fewer than two proposals; None
            for no extra negatives.
        hashes_path: File of the fingerprints of the images in `image_ids`.
        images_path: File of whole images; None if they are not stored.
        whole_images: Transform from source images to stored whole images.
        image_ids: Images to store in this shard, as a whole and their fingerprints: those that no
            earlier shard stores.
    """

    path: Path
    images_folder: ImageFolder
    photos: tuple[Photo, ...]
    annotated: tuple[tuple[Proposal, ...], ...]
    sentences: tuple[tuple[str, ...], ...]
    stored: dict[ProposerChoice, dict[int, list[Proposal]]]
    proposer: ProposerChoice
    wrong_answers: ProposerChoice | None
    drawing: Drawing
    skip_bad: bool
    hashes_path: Path | None = None
    images_path: Path | None = None
    whole_images: LongerSide | None = None
    image_ids: frozenset[int] = frozenset()

    @property
    def paths(self) -> list[Path]:
        """All files of the shard."""
        others = (self.images_path, self.hashes_path)
        return list(dict.fromkeys([self.path, *(path for path in others if path is not None)]))

    @property
    def with_candidates(self) -> bool:
        """Whether `path` contains candidates; otherwise it contains whole images."""
        return self.path != self.images_path


def plan_shards(
    corpus: Corpus, settings: PreparationSettings, stored: StoredProposals, folder: Path
) -> list[ShardTask]:
    """Divide the images of all splits into shards, and create the folders of the tables.

    An image appears once for each proposer.
    """
    tables = folders(settings)
    for table in (*tables, HASHES_FOLDER):
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
            hashes_path=folder / HASHES_FOLDER / name,
            images_path=folder / IMAGES_FOLDER / name if stores_images else None,
            whole_images=settings.whole_images,
            image_ids=image_ids,
        )
        for name, image_ids, (photos, proposer, wrong_answers) in zip(
            names, first_shards, groups, strict=True
        )
    ]


def folders(settings: PreparationSettings) -> list[str]:
    """Return the names of tables that are written in shards; the first one has the notes."""
    candidates = [CANDIDATES_FOLDER] if settings.with_candidates else []
    return candidates + [IMAGES_FOLDER] * (settings.whole_images is not None)


def _first_shards(shards: Sequence[Sequence[Photo]]) -> list[frozenset[int]]:
    """Return the image ids of each shard that do not occur in an earlier shard."""
    seen: set[int] = set()
    found = []
    for photos in shards:
        image_ids = {photo.image_id for photo in photos}
        found.append(frozenset(image_ids - seen))
        seen |= image_ids
    return found


def photos_of(corpus: Corpus, splits: Collection[str]) -> list[Photo]:
    """Return the images of some splits without duplicates, in the order of the expressions."""
    image_ids = dict.fromkeys(one.image_id for one in corpus.expressions if one.split in splits)
    return [corpus.photos[image_id] for image_id in image_ids]
