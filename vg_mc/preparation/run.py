"""The offline stage from start to end: draw in parallel, count, describe, publish."""

import json
import multiprocessing
from collections import Counter
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

from tqdm import tqdm

from vg_mc import __version__
from vg_mc.faults import BadInputError
from vg_mc.preparation.expressions import count_split, expression_rows, read_drawn
from vg_mc.preparation.publishing import building
from vg_mc.preparation.settings import PreparationSettings, ProposerChoice
from vg_mc.preparation.shards import (
    ShardTask,
    draw_shard,
    kept_photos,
    plan_shards,
    rejected_photos,
)
from vg_mc.prepared.card import write_card
from vg_mc.prepared.manifest import (
    SCHEMA_VERSION,
    Manifest,
    data_hash,
    describe_files,
    file_hash,
    write_manifest,
)
from vg_mc.prepared.schema import (
    CANDIDATES,
    EXPRESSIONS,
    IMAGES,
    Features,
    finish_folder,
    open_shard,
    shard_name,
    write_shard,
)
from vg_mc.records import Corpus, Rejected

ONLY_SHARD = shard_name(0, 1)


def prepare(
    corpus: Corpus,
    settings: PreparationSettings,
    output: Path,
    *,
    num_workers: int,
    overwrite: bool = False,
) -> Manifest:
    """Draw the candidates of `corpus` and publish them at `output`; return the manifest.

    The bytes written do not depend on `num_workers`. A run that was killed is continued.

    Raises:
        BadInputError: If the input is not usable, or `output` exists.
    """
    described = describe(corpus, settings)
    with building(output, described, overwrite=overwrite) as folder:
        tasks = plan_shards(corpus, settings, folder / "candidates")
        if not tasks:
            splits = ", ".join(settings.splits)
            raise BadInputError(f"no expression in the splits {splits}", file=corpus.name)
        _draw_all([task for task in tasks if not task.path.exists()], tasks, num_workers)
        rejected = _write_rejected(corpus, settings.splits, tasks, folder)
        finish_folder(folder / "candidates", CANDIDATES, [task.path.name for task in tasks])
        counts = _write_expressions(corpus, settings, tasks, folder)
        manifest = _manifest(described, counts, rejected, tasks, folder)
        write_card(folder, manifest)
        write_manifest(folder, manifest)
    return manifest


def describe(corpus: Corpus, settings: PreparationSettings) -> dict[str, Any]:
    """Describe settings and sources: the same description means the same bytes."""
    sources = [proposer.source for proposer in (settings.train_proposer, settings.proposer)]
    files = {*corpus.source_files, *(source for source in sources if source is not None)}
    drawing = settings.drawing
    return {
        "corpus": corpus.name,
        "splits": list(settings.splits),
        "settings": {
            "image_size": drawing.image_size,
            "fit": drawing.fit,
            "marker": asdict(drawing.marker) | {"color": list(drawing.marker.color)},
            "train_proposer": _proposer_settings(settings.train_proposer),
            "proposer": _proposer_settings(settings.proposer),
        },
        "sources": {path.name: file_hash(path) for path in sorted(files)},
        "versions": {"vg_mc": __version__, "pillow": version("pillow")},
    }


def _proposer_settings(choice: ProposerChoice) -> dict[str, Any]:
    if choice.source is None:
        return {"kind": choice.kind}
    settings = {"kind": choice.kind, "source": choice.source.name, "confidence": choice.confidence}
    return settings | ({"detector_size": choice.detector_size} if choice.kind == "yolo" else {})


def _draw_all(missing: list[ShardTask], tasks: list[ShardTask], num_workers: int) -> None:
    photos = sum(len(task.photos) for task in tasks)
    done = photos - sum(len(task.photos) for task in missing)
    with tqdm(total=photos, initial=done, desc="drawing", unit="photo") as progress:
        if num_workers == 1:
            for task in missing:
                progress.update(draw_shard(task))
            return
        context = multiprocessing.get_context("spawn")  # threads of a parent do not survive a fork
        with ProcessPoolExecutor(num_workers, mp_context=context) as pool:
            for future in as_completed([pool.submit(draw_shard, task) for task in missing]):
                progress.update(future.result())


def _write_rejected(
    corpus: Corpus, splits: tuple[str, ...], tasks: list[ShardTask], folder: Path
) -> int:
    """List every record that was left out, one per line, and return how many there are."""
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
    records = [*corpus.rejected, *with_bad_photo]
    lines = [json.dumps(asdict(record), ensure_ascii=False) + "\n" for record in records]
    (folder / "rejected.jsonl").write_text("".join(lines), encoding="utf-8")
    return len(records)


def _write_expressions(
    corpus: Corpus, settings: PreparationSettings, tasks: list[ShardTask], folder: Path
) -> dict[str, dict[str, float]]:
    """Write the expressions of every split and the photos they are about; return the counts."""
    drawn = read_drawn(tasks)
    counts = {}
    for split in settings.splits:
        rows = expression_rows(corpus, split, settings, drawn)
        counts[split] = count_split(rows)
        _write_table(folder / "expressions" / split, EXPRESSIONS, rows)
    photos = dict.fromkeys(photo for task in tasks for photo in kept_photos(task))
    _write_table(folder / "images", IMAGES, [asdict(photo) for photo in photos])
    return counts


def _write_table(folder: Path, features: Features, rows: list[dict[str, Any]]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    write_shard(folder / ONLY_SHARD, features, rows)
    finish_folder(folder, features, [ONLY_SHARD])


def _manifest(
    described: dict[str, Any],
    counts: dict[str, dict[str, float]],
    rejected: int,
    tasks: list[ShardTask],
    folder: Path,
) -> Manifest:
    sources: Counter[str] = Counter()
    further = 0
    for task in tasks:
        found = Counter(open_shard(task.path).column("source").to_pylist())
        sources += found
        further += found.total() - found[task.proposer.kind]
    files = describe_files(folder)
    return {
        "schema": SCHEMA_VERSION,
        "data_hash": data_hash(files),
        **described,
        "counts": counts,
        "candidates": {"total": sources.total(), "by_source": dict(sorted(sources.items()))},
        "further_wrong_answers": further,
        "rejected": rejected,
        "files": files,
    }
