"""Benchmarks of preparation: candidate images per second, from images and boxes to files."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from benchmarks.comparison import Aim, Comparison, Measured, Stopwatch, Way
from benchmarks.made_up import make_corpus
from vg_mc.boxes.transforms import fit_photo
from vg_mc.images.markers import CLIP_REFCOCO
from vg_mc.prepared.build.settings import Drawing, PreparationSettings
from vg_mc.proposers.choice import ProposerChoice
from vg_mc.records import Corpus, ImageFolder

if TYPE_CHECKING:
    from vg_mc.prepared.dataset import PreparedDataset

READ_AGAIN, PLAIN = "baseline, image read for each box", "baseline, 1 process"
OURS = "vg_mc, 1 process"
IMAGE_SIZE = 224
CONFIDENCE = 0.25
DETECTIONS = "yolo26m_dets.json"  # next to the annotations of a corpus of real images

COMPARED_PHOTOS = 40
# The marker of the baseline is drawn before resizing, so that its outline is finer, and has ticks.
LARGEST_MEAN_DIFFERENCE = 5.0
LEAST_RECOGNISED = 0.95

Source = Callable[[], tuple[Corpus, ProposerChoice]]


def of_made_up_photos(scratch: Path, photos: int) -> Comparison:
    """Compare on synthetic images of 640 x 480 with 10 annotated boxes each."""
    source = partial(made_up, scratch / "photos", photos)
    return _comparison(f"Preparing {photos} synthetic images", source)


def of_real_photos(refer: Path) -> Comparison:
    """Compare on images of a corpus in REFER's layout, with the detections stored next to it."""
    return _comparison(f"Preparing the images of {refer.name}", partial(stored, refer))


def made_up(folder: Path, photos: int) -> tuple[Corpus, ProposerChoice]:
    """Return synthetic images and their annotated boxes."""
    return make_corpus(folder, {"train": photos}), ProposerChoice("annotations")


def stored(refer: Path) -> tuple[Corpus, ProposerChoice]:
    """Return a corpus and the detections stored next to it."""
    from vg_mc.corpora.refer import read_refer

    corpus = read_refer(refer, "unc", ImageFolder(refer / "images"), skip_bad=False)
    return corpus, ProposerChoice("stored", refer / DETECTIONS, CONFIDENCE)


def _comparison(title: str, source: Source) -> Comparison:
    baseline = PLAIN
    read_again = partial(plain_way, source, 1, True)
    return Comparison(
        title=title,
        unit="pictures",
        set_up=partial(_make, source),
        ways=(
            Way(READ_AGAIN, read_again, against=baseline),
            Way(baseline, partial(plain_way, source, 1, False)),
            Way(OURS, partial(our_way, source, 1), against=baseline),
            Way("baseline, 2 processes", partial(plain_way, source, 2, False)),
            Way("vg_mc, 2 processes", partial(our_way, source, 2), against="baseline, 2 processes"),
        ),
        check=check,
        needs_torch=False,
        aims=(
            Aim(
                "times the rate of the baseline with an image read for each box",
                _against_reading,
                least=5,
            ),
        ),
    )


def _against_reading(measured: dict[str, Measured]) -> float:
    return measured[OURS].rate / measured[READ_AGAIN].rate


def _make(source: Source) -> None:
    source()


def plain_way(source: Source, processes: int, read_again: bool, folder: Path) -> Measured:
    """Draw every box on a copy of its image, and write it as a full-size JPEG file."""
    from benchmarks.plain.preparing import draw_all, read_detections

    corpus, choice = source()
    stopwatch = Stopwatch()
    if choice.source is None:
        boxes = {
            image_id: [region.box for region in regions]
            for image_id, regions in corpus.annotations.items()
        }
    else:
        boxes = read_detections(choice.source, choice.confidence)
    image_ids = dict.fromkeys(expression.image_id for expression in corpus.expressions)
    photos = [
        (corpus.images_folder.path / corpus.photos[image_id].file_name, image_id, boxes[image_id])
        for image_id in image_ids
    ]
    draw_all(photos, folder, processes, read_again=read_again)
    pictures = sum(len(boxes) for _, _, boxes in photos)
    return stopwatch.stop(pictures, **{"MB on disk": _megabytes(folder)})


def our_way(source: Source, workers: int, folder: Path) -> Measured:
    """Prepare the dataset as prepare_data.py does."""
    from vg_mc.prepared.build.run import prepare

    corpus, choice = source()
    settings = _settings(corpus, choice)
    one = replace(corpus, expressions=corpus.expressions[:1])
    prepare(
        one, replace(settings, splits=(one.expressions[0].split,)), folder / "first", num_workers=1
    )
    stopwatch = Stopwatch()
    manifest = prepare(corpus, settings, folder / "prepared", num_workers=workers)
    pictures = manifest["candidates"]["total"]
    return stopwatch.stop(pictures, **{"MB on disk": _megabytes(folder / "prepared")})


def _settings(corpus: Corpus, choice: ProposerChoice) -> PreparationSettings:
    return PreparationSettings(
        drawing=Drawing({"clip-refcoco": CLIP_REFCOCO}, IMAGE_SIZE, "squash"),
        train_proposer=choice,
        proposer=choice,
        splits=tuple(dict.fromkeys(expression.split for expression in corpus.expressions)),
        skip_bad=False,
    )


def _megabytes(folder: Path) -> str:
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    return f"{size / 1e6:.1f}"


def check(folder: Path) -> str:
    """Compare the candidate images with those of the baseline, resized in the same way."""
    from vg_mc.prepared.dataset import open_prepared

    dataset = open_prepared(folder / OURS / "prepared")
    twin = open_prepared(folder / "vg_mc, 2 processes" / "prepared")
    assert dataset.data_hash == twin.data_hash, "the result depends on the number of processes"
    candidates = dict(_candidates(dataset))
    plain = folder / PLAIN
    assert len(list(plain.iterdir())) == sum(map(len, candidates.values()))

    differences, recognised = [], []
    step = max(1, len(candidates) // COMPARED_PHOTOS)
    for image_id, ids in list(candidates.items())[::step]:
        theirs = np.stack([_resized(plain / f"{image_id}_{n}.jpg") for n in range(len(ids))])
        for number, picture in enumerate(dataset.pictures(ids)):
            difference = np.abs(theirs - picture.astype(np.int16)).mean(axis=(1, 2, 3))
            differences.append(difference[number])
            recognised.append(difference.argmin() == number)
    assert np.mean(differences) < LARGEST_MEAN_DIFFERENCE, np.mean(differences)
    assert np.mean(recognised) > LEAST_RECOGNISED, np.mean(recognised)
    return (
        f"Same bytes from 1 and 2 processes. {len(differences)} candidate images were compared "
        f"with the resized ones of the baseline: they differ by {np.mean(differences):.1f} of 255 "
        "on average, since the baseline draws its marker before resizing and with ticks; "
        f"{np.mean(recognised):.1%} are closer to their counterpart than to another candidate of "
        "their image."
    )


def _candidates(dataset: "PreparedDataset") -> Iterator[tuple[int, NDArray[np.int64]]]:
    for split in dataset.splits:
        expressions = dataset.expressions(split)
        yield from zip(expressions.image_ids.tolist(), expressions.candidate_ids, strict=True)


def _resized(file: Path) -> NDArray[np.int16]:
    with Image.open(file) as photo:
        return np.asarray(fit_photo(photo.convert("RGB"), IMAGE_SIZE, "squash"), dtype=np.int16)
