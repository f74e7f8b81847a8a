"""What ``prepare_data.py`` may be told."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import tyro

from vg_mc.boxes.formats import BoxFormat
from vg_mc.boxes.transforms import Fit
from vg_mc.images import DEFAULT_VIEW, VIEWS
from vg_mc.proposers.choice import WhenEmpty

VIEWS_HELP = (
    "How a region is shown, in one or several views; models train on the first, a marker. There "
    f"are {', '.join(VIEWS)}; see docs/method.md."
)
CORES = os.cpu_count() or 1


@dataclass(frozen=True)
class PrepareConfig:
    """Draw every region proposal on its photo and write a multiple-choice dataset, once."""

    annotations: Path
    """Where the corpus lies: for refer a folder with instances.json and refs(<split-by>).p, for hub
    a folder of Parquet files or the id of a dataset, for table and pth a file or a folder of files;
    scenes are written here if not there."""

    output: Path
    """Folder of the prepared dataset."""

    corpus: Literal["refer", "hub", "table", "pth", "scenes"] = "refer"
    """Where expressions come from: the layout of the REFER toolkit, a mirror on the Hugging Face
    hub, a table of your own (CSV, JSON lines, Parquet, COCO JSON), TransVG's lists, or scenes drawn
    on the spot; see data/README.md."""

    split_by: str = "unc"
    """Whose split: unc, umd, google ...; names the file refs(<split-by>).p."""

    images: Path | None = None
    """Folder of the photos; images beside or in <annotations> by default. Photos that lie in a
    mirror's tables are written to it, to <output>-photos by default."""

    instances: Path | None = None
    """File like COCO's instances_train2014.json, whose boxes are the annotated ones of each image,
    joined on the image id; by default those of the corpus, which a mirror, a table or a list lacks
    but for the boxes that are meant."""

    box_format: BoxFormat | None = None
    """What the four numbers of a box are, for table, pth and hub; by default what the format says,
    or xyxy."""

    allow_count_mismatch: bool = False
    """Go on if a known corpus has other counts than the official ones."""

    splits: tuple[str, ...] = ()
    """Splits to prepare; all of the corpus by default."""

    proposer: str = "annotations"
    """What proposes regions for every split but train: annotations (the annotated boxes), yolo,
    transformers (DETR, RT-DETR, OWLv2, Grounding DINO), stored (detections in a file), or several
    united, like yolo+transformers; or none, for a dataset of whole images."""

    train_proposer: str = "annotations"
    """What proposes regions for the split train."""

    jitter: float = 0.0
    """Each edge of an annotated box of the split train is moved by up to this share of the box's
    width or height, so that training sees boxes like a detector's; 0 leaves them exact."""

    weights: Path | None = None
    """Detector weights, for the proposer yolo: YOLOv5u, v8, 11, 26 or World."""

    detector: Path | None = None
    """Detector for the proposer transformers: its folder, or its id on the hub, from where it is
    fetched. OWLv2 and Grounding DINO look for each sentence about a photo."""

    proposals: Path | None = None
    """File of stored detections, for the proposer stored: MAttNet's, COCO results, ReCLIP's, CPT's,
    refer's, or a Parquet file of ours."""

    confidence: float = 0.25
    """Detections with a lower score are left out."""

    nms: float | None = None
    """Of two detections whose IoU exceeds it the weaker one is left out, and of two from different
    proposers the one of the later named; annotated boxes stay. 1 keeps all; by default 0.7 where
    proposers are united, and 1 where none are."""

    max_proposals: int | None = None
    """At most so many detections of a photo from each detector, the best; all by default."""

    when_empty: WhenEmpty = "none"
    """What a photo without detections gets: nothing, the whole image as one box, or the best
    detections below the confidence, which is lowered by 0.1 until there is one."""

    detector_size: int | None = None
    """Longer side of a photo in the proposer yolo, in pixels; by default that of its training."""

    device: str = "cpu"
    """Where the detector runs: cpu, cuda, cuda:1 ..."""

    views: Annotated[tuple[str, ...], tyro.conf.arg(help=VIEWS_HELP)] = (DEFAULT_VIEW,)

    color: str | None = None
    """Colour in place of the views' own: a name or #rrggbb."""

    opacity: float | None = None
    """Opacity of the shading in place of the views' own, from 0 to 1."""

    outline: int | None = None
    """Width of lines in pixels of the picture, in place of the views' own."""

    context: float | None = None
    """Crops show so many times the width and height of the box; 1 by default."""

    image_size: int = 224
    """Side of the square candidate pictures; the model's input size."""

    fit: Fit = "squash"
    """How a whole photo becomes square: squashed, or letterboxed with bars."""

    whole_images: int | None = None
    """Store each image as a whole, too, once, with at most this many pixels along its longer side;
    larger than a model's input where crops and scales are drawn from it."""

    on_error: Literal["stop", "skip"] = "stop"
    """At a bad record: stop and name it, or list it in rejected.jsonl and go on."""

    num_workers: int = max(1, CORES // int(os.environ.get("LOCAL_WORLD_SIZE", "1")))
    """Processes that detect and draw, of each process that is launched. The result does not depend
    on it."""

    scenes: int = 4000
    """Training scenes to draw, for the corpus scenes; a tenth as many for each other split."""

    seed: int = 0
    """Seed of the scenes and of the jitter."""

    overwrite: bool = False
    """Replace an existing output, once the new one is complete."""
