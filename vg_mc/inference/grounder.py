"""The class `Grounder`, which answers expressions about images with boxes and probabilities.

Example::

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
from vg_mc.grounders.box_model import BOX
from vg_mc.grounders.clip import CLIP, ClipOptions
from vg_mc.grounders.protocol import (
    AnyGrounder,
    BoxPredictor,
    Combination,
    Logits,
    TakesWholeImages,
)
from vg_mc.grounders.registry import GrounderOptions, select
from vg_mc.images import View
from vg_mc.images.opening import ImageLike
from vg_mc.inference.answers import Answer
from vg_mc.inference.in_memory import asked, asked_whole
from vg_mc.inference.loading import load
from vg_mc.inference.queries import Question
from vg_mc.inference.run_settings import checked_temperature
from vg_mc.metrics.ranking import probabilities
from vg_mc.models.box_predictors.files import is_box_predictor
from vg_mc.prepared.build.settings import Drawing
from vg_mc.proposers.choice import ProposerChoice
from vg_mc.proposers.kinds.stored import StoredOptions
from vg_mc.proposers.kinds.transformers import TransformersOptions
from vg_mc.proposers.kinds.yolo import YoloOptions
from vg_mc.proposers.on_demand import GIVEN
from vg_mc.proposers.registry import ProposerOptions, named_proposer
from vg_mc.records import XYXY, Orientation, Photo, Proposal
from vg_mc.text.prompts import PLACE

File: TypeAlias = Path | str

PREDICTED = "predicted"  # source of the box of a grounder that predicts boxes


class Grounder:
    """Finds the boxes in images to which expressions refer."""

    def __init__(
        self,
        scorer: AnyGrounder,
        drawing: Drawing,
        proposer: ProposerChoice = GIVEN,
        *,
        temperature: float = 1.0,
        orientation: Orientation = "shown",
    ) -> None:
        """Create a grounder of images from a grounder of prepared datasets.

        Args:
            scorer: A model, or a rule such as `vg_mc.grounders.baselines.BiggestBox`. A box
                predictor uses neither drawing nor proposer.
            drawing: How candidate images are drawn.
            proposer: Finds candidates if the caller gives no boxes.
            temperature: Divisor of the logits before the softmax.
            orientation: The frame of all boxes: ``shown`` applies the EXIF orientation of images,
                as image viewers do; ``stored`` ignores it.

        Raises:
            BadInputError: If the temperature is not positive and finite.
        """
        self.scorer = scorer
        self.drawing = drawing
        self.proposer = proposer
        self.temperature = checked_temperature(temperature)
        self.orientation: Orientation = orientation

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
        orientation: Orientation = "shown",
    ) -> Self:
        """Load a model with the marker, fit and temperature of its run.

        Args:
            model: ``RUN/best`` of a run, or any other model that evaluate.py accepts. A box
                predictor needs no proposer.
            proposer: Name of a proposer: yolo with `weights`, transformers with `detector`, stored
                with `proposals`, or several joined by ``+``; or a result of `named_proposer`. By
                default boxes must be given with each image.
            weights: Weights of a YOLO detector.
            detector: Folder of a detector of transformers, or its id on the hub.
            proposals: File of stored detections, by file name or image id.
            confidence: Minimum score of detections.
            views: Views to encode, as returned by `choose_views`; by default the marker of the run.
            fit: How images become square; by default as in the run.
            prompts: Prompt templates; ``{}`` is replaced by the expression, ``{subject}`` by its
                subject.
            combine: How the logits of all views and prompt templates are combined.
            spacy_model: The spaCy model that finds subjects.
            temperature: Divisor of the logits; by default the value stored by ``python -m vg_mc
                calibrate``, or 1.
            device: Where the model and the detector run.
            orientation: The frame of all boxes, see `Grounder`.

        Raises:
            BadInputError: If a file is missing or damaged, or an option is invalid.
        """
        choice = _choice(proposer, weights, detector, proposals, confidence, device)
        clip = ClipOptions(views=tuple(views or ()), prompts=tuple(prompts), combine=combine)
        options = GrounderOptions(clip=clip, spacy_model=spacy_model)
        kind = BOX.name if is_box_predictor(Path(model)) else CLIP.name
        (selected,) = select([kind], [str(model)], options)
        loaded = load(
            selected, options, views=views or {}, fit=fit, temperature=temperature, device=device
        )
        return cls(
            loaded.grounder,
            loaded.drawing,
            choice,
            temperature=loaded.temperature,
            orientation=orientation,
        )

    def ground(
        self, image: ImageLike, expressions: Sequence[str], boxes: Sequence[XYXY] | None = None
    ) -> list[Answer]:
        """Answer expressions about one image.

        Args:
            image: An image file, its bytes, or an image or RGB array in memory. An image of Pillow
                is treated like its file: the EXIF orientation that it still has is applied.
            expressions: Texts, each answered independently.
            boxes: Candidates (left, top, right, bottom) in pixels of the image, which replace those
                of the proposer. Answers list them in the same order, clipped to the image.

        Raises:
            BadInputError: If the image, a text or a box is invalid.
        """
        if isinstance(expressions, str):
            raise BadInputError("expected a list of expressions, found a single string")
        return self.ground_all([Question(image, tuple(expressions), boxes)])[0]

    def rank(self, image: ImageLike, expression: str, boxes: Sequence[XYXY]) -> NDArray[np.float64]:
        """Return the probability of each box, shape (C,), to re-rank the boxes of a detector."""
        return self.ground(image, [expression], boxes)[0].probabilities

    def ground_all(
        self, questions: Sequence[Question], run: Sequence[Photo] = ()
    ) -> list[list[Answer]]:
        """Answer expressions about several images, which are in memory at the same time.

        Args:
            questions: Images with expressions.
            run: All images of a run in several calls, whose stored detections are checked together.

        Returns:
            For each image the answers to its expressions.

        Raises:
            BadInputError: If an image, a text or a box is invalid.
        """
        if isinstance(self.scorer, BoxPredictor):
            return _predicted(self.scorer, questions, self.orientation)
        dataset, expressions, proposals = asked(
            questions, self.drawing, self.proposer, self.orientation, run
        )
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


def _predicted(
    scorer: BoxPredictor, questions: Sequence[Question], orientation: Orientation
) -> list[list[Answer]]:
    """Return answers whose only candidate is the predicted box, if there is one."""
    if any(question.boxes is not None for question in questions):
        problem = f"the grounder {scorer.name} predicts boxes and takes no candidates"
        raise BadInputError(problem, record="boxes")
    side = scorer.whole_images if isinstance(scorer, TakesWholeImages) else None
    dataset, expressions = asked_whole(questions, side, orientation)
    boxes, found = scorer.predict(dataset, expressions)
    confidences = np.full(len(boxes), np.nan) if found is None else found
    answers = iter(
        _predicted_answer(*row)
        for row in zip(expressions.texts, boxes.tolist(), confidences.tolist(), strict=True)
    )
    return [[next(answers) for _ in question.expressions] for question in questions]


def _predicted_answer(text: str, box: list[float], confidence: float) -> Answer:
    if np.isnan(box).any():
        return Answer(text, (), np.empty(0, np.float32), np.empty(0))
    left, top, right, bottom = box
    proposal = Proposal((left, top, right, bottom), 1.0, None, PREDICTED)
    return Answer(text, (proposal,), np.zeros(1, np.float32), np.array([confidence]))


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
