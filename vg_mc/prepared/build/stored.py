"""Stored detections for the shards, read and checked once before any image is opened.

Workers get the detections of their images with their task, like annotated boxes. A bad record is
therefore found immediately, and is listed once for any number of processes.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

from vg_mc.errors import BadInputError
from vg_mc.images.headers import turns_between
from vg_mc.prepared.build.settings import PreparationSettings
from vg_mc.proposers.choice import ProposerChoice
from vg_mc.proposers.kinds.stored import declared
from vg_mc.proposers.placing import cut_to_photos
from vg_mc.proposers.registry import KINDS
from vg_mc.proposers.stored import StoredDetections, read_detections
from vg_mc.records import Corpus, Photo, Proposal, Rejected


@dataclass(frozen=True, slots=True)
class StoredProposals:
    """The stored detections of all images to prepare.

    Attributes:
        by_choice: Detections per proposer and image id, clipped to the image, sorted by
            descending score.
        rejected: Rejected records.
        counts: Counts per proposer for the manifest: records read, boxes clipped, records of
            images that are not prepared, and rejected records.
        notes: How keys of images and ids of categories were interpreted.
    """

    by_choice: dict[ProposerChoice, dict[int, list[Proposal]]]
    rejected: list[Rejected]
    counts: dict[str, dict[str, int]]
    notes: list[str] = field(default_factory=list)

    def of_photos(
        self, photos: Iterable[Photo], choices: Collection[ProposerChoice | None]
    ) -> dict[ProposerChoice, dict[int, list[Proposal]]]:
        """Return the detections of some images and proposers."""
        image_ids = [photo.image_id for photo in photos]
        asked = {member for choice in choices if choice is not None for member in choice.members}
        return {
            choice: {image_id: found[image_id] for image_id in image_ids if image_id in found}
            for choice, found in self.by_choice.items()
            if choice in asked
        }


def read_stored(
    settings: PreparationSettings, photos: Iterable[Photo], corpus: Corpus
) -> StoredProposals:
    """Read the files of all proposers of stored detections, if there are any.

    Args:
        settings: Settings with the proposers and `skip_bad`.
        photos: The images to prepare.
        corpus: The corpus of the images, which determines the valid image ids.

    Raises:
        BadInputError: If a file is unusable or refers to image ids that the corpus does not
            define, or a record is bad and `skip_bad` is False.
    """
    proposals = StoredProposals({}, [], {})
    each_once = list(dict.fromkeys(photos))
    members = (*settings.train_proposer.members, *settings.proposer.members)
    for choice in dict.fromkeys(members):
        if not KINDS[choice.kind].reads_file or choice.source is None:
            continue
        stored = read_detections(
            choice.source, skip_bad=settings.skip_bad, declared=declared(choice).boxes
        )
        _require_common_names(stored, corpus)
        known = corpus.photos.values()
        frame = declared(choice).orientation or corpus.images_folder.orientation
        turns = turns_between(corpus.images_folder, known, frame)
        found = cut_to_photos(stored, each_once, known, corpus.categories, turns)
        proposals.by_choice[choice] = found.by_image
        proposals.rejected.extend([*stored.rejected, *found.rejected])
        proposals.notes.extend(f"{choice.source.name}: {note}" for note in found.notes)
        proposals.counts[choice.source.name] = {
            "records": stored.records,
            "cut_to_photo": found.cut,
            "of_other_photos": found.other,
            "rejected": len(stored.rejected) + len(found.rejected),
        }
    return proposals


def _require_common_names(stored: StoredDetections, corpus: Corpus) -> None:
    """Check that detections are not joined on image ids that were assigned by counting."""
    if not corpus.assigned_ids:
        return
    own = corpus.photos.keys() - corpus.assigned_ids
    for image_id, file_name in stored.rows_of:
        if isinstance(image_id, int) and file_name is None and image_id not in own:
            photo = corpus.photos[min(corpus.assigned_ids)]
            problem = (
                f"detections refer to images by image_id, such as {image_id}, but the corpus has "
                f"no image_id for {photo.file_name!r}; use file_name here, or add image_id there"
            )
            raise BadInputError(problem, file=stored.file)
