"""The grounder: photos and expressions in, boxes and probabilities out.

Three lines of Python::

    from vg_mc import Grounder
    grounder = Grounder.from_pretrained("runs/vit/best", proposer="yolo", weights="yolov8n.pt")
    answers = grounder.ground("photo.jpg", ["the man in red"])
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Self, TypeAlias

import numpy as np
from numpy.typing import NDArray

from vg_mc.boxes.transforms import Fit
from vg_mc.errors import BadInputError
from vg_mc.grounders.clip import CLIP, ClipOptions
from vg_mc.grounders.protocol import Chooser, Combination, Logits
from vg_mc.grounders.registry import GrounderOptions, select
from vg_mc.images import View
from vg_mc.inference.answers import Answer
from vg_mc.inference.in_memory import asked
from vg_mc.inference.loading import load
from vg_mc.inference.queries import ImageLike, Question
from vg_mc.inference.run_settings import checked_temperature
from vg_mc.metrics.ranking import probabilities
from vg_mc.prepared.build.settings import Drawing
from vg_mc.proposers.choice import ProposerChoice
from vg_mc.proposers.kinds.stored import StoredOptions
from vg_mc.proposers.kinds.transformers import TransformersOptions
from vg_mc.proposers.kinds.yolo import YoloOptions
from vg_mc.proposers.on_demand import GIVEN
from vg_mc.proposers.registry import ProposerOptions, named_proposer
from vg_mc.records import XYXY, Proposal
from vg_mc.text.prompts import PLACE

File: TypeAlias = Path | str


class Grounder:
    """Points at what expressions mean."""

    def __init__(
        self,
        scorer: Chooser,
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
        clip = ClipOptions(views=tuple(views or ()), prompts=tuple(prompts), combine=combine)
        options = GrounderOptions(clip=clip, spacy_model=spacy_model)
        (selected,) = select([CLIP.name], [str(model)], options)
        loaded = load(
            selected, options, views=views or {}, fit=fit, temperature=temperature, device=device
        )
        return cls(loaded.chooser, loaded.drawing, choice, temperature=loaded.temperature)

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
    options = ProposerOptions(
        yolo=YoloOptions(_path(weights)),
        transformers=TransformersOptions(_path(detector)),
        stored=StoredOptions(_path(proposals)),
        confidence=confidence,
    )
    return named_proposer(proposer, options, device)


def _path(file: File | None) -> Path | None:
    return None if file is None else Path(file)
