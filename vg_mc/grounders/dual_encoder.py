"""The grounder that scores candidate images with a dual encoder such as CLIP.

Each candidate image and each distinct text is encoded once, since their features interact only in a
dot product. Expressions are processed in windows that contain all expressions of an image. Only the
features of the current window are held in memory.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from vg_mc.grounders.protocol import Combination, Ids, Logits, joined
from vg_mc.grounders.score_subtraction import OtherCaptions, caption_sample
from vg_mc.models.dual_encoder import DualEncoder, truncation_note
from vg_mc.models.features.cache import FeatureBank
from vg_mc.models.features.extraction import FeatureMaker, Window
from vg_mc.models.features.identity import model_hash
from vg_mc.models.similarity import in_evaluation_mode
from vg_mc.prepared.dataset import Expressions, PreparedDataset
from vg_mc.system.processes import Processes
from vg_mc.text.cleaning import swap_left_right
from vg_mc.text.prompts import PLACE, SUBJECT


def windows_of(expressions: Expressions, candidates: int) -> list[Ids]:
    """Split expressions into windows, without splitting the expressions of an image.

    Args:
        expressions: The expressions of a split.
        candidates: Approximate number of candidates in a window.

    Returns:
        The row numbers of the expressions in each window.
    """
    if not len(expressions):
        return []
    order = np.argsort(expressions.image_ids, kind="stable")
    photos = np.split(order, np.flatnonzero(np.diff(expressions.image_ids[order])) + 1)
    counts = [len(candidates_of(expressions, rows)) for rows in photos]
    # The window that contains the first candidate of each image.
    window_of = (np.cumsum(counts) - counts) // candidates
    ends = np.flatnonzero(np.diff(window_of)) + 1
    groups = np.split(np.arange(len(photos)), ends)
    return [np.concatenate([photos[photo] for photo in group]) for group in groups]


def candidates_of(expressions: Expressions, rows: Ids) -> Ids:
    """Return the sorted unique ids of the candidates of the given expressions."""
    return np.unique(joined([expressions.candidate_ids[row] for row in rows]))


WINDOW = 8192  # candidate images; their features take 16 MB at 512 dimensions


COMBINATIONS: dict[Combination, Callable[[Tensor], Tensor]] = {
    "mean": lambda scores: scores.mean(0),
    "sum": lambda scores: scores.sum(0),
    "max": lambda scores: scores.amax(0),
}


@dataclass(kw_only=True)
class DualEncoderGrounder:
    """Scores candidates by the similarity of image and text features.

    The work of encoding is divided among all processes.

    Attributes:
        accelerator: The processes and the precision of the forward pass.
        encoder: The model.
        batch_size: Number of images, or texts, per forward pass.
        num_workers: Number of processes that decode images.
        views: Names of the views of the dataset that are encoded, one or more.
        precision: Precision of the forward pass; part of the hash of the model.
        known_hash: The hash of the model if it was computed before, else empty.
        facts: Description for reports.
        mirrored: Flip images horizontally and swap left and right in texts.
        bank: Feature cache; None encodes everything.
        window: Approximate number of candidates whose features are in memory at a time. Without a
            cache, a text that occurs in two windows is encoded twice.
        prompts: Prompt templates; ``{}`` is replaced by the expression, ``{subject}`` by its
            subject.
        subject_of: Returns the subject of an expression.
        combine: How the logits of all views and prompt templates are combined.
        captions: Number of other captions whose mean logit is subtracted, since some candidates
            are similar to every text (FGVP, https://arxiv.org/abs/2306.04356).
        seed: Seed for sampling these captions.
    """

    accelerator: Processes
    encoder: DualEncoder
    batch_size: int
    num_workers: int
    views: Sequence[str]
    precision: str = "no"
    known_hash: str = ""
    facts: Mapping[str, str] = field(default_factory=dict)
    mirrored: bool = False
    bank: FeatureBank | None = None
    window: int = WINDOW
    prompts: Sequence[str] = (PLACE,)
    subject_of: Callable[[str], str] = str
    combine: Combination = "mean"
    captions: int = 0
    seed: int = 0

    @property
    def name(self) -> str:
        """The name of the encoder."""
        return self.encoder.name

    @property
    def image_size(self) -> int:
        """Side of the encoder's square input images in pixels."""
        return self.encoder.image_size

    def model_hash(self) -> str:
        """Return a hash of the weights, the precision and the library versions."""
        return self.known_hash or model_hash(self.encoder, self.precision)

    def truncation(self, expressions: Expressions) -> str:
        """Return how many expressions are truncated in the longest prompt template; may be empty.

        Subjects are not longer than their expressions, so templates with them are not counted.
        """
        prompts = [prompt for prompt in self.prompts if PLACE in prompt]
        longest = max(prompts, key=len, default=PLACE)
        texts = [longest.replace(PLACE, text) for text in expressions.texts]
        return truncation_note(self.encoder, texts)

    def worded(self, text: str) -> list[str]:
        """Return the expression in each of the prompt templates."""
        asked = swap_left_right(text) if self.mirrored else text
        return [
            prompt.replace(PLACE, asked)
            if PLACE in prompt
            else prompt.replace(SUBJECT, self.subject_of(asked))
            for prompt in self.prompts
        ]

    def logits(self, dataset: PreparedDataset, expressions: Expressions) -> list[Logits]:
        """Return the logits of each expression's candidates, shape (C,)."""
        maker = FeatureMaker(
            self.accelerator,
            self.encoder,
            dataset,
            batch_size=self.batch_size,
            num_workers=self.num_workers,
            mirrored=self.mirrored,
            bank=self.bank,
            views=self.views,
        )
        captions = caption_sample(dataset, expressions, self.captions, self.seed)
        # Not inference mode: tensors that a model caches in it could not be used for training.
        with torch.no_grad(), self.accelerator.autocast(), in_evaluation_mode(self.encoder):
            return self._all_logits(maker, expressions, captions)

    def _all_logits(
        self, maker: FeatureMaker, expressions: Expressions, captions: list[str]
    ) -> list[Logits]:
        prompted = zip(*map(self.worded, captions), strict=True)
        others = OtherCaptions(captions, [maker.text_features(list(one)) for one in prompted])
        logits = [np.empty(0, np.float32)] * len(expressions)
        parts = windows_of(expressions, self.window)
        windows = [self._window(expressions, rows) for rows in parts]
        for rows, part, features in zip(parts, windows, maker.features(windows), strict=True):
            answers = self._answers(expressions, rows, part, *features, others)
            for row, answer in zip(rows.tolist(), answers, strict=True):
                logits[row] = answer
        return logits

    def _window(self, expressions: Expressions, rows: Ids) -> Window:
        texts = [one for row in rows for one in self.worded(expressions.texts[row])]
        return Window(candidates_of(expressions, rows), list(dict.fromkeys(texts)))

    def _answers(
        self,
        expressions: Expressions,
        rows: Ids,
        window: Window,
        images: list[Tensor],  # features of the window's candidates, by view
        texts: Tensor,  # features of the window's texts
        others: OtherCaptions,
    ) -> list[Logits]:
        position = {text: index for index, text in enumerate(window.texts)}
        candidate_ids = [expressions.candidate_ids[row] for row in rows]
        lengths = [len(ids) for ids in candidate_ids]
        index = torch.from_numpy(np.searchsorted(window.candidate_ids, joined(candidate_ids)))
        asked = zip(rows.tolist(), torch.split(index.to(texts.device), lengths), strict=True)
        usual = others.sums(self.encoder, images)
        logits = []
        for row, candidates in asked:
            text = expressions.texts[row]
            words = texts[[position[one] for one in self.worded(text)]]
            if len(candidates):
                shown = [self.encoder.logits(view[candidates], words) for view in images]
                scores = others.subtracted(torch.stack(shown), usual, candidates, text)
                logits.append(COMBINATIONS[self.combine](scores.flatten(0, 1)))
        # One transfer from the device instead of one per expression.
        values = torch.cat([torch.empty(0, device=texts.device), *logits]).cpu().numpy()
        # Copied: a view would keep the logits of the whole window in memory.
        return [np.array(part) for part in np.split(values, np.cumsum(lengths)[:-1])]
