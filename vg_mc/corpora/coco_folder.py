"""Union of corpora that were read from several COCO files, such as one file per split.

Ids are unique within a file only: Roboflow, for instance, counts from 1 in each split.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath

from vg_mc.corpora.cells import counter
from vg_mc.corpora.frames import ImageFrames
from vg_mc.errors import BadInputError
from vg_mc.records import Corpus, ImageFolder, Orientation, Proposal, ReferringExpression


def united(corpora: Sequence[Corpus], name: str, root: Path) -> Corpus:
    """Return one corpus; ids of later files that are taken by other records are changed.

    Args:
        corpora: Corpora that share their lists of rejected records and notes.
        name: Name of the union.
        root: Folder that the image folders of files are relative to.

    Raises:
        BadInputError: If the boxes of images with EXIF orientation are in different frames.
    """
    first = corpora[0]
    folder = replace(first.images_folder, orientation=_common_frame(corpora))
    found = replace(
        first, name=name, images_folder=folder, photos={}, expressions=[], annotations={},
        source_files=[], assigned_ids=frozenset(),
    )  # fmt: skip
    for corpus in corpora:
        placed = _beside_file(corpus, root)
        found = _joined(found, _with_free_ids(found, placed))
    renumbered = len(found.assigned_ids) - sum(len(corpus.assigned_ids) for corpus in corpora)
    if renumbered > 0:
        notes = found.notes
        notes.append(f"{renumbered:,} images get new ids, since files use the same ids for others")
    return found


def _common_frame(corpora: Sequence[Corpus]) -> Orientation:
    """Return the only frame of files that have images with an EXIF orientation."""
    frames: dict[Orientation, Corpus] = {one.images_folder.orientation: one for one in corpora}
    if len(frames) == 1:
        return corpora[0].images_folder.orientation
    for corpus in corpora:
        if corpus.images_folder.orientation == "stored" and _has_turned(corpus):
            problem = (
                "boxes in images with an EXIF orientation are those of stored images, but in "
                f"{frames['shown'].source_files[0].name} those of shown ones; prepare the files "
                "apart, or declare their frame with --orientation"
            )
            raise BadInputError(problem, file=corpus.source_files[0])
    return "shown"


def _has_turned(corpus: Corpus) -> bool:
    names = (photo.file_name for photo in corpus.photos.values())
    beside = corpus.source_files[0].parent
    frames = ImageFrames.of(corpus.images_folder, names, is_declared=True, beside=beside)
    return bool(frames.turned)


def _beside_file(corpus: Corpus, root: Path) -> Corpus:
    """Return a corpus whose file names include the folder of its file, if the images lie there."""
    folder = corpus.source_files[0].parent
    if not folder.is_relative_to(root) or folder == root or not corpus.photos:
        return corpus
    prefix = PurePosixPath(folder.relative_to(root).as_posix())
    name = next(iter(corpus.photos.values())).file_name
    images: ImageFolder = corpus.images_folder
    if (images.path / name).is_file() or not (images.path / prefix / name).is_file():
        return corpus
    photos = {
        image_id: replace(photo, file_name=str(prefix / photo.file_name))
        for image_id, photo in corpus.photos.items()
    }
    return replace(corpus, photos=photos)


def _with_free_ids(found: Corpus, corpus: Corpus) -> Corpus:
    """Return a corpus whose ids do not denote other images, boxes or expressions in `found`."""
    images = _image_ids(found, corpus)
    regions = _region_ids(found, corpus, images)
    expressions = [
        replace(
            one,
            expression_id=len(found.expressions) + number,
            image_id=images[one.image_id],
            annotation_id=regions[one.annotation_id],
            ref_id=regions[one.annotation_id],
        )
        for number, one in enumerate(corpus.expressions, start=1)
    ]
    kept = {image_id for image_id, new in images.items() if new == image_id}
    return replace(
        corpus,
        photos={
            images[id_]: replace(photo, image_id=images[id_])
            for id_, photo in corpus.photos.items()
        },
        expressions=expressions,
        annotations={
            images[id_]: [replace(one, annotation_id=regions[one.annotation_id]) for one in boxes]
            for id_, boxes in corpus.annotations.items()
        },
        assigned_ids=frozenset(
            images[id_] for id_ in corpus.photos if id_ in corpus.assigned_ids or id_ not in kept
        ),
    )


def _image_ids(found: Corpus, corpus: Corpus) -> dict[int, int]:
    """Return an id for every image: that of the same file, else its own if it is free."""
    of_file = {photo.file_name: image_id for image_id, photo in found.photos.items()}
    following = counter([*found.photos, *corpus.photos])
    ids = {}
    for image_id, photo in corpus.photos.items():
        known = of_file.get(photo.file_name)
        ids[image_id] = known if known is not None else image_id
        if known is None and image_id in found.photos:
            ids[image_id] = following()
    return ids


def _region_ids(found: Corpus, corpus: Corpus, images: dict[int, int]) -> dict[int | None, int]:
    """Return an id for every annotated box: that of the same box, else its own if it is free."""
    same = {
        (image_id, one.annotation_id, one.box)
        for image_id, boxes in found.annotations.items()
        for one in boxes
    }
    taken = {annotation_id for _, annotation_id, _ in same}
    own = [
        (images[image_id], one.annotation_id, one.box)
        for image_id, boxes in corpus.annotations.items()
        for one in boxes
    ]
    following = counter([*taken, *(annotation_id for _, annotation_id, _ in own)])
    ids: dict[int | None, int] = {}
    for region in own:
        number = region[1]
        is_free = number not in taken or region in same
        ids[number] = number if number is not None and is_free else following()
    return ids


def _joined(found: Corpus, corpus: Corpus) -> Corpus:
    """Return the union of two corpora without contradicting ids."""
    annotations: dict[int, list[Proposal]] = {**found.annotations}
    for image_id, boxes in corpus.annotations.items():
        known = annotations.get(image_id, [])
        ids = {one.annotation_id for one in known}
        annotations[image_id] = [*known, *(one for one in boxes if one.annotation_id not in ids)]
    expressions: list[ReferringExpression] = [*found.expressions, *corpus.expressions]
    return replace(
        found,
        photos={**found.photos, **corpus.photos},
        expressions=expressions,
        annotations=annotations,
        source_files=[*found.source_files, *corpus.source_files],
        assigned_ids=found.assigned_ids | corpus.assigned_ids,
        texts=corpus.texts,
        categories=_common_categories(found.categories, corpus.categories),
    )


def _common_categories(one: Mapping[int, str], other: Mapping[int, str]) -> dict[int, str]:
    """Return all categories but those whose id has two names."""
    return {
        number: name
        for number, name in {**one, **other}.items()
        if one.get(number, name) == other.get(number, name)
    }
