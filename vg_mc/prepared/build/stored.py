"""Stored detections on their way to the shards: read and judged once, before any photo is opened.

Workers get the detections of their photos with their task, as they get annotated boxes, so a bad
record is found in the first second, and is listed once however many processes draw.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from vg_mc.errors import BadInputError
from vg_mc.prepared.build.settings import PreparationSettings
from vg_mc.proposers.choice import ProposerChoice
from vg_mc.proposers.registry import KINDS
from vg_mc.proposers.stored import StoredDetections, cut_to_photos, read_detections
from vg_mc.records import Corpus, Photo, Proposal, Rejected


@dataclass(frozen=True, slots=True)
class StoredProposals:
    """The stored detections of all photos to prepare.

    Attributes:
        by_choice: Detections per proposer and image id, inside of their photos, best first.
        rejected: Records that were left out.
        counts: Per proposer, for the manifest: records read, boxes cut to their photo, records
            of photos that are not prepared, records left out.
    """

    by_choice: dict[ProposerChoice, dict[int, list[Proposal]]]
    rejected: list[Rejected]
    counts: dict[str, dict[str, int]]

    def of_photos(
        self, photos: Iterable[Photo], choices: Collection[ProposerChoice | None]
    ) -> dict[ProposerChoice, dict[int, list[Proposal]]]:
        """Return what a process that works on `photos` with `choices` needs."""
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
    """Read the files of all proposers that are stored ones; there may be none.

    Args:
        settings: Name the proposers.
        photos: What is to be prepared.
        corpus: Where they are from; it tells which image ids others may mean, too.

    Raises:
        BadInputError: If a file is unusable, also because it speaks of image ids where the corpus
            has none of its own, or a record is bad and not to be skipped.
    """
    proposals = StoredProposals({}, [], {})
    each_once = list(dict.fromkeys(photos))
    members = (*settings.train_proposer.members, *settings.proposer.members)
    for choice in dict.fromkeys(members):
        if not KINDS[choice.kind].reads_file or choice.source is None:
            continue
        stored = read_detections(choice.source, skip_bad=settings.skip_bad)
        _require_common_names(stored, corpus)
        found = cut_to_photos(stored, each_once, corpus.photos.values())
        proposals.by_choice[choice] = found.by_image
        proposals.rejected.extend([*stored.rejected, *found.rejected])
        proposals.counts[choice.source.name] = {
            "records": stored.records,
            "cut_to_photo": found.cut,
            "of_other_photos": found.other,
            "rejected": len(stored.rejected) + len(found.rejected),
        }
    return proposals


def _require_common_names(stored: StoredDetections, corpus: Corpus) -> None:
    """Refuse to join on numbers that we counted out: they would be other photos' detections."""
    if not corpus.assigned_ids:
        return
    own = corpus.photos.keys() - corpus.assigned_ids
    for image_id in stored.by_image:
        if isinstance(image_id, int) and image_id not in own:
            photo = corpus.photos[min(corpus.assigned_ids)]
            problem = (
                f"it names photos by image_id, such as {image_id}, but the corpus has no image_id "
                f"for {photo.file_name!r}: name photos by file_name here, or add image_id there"
            )
            raise BadInputError(problem, file=stored.file)
