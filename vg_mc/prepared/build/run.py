"""The whole offline stage: draw candidates in parallel, count, write the manifest, publish."""

import json
from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import Any

from vg_mc.errors import BadInputError
from vg_mc.images.files import require_photos
from vg_mc.images.opening import PECULIARITIES
from vg_mc.prepared.build.description import describe
from vg_mc.prepared.build.drawing import Share, draw_all
from vg_mc.prepared.build.expressions import (
    count_split,
    count_stand_ins,
    expression_rows,
    read_drawn,
)
from vg_mc.prepared.build.plan import ShardTask, check_splits, folders, photos_of, plan_shards
from vg_mc.prepared.build.publication import building
from vg_mc.prepared.build.settings import PreparationSettings
from vg_mc.prepared.build.shards import (
    kept_photos,
    peculiar_photos,
    rejected_photos,
)
from vg_mc.prepared.build.stored import read_stored
from vg_mc.prepared.card import write_card, write_examples
from vg_mc.prepared.image_hashes import FEATURES as HASHES
from vg_mc.prepared.image_hashes import FOLDER as HASHES_FOLDER
from vg_mc.prepared.manifest import (
    SCHEMA_VERSION,
    FileEntry,
    Manifest,
    data_hash,
    describe_file,
    describe_files,
    write_manifest,
)
from vg_mc.prepared.schema import (
    CANDIDATES_FOLDER,
    EXPRESSIONS,
    IMAGES,
    IMAGES_FOLDER,
    IMAGES_WITH_PIXELS,
    Features,
    candidate_features,
    finish_folder,
    open_shard,
    shard_name,
    write_shard,
)
from vg_mc.proposers.selection import IN_PLACE_OF_NONE
from vg_mc.records import Corpus, Rejected
from vg_mc.system.atomic import write_whole_text
from vg_mc.system.workers import unordered_results

ONLY_SHARD = shard_name(0, 1)


def prepare(
    corpus: Corpus,
    settings: PreparationSettings,
    output: Path,
    *,
    num_workers: int,
    share: Share = unordered_results,
    overwrite: bool = False,
) -> Manifest:
    """Draw the candidates of `corpus`, publish them at `output` and return the manifest.

    The written bytes depend neither on `num_workers` nor on the processes that take part through
    `share`. A killed run is resumed.

    Raises:
        BadInputError: If the input is unusable, or `output` may not be replaced.
    """
    check_splits(corpus, settings.splits)
    described = describe(corpus, settings)
    place = {"images_folder": str(corpus.images_folder.path.resolve())}
    with building(output, described | place, overwrite=overwrite) as folder:
        stored = read_stored(settings, photos_of(corpus, settings.splits), corpus)
        tasks = plan_shards(corpus, settings, stored, folder)
        if not settings.skip_bad:
            require_photos(corpus.images_folder, [one for task in tasks for one in task.photos])
        draw_all(tasks, num_workers, share)
        rejected = _write_rejected(corpus, settings.splits, stored.rejected, tasks, folder)
        _finish_shards(settings, tasks, folder)
        counts = _write_expressions(corpus, settings, tasks, folder)
        if not any(count["expressions"] for count in counts.values()):
            raise BadInputError(_no_photo(tasks, rejected), file=corpus.images_folder.path)
        if settings.with_candidates and not any(count["candidates"] for count in counts.values()):
            problem = "no proposals on any image; try a lower --confidence for the detector"
            raise BadInputError(problem, record="--proposer")
        if settings.with_candidates:
            write_examples(folder, settings.splits, settings.drawing.views)
        described["detections"] = stored.counts
        if stored.notes:
            described["notes"] = [*described.get("notes", []), *stored.notes]
        manifest = _manifest(described, counts, rejected, tasks, folder)
        manifest["card"] = describe_file(folder, write_card(folder, manifest))
        write_manifest(folder, manifest)
    return manifest


def _no_photo(tasks: list[ShardTask], rejected: int) -> str:
    why = next(reason for task in tasks for reason in rejected_photos(task).values())
    return f"no usable images; {rejected:,} records were rejected, the first: {why}"


def _write_rejected(
    corpus: Corpus,
    splits: tuple[str, ...],
    detections: list[Rejected],
    tasks: list[ShardTask],
    folder: Path,
) -> int:
    """Write rejected.jsonl with one line per rejected record, and return their number."""
    why = {image_id: reason for task in tasks for image_id, reason in rejected_photos(task).items()}
    with_bad_photo = [
        Rejected(
            file=corpus.photos[expression.image_id].file_name,
            record=f"expression {expression.expression_id}, image {expression.image_id}",
            reason=why[expression.image_id],
        )
        for expression in corpus.expressions
        if expression.image_id in why and expression.split in splits
    ]
    records = [*corpus.rejected, *with_bad_photo, *detections]
    lines = [json.dumps(asdict(record), ensure_ascii=False) + "\n" for record in records]
    write_whole_text(folder / "rejected.jsonl", "".join(lines))
    return len(records)


def _write_expressions(
    corpus: Corpus, settings: PreparationSettings, tasks: list[ShardTask], folder: Path
) -> dict[str, dict[str, float]]:
    """Write the expressions of every split and the table of images; return the counts."""
    drawn = read_drawn(tasks)
    counts = {}
    for split in settings.splits:
        rows = expression_rows(corpus, split, settings, drawn)
        stand_ins = count_stand_ins(rows, settings.proposer_of(split), drawn)
        counts[split] = count_split(rows) | {"photos_with_stand_ins": stand_ins}
        _write_table(folder / "expressions" / split, EXPRESSIONS, rows)
    if settings.whole_images is None:
        photos = dict.fromkeys(photo for task in tasks for photo in kept_photos(task))
        _write_table(folder / IMAGES_FOLDER, IMAGES, [asdict(photo) for photo in photos])
    return counts


def _finish_shards(settings: PreparationSettings, tasks: list[ShardTask], folder: Path) -> None:
    """Write the metadata that makes each folder of shards a dataset."""
    features = {IMAGES_FOLDER: IMAGES_WITH_PIXELS}
    if settings.with_candidates:
        features[CANDIDATES_FOLDER] = candidate_features(settings.drawing.views)
    for table in folders(settings):
        finish_folder(folder / table, features[table], [task.path.name for task in tasks])
    finish_folder(folder / HASHES_FOLDER, HASHES, [task.path.name for task in tasks])


def _write_table(folder: Path, features: Features, rows: list[dict[str, Any]]) -> None:
    write_shard(folder / ONLY_SHARD, features, rows)
    finish_folder(folder, features, [ONLY_SHARD])


def _count_peculiar(tasks: list[ShardTask]) -> dict[str, int]:
    """Count unusual images by peculiarity; an image of two proposers counts once."""
    photos = {
        image_id: found for task in tasks for image_id, found in peculiar_photos(task).items()
    }
    counts = Counter(name for found in photos.values() for name in found)
    return {name: counts[name] for name in PECULIARITIES if counts[name]}


def _manifest(
    described: dict[str, Any],
    counts: dict[str, dict[str, float]],
    rejected: int,
    tasks: list[ShardTask],
    folder: Path,
) -> Manifest:
    sources: Counter[str] = Counter()
    further = 0
    for task in tasks if tasks[0].with_candidates else []:
        found = Counter(open_shard(task.path).column("source").to_pylist())
        sources += found
        own = {*(member.kind for member in task.proposer.members), *IN_PLACE_OF_NONE}
        further += sum(count for source, count in found.items() if source not in own)
    described_files = describe_files(folder)
    files, hashes = [
        [entry for entry in described_files if _is_of_hashes(entry) == of_hashes]
        for of_hashes in (False, True)
    ]
    return {
        "schema": SCHEMA_VERSION,
        "data_hash": data_hash(files),
        **described,
        "counts": counts,
        "candidates": {"total": sources.total(), "by_source": dict(sorted(sources.items()))},
        "further_wrong_answers": further,
        "rejected": rejected,
        "peculiar_photos": _count_peculiar(tasks),
        "files": files,
        HASHES_FOLDER: hashes,
    }


def _is_of_hashes(entry: FileEntry) -> bool:
    return str(entry["path"]).startswith(f"{HASHES_FOLDER}/")
