"""Recall of a detector on photos that are stored turned, as phones store them.

    python -m benchmarks.orientation --data REFER_FOLDER --weights YOLO.pt

turns the pixels of every photo of a corpus losslessly and writes the EXIF orientation that turns
them back. Photos are opened as ``vg_mc predict`` opens them, in both frames. A target, which refers
to the upright photo, is found if the IoU of a detection exceeds 0.5.
"""

from argparse import ArgumentParser
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import get_args

import numpy as np
from PIL import Image
from PIL.ExifTags import Base
from tabulate import tabulate

from vg_mc.boxes.arithmetic import as_boxes, iou_matrix
from vg_mc.corpora.refer import read_refer
from vg_mc.images.orientation import TO_STORED, UPRIGHT
from vg_mc.inference.opening import opened
from vg_mc.metrics import is_right
from vg_mc.proposers.choice import ProposerChoice
from vg_mc.proposers.kinds.yolo import YoloOptions
from vg_mc.proposers.on_demand import proposed
from vg_mc.proposers.registry import ProposerOptions, named_proposer
from vg_mc.records import XYXY, Corpus, ImageFolder, Orientation

TURNS = (UPRIGHT, 3, 6, 8)  # EXIF orientations that phones write
AT_ONCE = 16  # images in memory


def main(argv: Sequence[str] | None = None) -> None:
    """Print the recall by orientation and frame."""
    parser = ArgumentParser(prog="python -m benchmarks.orientation", allow_abbrev=False)
    parser.add_argument("--data", type=Path, required=True, help="corpus in REFER's layout")
    parser.add_argument("--split-by", default="unc", help="as for prepare_data.py")
    parser.add_argument("--weights", type=Path, required=True, help="weights of a YOLO")
    parser.add_argument("--confidence", type=float, default=0.25, help="as for prepare_data.py")
    asked = parser.parse_args(argv)
    corpus = read_refer(
        asked.data, asked.split_by, ImageFolder(asked.data / "images"), skip_bad=False
    )
    options = ProposerOptions(yolo=YoloOptions(asked.weights), confidence=asked.confidence)
    choice = named_proposer("yolo", options, "cpu")
    with TemporaryDirectory() as folder:
        rows = list(_rows(corpus, choice, Path(folder)))
    print(f"{len(corpus.photos)} images, {len(corpus.expressions)} expressions")
    print(tabulate(rows, ["EXIF orientation", *get_args(Orientation)], tablefmt="github"))


def _rows(corpus: Corpus, choice: ProposerChoice, folder: Path) -> Iterator[list[str]]:
    for turn in TURNS:
        files = write_turned(corpus, turn, folder / str(turn))
        recalls = [recall(corpus, files, choice, frame) for frame in get_args(Orientation)]
        yield [str(turn), *(f"{found:.3f}" for found in recalls)]


def write_turned(corpus: Corpus, turn: int, folder: Path) -> dict[int, Path]:
    """Store the photos so that the EXIF orientation `turn` shows them upright."""
    folder.mkdir()
    exif = Image.Exif()
    exif[Base.Orientation] = turn
    files = {}
    for image_id, photo in corpus.photos.items():
        files[image_id] = folder / f"{image_id}.png"
        with Image.open(corpus.images_folder.path / photo.file_name) as file:
            image = file.convert("RGB")
        if turn in TO_STORED:
            image = image.transpose(TO_STORED[turn])
        image.save(files[image_id], exif=exif, compress_level=1)
    return files


def recall(
    corpus: Corpus, files: dict[int, Path], choice: ProposerChoice, frame: Orientation
) -> float:
    """Return the share of expressions whose target is found."""
    targets: dict[int, list[XYXY]] = defaultdict(list)
    for expression in corpus.expressions:
        targets[expression.image_id].append(expression.target)
    found: list[bool] = []
    image_ids = list(targets)
    for start in range(0, len(image_ids), AT_ONCE):
        some = image_ids[start : start + AT_ONCE]
        images = [opened(files[image_id], frame)[:2] for image_id in some]
        for image_id, proposals in zip(some, proposed(images, choice), strict=True):
            boxes = as_boxes([proposal.box for proposal in proposals])
            ious = iou_matrix(as_boxes(targets[image_id]), boxes)
            found += np.asarray(is_right(ious).any(axis=1)).tolist()
    return float(np.mean(found))


if __name__ == "__main__":
    main()
