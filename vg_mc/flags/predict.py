"""What ``python -m vg_mc predict`` may be told."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import tyro

from vg_mc.boxes.transforms import Fit
from vg_mc.proposers.choice import WhenEmpty


@dataclass(frozen=True)
class PredictConfig:
    """Answer expressions about photos without annotations, and draw the answers."""

    photo: Annotated[Path, tyro.conf.Positional]
    """A photo, a folder of photos, or a CSV with the columns image and expression."""

    expressions: Annotated[tuple[str, ...], tyro.conf.Positional]
    """Texts to find in the photo, in each of the folder; none for a CSV."""

    model: str = ""
    """For the grounder clip: RUN/best of a run, or any other model that evaluate.py takes; for
    subject-match-model and pseudo-query-model also sentence:ID_OR_FOLDER."""

    grounder: str = "clip"
    """What answers, as for evaluate.py: clip, or without a model subject-match, pseudo-query,
    biggest-box, most-confident, random; or subject-match-model, pseudo-query-model."""

    output: Path = Path("answers")
    """Folder of pictures, answers.csv and answers.jsonl; or, for one photo and one expression, the
    picture to write (.png, .jpg)."""

    proposer: str = "yolo"
    """What proposes regions: the detectors yolo and transformers, stored detections, or several
    united, like yolo+transformers."""

    weights: Path | None = None
    """Detector weights, for the proposer yolo: YOLOv5u, v8, 11, 26 or World."""

    detector: Path | None = None
    """Detector for the proposer transformers: its folder, or its id on the hub, from where it is
    fetched. OWLv2 and Grounding DINO look for each expression about a photo."""

    proposals: Path | None = None
    """File of stored detections, for the proposer stored; they name photos by file name, or by the
    number at the end of it."""

    boxes: Path | None = None
    """JSON list of boxes [left, top, right, bottom] in pixels of a single photo, in place of a
    proposer."""

    confidence: float = 0.25
    """Detections with a lower score are left out."""

    nms: float | None = None
    """Of two detections whose IoU exceeds it the weaker one is left out, and of two from different
    proposers the one of the later named. 1 keeps all; by default 0.7 where proposers are united,
    and 1 where none are."""

    max_proposals: int | None = None
    """At most so many detections of a photo from each proposer, the best; all by default."""

    when_empty: WhenEmpty = "none"
    """What a photo without detections gets, as for prepare_data.py."""

    detector_size: int | None = None
    """Longer side of a photo in the proposer yolo, in pixels; by default that of its training."""

    device: str = "cpu"
    """Where model and detector run: cpu, cuda, cuda:1 ..."""

    temperature: float | None = None
    """Logits are divided by it; by default what python -m vg_mc calibrate stored, or 1."""

    views: tuple[str, ...] = ()
    """What clip looks at, as for prepare_data.py: markers or crops, in place of the marker that the
    run of the model was trained with; pseudo-query names colours if crop is among them."""

    fit: Fit | None = None
    """Fit in place of the one that the run of the model was trained with."""

    prompts: tuple[str, ...] = ("{}",)
    """How clip words expressions, like "a photo of {}"; {} stands for the expression, {subject} for
    its subject alone, which spaCy finds."""

    combine: Literal["mean", "sum", "max"] = "mean"
    """What becomes of its logits, where it looks at several views or reads several wordings."""

    text_similarity: Literal["exact", "vectors"] = "exact"
    """How subject-match compares the subject with category names: the same name or a synonym, or
    the cosine of spaCy's vectors, which need a model that has some, like en_core_web_md."""

    place_words: bool = False
    """Words like "left" and "second from right" decide between candidates that subject-match finds
    equal."""

    spacy_model: str = "en_core_web_sm"
    """The spaCy model that finds subjects, by name or its folder."""

    seed: int = 0
    """Seed of the grounder random."""

    json: bool = False
    """Print answers as JSON lines in place of tables."""
