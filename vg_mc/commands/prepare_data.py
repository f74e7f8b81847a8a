"""``prepare_data.py``: annotations, photos and proposals in, a multiple-choice dataset out."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from vg_mc.commands.accelerating import processes_launched
from vg_mc.commands.failing import plain_errors
from vg_mc.commands.prepare_settings import check_flags, settings_of
from vg_mc.config import parse_config
from vg_mc.corpora.box_formats import BoxFormat
from vg_mc.fitting import Fit
from vg_mc.preparation.settings import WhenEmpty
from vg_mc.records import Corpus

if TYPE_CHECKING:
    from vg_mc.preparation.crew import Crew
    from vg_mc.prepared.manifest import Manifest  # which loads pyarrow

CORES = os.cpu_count() or 1
SCENE_SIZE = 128  # pixels along the longer side


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
    united, like yolo+transformers."""

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

    views: tuple[str, ...] = ("seed",)
    """How a region is shown, in one or several views; models train on the first, a marker. Markers:
    seed, seed-readme, cpt-red, outline; further: circle-red, blur-outside, gray-outside, crop,
    crop-padded, crop-bars; see docs/method.md."""

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


def main(argv: Sequence[str] | None = None) -> None:
    """Run the command."""
    with plain_errors():
        config = parse_config(PrepareConfig, argv)
        if processes_launched() == 1:
            _tell(run(config), config)
            return
        from vg_mc.preparation.crew import joined

        with joined() as crew:
            if crew.rank == 0:
                _tell(run(config, crew), config)
            else:
                crew.help(config.num_workers)


def _tell(manifest: "Manifest", config: PrepareConfig) -> None:
    from vg_mc.reports.preparation import summary

    print(summary(manifest, config.output))


def run(config: PrepareConfig, crew: "Crew | None" = None) -> "Manifest":
    """Prepare the dataset that `config` describes, with the help of `crew`; return its manifest."""
    from vg_mc.preparation.publishing import require_free
    from vg_mc.preparation.run import prepare
    from vg_mc.workers import results_as_they_come

    check_flags(config)
    require_free(config.output, overwrite=config.overwrite)  # before a large corpus is read
    corpus = read_corpus(config)
    settings = settings_of(config, corpus)
    return prepare(
        corpus,
        settings,
        config.output,
        num_workers=config.num_workers,
        share=crew.results_as_they_come if crew else results_as_they_come,
        overwrite=config.overwrite,
    )


def read_corpus(config: PrepareConfig) -> Corpus:
    """Read the annotations, and print how the counts compare where the corpus is a known one."""
    from vg_mc.corpora import reading

    if config.corpus == "scenes":
        from vg_mc.corpora.scenes import write_scenes

        write_scenes(
            config.annotations,
            train=config.scenes,
            evaluation=max(1, config.scenes // 10),
            size=SCENE_SIZE,
            seed=config.seed,
            num_workers=config.num_workers,
        )
    source = reading.CorpusSource(
        kind="refer" if config.corpus == "scenes" else config.corpus,
        annotations=config.annotations,
        images=config.images,
        extracted=config.output.with_name(f"{config.output.name}-photos"),
        split_by="scenes" if config.corpus == "scenes" else config.split_by,
        instances=config.instances,
        box_format=config.box_format,
        splits=config.splits,
        skip_bad=config.on_error == "skip",
        allow_count_mismatch=config.allow_count_mismatch,
    )
    corpus, comparisons = reading.read_corpus(source)
    for comparison in comparisons:
        print(comparison)
    if not comparisons and config.corpus not in ("table", "scenes"):
        print(
            f"{corpus.name}: no counts are published for a corpus of this name, none were compared"
        )
    return corpus
