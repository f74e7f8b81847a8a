"""The grounder: photos and expressions in, boxes and probabilities out.

Three lines of Python::

    from vg_mc import Grounder
    grounder = Grounder.from_pretrained("runs/vit/best", proposer="yolo", weights="yolov8n.pt")
    answers = grounder.ground("photo.jpg", ["the man in red"])
"""

import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Self, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray

from vg_mc.boxes.transforms import Fit
from vg_mc.errors import BadInputError
from vg_mc.grounders.clip import Combination, EncoderScorer
from vg_mc.grounders.protocol import Logits, Scorer
from vg_mc.images import View
from vg_mc.images.markers import CLIP_REFCOCO
from vg_mc.inference.answers import Answer
from vg_mc.inference.in_memory import asked
from vg_mc.inference.queries import ImageLike, Question
from vg_mc.inference.run_settings import (
    Look,
    checked_temperature,
    recorded_look,
    recorded_temperature,
)
from vg_mc.metrics.ranking import probabilities
from vg_mc.models.features.identity import model_hash
from vg_mc.models.loading import load_encoder
from vg_mc.prepared.build.settings import Drawing
from vg_mc.proposers.choice import ProposerChoice
from vg_mc.proposers.naming import Finding, named_proposer
from vg_mc.proposers.on_demand import GIVEN
from vg_mc.records import XYXY, Proposal
from vg_mc.system.processes import Alone
from vg_mc.text.prompts import PLACE, check_prompts, subjects_for

if TYPE_CHECKING:
    from vg_mc.models.loading import Encoder

File: TypeAlias = Path | str
PICTURES_AT_ONCE = 64

UNKNOWN_LOOK = Look(CLIP_REFCOCO, "squash")
UNKNOWN_LOOK_NOTE = (
    "it is not known with which marker and fit this model was trained (no config.json of a run "
    "lies beside its folder): the marker clip-refcoco is drawn on squashed photos; name others if "
    "it knows others"
)
OTHER_MODEL_NOTE = (
    "the stored temperature was fitted with other weights, another precision or other versions of "
    "the libraries: calibrate again if probabilities are to be believed"
)


class Grounder:
    """Points at what expressions mean."""

    def __init__(
        self,
        scorer: Scorer,
        drawing: Drawing,
        proposer: ProposerChoice = GIVEN,
        *,
        temperature: float = 1.0,
    ) -> None:
        """Take whatever answers expressions of a prepared dataset.

        Args:
            scorer: A model, or a rule such as `vg_mc.grounders.baselines.BiggestBox`.
            drawing: How candidates are shown to it.
            proposer: What finds candidates where a question brings none.
            temperature: Logits are divided by it before the softmax.

        Raises:
            BadInputError: If the temperature is not above 0.
        """
        self.scorer = scorer
        self.drawing = drawing
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
        views: Mapping[str, View] | None = None,
        fit: Fit | None = None,
        prompts: Sequence[str] = (PLACE,),
        combine: Combination = "mean",
        spacy_model: str = "en_core_web_sm",
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
            views: What the model looks at, as `choose_views` returns it; by default the marker of
                the run.
            fit: By default that of the run.
            prompts: Wordings; ``{}`` stands for the expression, ``{subject}`` for its subject.
            combine: What becomes of the logits of all views in all wordings.
            spacy_model: Finds subjects.
            temperature: By default the one that ``python -m vg_mc calibrate`` stored, or 1.
            device: Where model and detector run.

        Raises:
            BadInputError: If a file is missing or damaged, or a wording has no place.
        """
        choice = _choice(proposer, weights, detector, proposals, confidence, device)
        check_prompts(prompts)
        look = _look(Path(model), views)
        encoder = load_encoder(str(model)).to(device)
        if temperature is None:
            temperature = _temperature_of(encoder, Path(model))
        drawing = Drawing(views or {"marker": look.marker}, encoder.image_size, fit or look.fit)
        scorer = EncoderScorer(
            accelerator=Alone(torch.device(device)),
            encoder=encoder,
            batch_size=PICTURES_AT_ONCE,
            num_workers=0,
            views=[*drawing.views],
            prompts=prompts,
            subject_of=subjects_for(prompts, spacy_model),
            combine=combine,
        )
        return cls(scorer, drawing, choice, temperature=temperature)

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
        dataset, expressions, proposals = asked(questions, self.drawing, self.proposer)
        logits = self.scorer.logits(dataset, expressions)
        answers = iter(
            self._answer(text, proposals[place], values)
            for text, place, values in zip(
                expressions.texts, expressions.image_ids.tolist(), logits, strict=True
            )
        )
        return [[next(answers) for _ in question.expressions] for question in questions]

    def _answer(self, text: str, proposals: tuple[Proposal, ...], logits: Logits) -> Answer:
        return Answer(text, proposals, logits, probabilities(logits, self.temperature))


def _look(model: Path, views: Mapping[str, View] | None) -> Look:
    """Return how the pictures of a model's run were drawn; warn where that is guessed."""
    recorded = recorded_look(model)
    if recorded is None and views is None:
        warnings.warn(UNKNOWN_LOOK_NOTE, stacklevel=3)
    return recorded or UNKNOWN_LOOK


def _choice(
    proposer: ProposerChoice | str | None,
    weights: File | None,
    detector: File | None,
    proposals: File | None,
    confidence: float,
    device: str,
) -> ProposerChoice:
    if not isinstance(proposer, str):
        return proposer or GIVEN
    finding = Finding(
        weights=None if weights is None else Path(weights),
        detector=None if detector is None else Path(detector),
        proposals=None if proposals is None else Path(proposals),
        confidence=confidence,
        device=device,
    )
    return named_proposer(proposer, finding)


def _temperature_of(encoder: "Encoder", model: Path) -> float:
    stored = recorded_temperature(model)
    if stored is None:
        return 1.0
    if stored.model_hash and stored.model_hash != model_hash(encoder, "no"):
        warnings.warn(OTHER_MODEL_NOTE, stacklevel=3)
    return stored.temperature
