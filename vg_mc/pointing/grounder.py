"""The grounder: photos and expressions in, boxes and probabilities out.

Three lines of Python::

    from vg_mc import Grounder
    grounder = Grounder.from_pretrained("runs/vit/best", proposer="yolo", weights="yolov8n.pt")
    answers = grounder.ground("photo.jpg", ["the man in red"])
"""

import io
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Self, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from vg_mc.encoders.identity import model_hash
from vg_mc.encoders.loading import load_encoder
from vg_mc.faults import BadInputError
from vg_mc.fitting import Fit
from vg_mc.language import clean_text
from vg_mc.markers import MARKERS, Marker
from vg_mc.metrics.ranking import probabilities
from vg_mc.pointing.answers import Answer
from vg_mc.pointing.proposing import GIVEN, given, proposed
from vg_mc.pointing.questions import ImageLike, Question, opened
from vg_mc.pointing.trained_with import (
    Look,
    checked_temperature,
    recorded_look,
    recorded_temperature,
)
from vg_mc.preparation.naming import Finding, named_proposer
from vg_mc.preparation.settings import Drawing, ProposerChoice
from vg_mc.preparation.shards import candidate_rows
from vg_mc.records import XYXY, Proposal

if TYPE_CHECKING:
    from vg_mc.encoders.loading import Encoder

File: TypeAlias = Path | str
PICTURES_AT_ONCE = 64

UNKNOWN_LOOK = Look(MARKERS["seed"], "squash")
UNKNOWN_LOOK_NOTE = (
    "it is not known with which marker and fit this model was trained (no config.json of a run "
    "lies beside its folder): the seed's marker is drawn on squashed photos; name others if it "
    "knows others"
)
OTHER_MODEL_NOTE = (
    "the stored temperature was fitted with other weights, another precision or other versions of "
    "the libraries: calibrate again if probabilities are to be believed"
)


class Grounder:
    """Points at what expressions mean."""

    def __init__(
        self,
        encoder: "Encoder",
        look: Look = UNKNOWN_LOOK,
        proposer: ProposerChoice = GIVEN,
        *,
        temperature: float = 1.0,
    ) -> None:
        """Take a model that is loaded already, on the device where it is to run.

        Args:
            encoder: The model, whose pictures have its own size.
            look: The marker and the fit that it was trained with.
            proposer: What finds candidates where a question brings none.
            temperature: Logits are divided by it before the softmax.

        Raises:
            BadInputError: If the temperature is not above 0.
        """
        self.encoder = encoder
        self.marker = look.marker
        self.drawing = Drawing({"marker": look.marker}, encoder.image_size, look.fit)
        self.proposer = proposer
        self.temperature = checked_temperature(temperature)

    @classmethod
    def from_pretrained(
        cls,
        model: File,
        *,
        proposer: ProposerChoice | str | None = None,
        weights: File | None = None,
        detector: File | None = None,
        proposals: File | None = None,
        confidence: float = 0.25,
        marker: Marker | None = None,
        fit: Fit | None = None,
        temperature: float | None = None,
        device: str = "cpu",
    ) -> Self:
        """Load a model and all that belongs to it.

        Args:
            model: ``RUN/best`` of a run, or any other model that evaluate.py takes.
            proposer: What finds candidates: yolo with `weights`, transformers with `detector`,
                stored with `proposals`, several of them joined by ``+``, or with all its settings
                what `named_proposer` returns; by default every question brings its boxes.
            weights: Of a detector that ultralytics can load.
            detector: Folder of a detector of transformers, or its id on the hub.
            proposals: File of stored detections, which name photos by file name or image id.
            confidence: Detections with a lower score are left out.
            marker: By default the one of the run.
            fit: By default that of the run.
            temperature: By default the one that ``python -m vg_mc calibrate`` stored, or 1.
            device: Where model and detector run.

        Raises:
            BadInputError: If a file is missing or damaged.
        """
        if isinstance(proposer, str):
            finding = Finding(
                weights=_path(weights),
                detector=_path(detector),
                proposals=_path(proposals),
                confidence=confidence,
                device=device,
            )
            proposer = named_proposer(proposer, finding)
        recorded = recorded_look(Path(model))
        if recorded is None and (marker is None or fit is None):
            warnings.warn(UNKNOWN_LOOK_NOTE, stacklevel=2)
        look = recorded or UNKNOWN_LOOK
        look = Look(marker or look.marker, fit or look.fit)
        encoder = load_encoder(str(model))
        if temperature is None:
            temperature = _temperature_of(encoder, Path(model))
        return cls(encoder.to(device), look, proposer or GIVEN, temperature=temperature)

    def ground(
        self, image: ImageLike, expressions: Sequence[str], boxes: Sequence[XYXY] | None = None
    ) -> list[Answer]:
        """Answer expressions about one photo.

        Args:
            image: A file, or a picture in memory.
            expressions: Texts, each grounded by itself.
            boxes: Candidates (left, top, right, bottom) in pixels of the photo, in place of the
                proposer's; an answer has them cut to the photo, in this order.

        Raises:
            BadInputError: If photo, texts or boxes cannot be used.
        """
        if isinstance(expressions, str):
            raise BadInputError("expected a list of expressions, not a single text")
        return self.ground_all([Question(image, tuple(expressions), boxes)])[0]

    def rank(self, image: ImageLike, expression: str, boxes: Sequence[XYXY]) -> NDArray[np.float64]:
        """Return the probability of each box, shape (C,): a re-ranker for any detector."""
        return self.ground(image, [expression], boxes)[0].probabilities

    def ground_all(self, questions: Sequence[Question]) -> list[list[Answer]]:
        """Answer questions about several photos together; the photos are in memory at once.

        Returns:
            For each question the answers to its expressions.
        """
        candidates = self._candidates(questions)
        pictures = [picture for _, drawn in candidates for picture in drawn]
        texts = [[_cleaned(text) for text in question.expressions] for question in questions]
        distinct = list(dict.fromkeys(text for some in texts for text in some))
        with torch.no_grad():
            images = _joined(self.encoder.encode_images(batch) for batch in _batches(pictures))
            words = _joined(
                self.encoder.encode_texts(self.encoder.tokenize(distinct[start : start + 256]))
                for start in range(0, len(distinct), 256)
            )
            features = dict(zip(distinct, words, strict=True))
            parts = iter(torch.split(images, [len(drawn) for _, drawn in candidates]))
            return [
                [self._answer(text, found, part, features[text]) for text in some]
                for some, (found, _), part in zip(texts, candidates, parts, strict=True)
            ]

    def _candidates(
        self, questions: Sequence[Question]
    ) -> list[tuple[tuple[Proposal, ...], list[Tensor]]]:
        """Return the proposals of each question, and the pictures (3, H, W) that show them."""
        looked_at = [opened(question.image) for question in questions]
        boxless = [place for place, question in enumerate(questions) if question.boxes is None]
        detected: Iterator[list[Proposal]] = iter(())
        if boxless:
            sentences = [[*map(_cleaned, questions[place].expressions)] for place in boxless]
            detected = iter(
                proposed([looked_at[place] for place in boxless], self.proposer, sentences)
            )
        drawn = []
        for question, (photo, image) in zip(questions, looked_at, strict=True):
            known = question.boxes
            found = next(detected) if known is None else given(known, photo, self.proposer)
            rows = candidate_rows(photo, image, found, self.drawing)
            placed = tuple(
                replace(proposal, box=tuple(row["box"]))
                for proposal, row in zip(found, rows, strict=True)
            )
            drawn.append((placed, [_decoded(row["picture"]["bytes"]) for row in rows]))
        return drawn

    def _answer(
        self, text: str, proposals: tuple[Proposal, ...], images: Tensor, words: Tensor
    ) -> Answer:
        """Answer one text, whose features are `words` (D,), by its candidates' `images` (C, D)."""
        logits = np.empty(0, np.float32)
        if proposals:
            logits = self.encoder.logits(images, words[None])[0].cpu().numpy()
        return Answer(text, proposals, logits, probabilities(logits, self.temperature))


def _path(file: File | None) -> Path | None:
    return None if file is None else Path(file)


def _temperature_of(encoder: "Encoder", model: Path) -> float:
    stored = recorded_temperature(model)
    if stored is None:
        return 1.0
    if stored.model_hash and stored.model_hash != model_hash(encoder, "no"):
        warnings.warn(OTHER_MODEL_NOTE, stacklevel=3)
    return stored.temperature


def _cleaned(text: str) -> str:
    cleaned = clean_text(text)
    if not cleaned:
        raise BadInputError(f"expected words, not {text!r}", record="expression")
    return cleaned


def _decoded(encoded: bytes) -> Tensor:
    """Decode a candidate as a prepared dataset does, shape (3, H, W)."""
    pixels = np.array(Image.open(io.BytesIO(encoded), formats=["JPEG"]))
    return torch.from_numpy(pixels).permute(2, 0, 1)


def _batches(pictures: list[Tensor]) -> Iterator[Tensor]:
    for start in range(0, len(pictures), PICTURES_AT_ONCE):
        yield torch.stack(pictures[start : start + PICTURES_AT_ONCE])


def _joined(features: Iterator[Tensor]) -> Tensor:
    return torch.cat([*features] or [torch.empty(0, 1)])
