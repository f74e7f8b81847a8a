"""Scoring by a CLIP: every picture and every distinct text is encoded once.

Text and picture meet only in a dot product, so a candidate that five expressions of its image ask
about costs one pass through the model, not five. Expressions are answered in windows of their
photos: features of one window are in memory, and of the windows before it only the logits.

Windows of a split: expressions that are answered together, with the pictures of their photos.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from vg_mc.grounders.protocol import Combination, Ids, Logits, joined
from vg_mc.grounders.score_subtraction import OtherCaptions, caption_sample
from vg_mc.models.dual_encoder import DualEncoder
from vg_mc.models.features.cache import FeatureBank
from vg_mc.models.features.extraction import FeatureMaker, Window
from vg_mc.models.features.identity import model_hash
from vg_mc.models.similarity import in_evaluation_mode
from vg_mc.prepared.dataset import Expressions, PreparedDataset
from vg_mc.system.processes import Processes
from vg_mc.text.cleaning import swap_left_right
from vg_mc.text.prompts import PLACE, SUBJECT


def windows_of(expressions: Expressions, candidates: int) -> list[Ids]:
    """Cut the expressions, photo by photo, into parts of at least so many `candidates`.

    Expressions of a photo stay together, since they share its pictures.
    """
    if not len(expressions):
        return []
    order = np.argsort(expressions.image_ids, kind="stable")
    photos = np.split(order, np.flatnonzero(np.diff(expressions.image_ids[order])) + 1)
    counts = [len(candidates_of(expressions, rows)) for rows in photos]
    # The window in which the first of a photo's candidates stands.
    window_of = (np.cumsum(counts) - counts) // candidates
    ends = np.flatnonzero(np.diff(window_of)) + 1
    groups = np.split(np.arange(len(photos)), ends)
    return [np.concatenate([photos[photo] for photo in group]) for group in groups]


def candidates_of(expressions: Expressions, rows: Ids) -> Ids:
    """Return the candidates of some expressions, sorted and each of them once."""
    return np.unique(joined([expressions.candidate_ids[row] for row in rows]))


WINDOW = 8192  # pictures; their features take 16 MB at 512 numbers each


COMBINATIONS: dict[Combination, Callable[[Tensor], Tensor]] = {
    "mean": lambda scores: scores.mean(0),
    "sum": lambda scores: scores.sum(0),
    "max": lambda scores: scores.amax(0),
}


@dataclass(kw_only=True)
class DualEncoderGrounder:
    """Scores by the encoder's own similarity of picture and text; all processes share the encoding.

    Attributes:
        accelerator: The processes and the precision of the forward pass.
        encoder: The model.
        batch_size: Pictures, or texts, per forward pass.
        num_workers: Processes that decode pictures.
        views: Names of the views of the dataset that are looked at, one or several.
        precision: Of the forward pass, for the hash of the model.
        known_hash: What `model_hash` returns, where it was computed before.
        facts: What a reader of the numbers should know of it.
        mirrored: Show pictures mirrored, and ask with left and right swapped.
        bank: What is found here is not encoded again, and what is encoded is kept here.
        window: About so many candidates have their features in memory at a time. A text that comes
            up in two windows is encoded for both unless a bank keeps it.
        prompts: How expressions are worded; ``{}`` stands for the expression, ``{subject}`` for
            its subject alone.
        subject_of: Returns the subject of an expression.
        combine: What becomes of the logits of all views in all wordings.
        captions: From each logit its mean over so many other captions is subtracted, since some
            candidates are similar to whatever is said (FGVP, https://arxiv.org/abs/2306.04356).
        seed: Key of the choice of these captions.
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
        """The encoder's own name."""
        return self.encoder.name

    @property
    def image_size(self) -> int:
        """Side of the images that the encoder takes, in pixels."""
        return self.encoder.image_size

    def model_hash(self) -> str:
        """Return a hash of the weights, the precision and the versions of libraries."""
        return self.known_hash or model_hash(self.encoder, self.precision)

    def worded(self, text: str) -> list[str]:
        """Return what the model reads of an expression, in each of the wordings."""
        asked = swap_left_right(text) if self.mirrored else text
        return [
            prompt.replace(PLACE, asked)
            if PLACE in prompt
            else prompt.replace(SUBJECT, self.subject_of(asked))
            for prompt in self.prompts
        ]

    def logits(self, dataset: PreparedDataset, expressions: Expressions) -> list[Logits]:
        """Return the logits (C,) of each expression's candidates, in their order."""
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
        # Not inference mode: what a model caches in it could not be trained with afterwards.
        with torch.no_grad(), self.accelerator.autocast(), in_evaluation_mode(self.encoder):
            return self._all_logits(maker, expressions, captions)

    def _all_logits(
        self, maker: FeatureMaker, expressions: Expressions, captions: list[str]
    ) -> list[Logits]:
        wordings = zip(*map(self.worded, captions), strict=True)
        others = OtherCaptions(captions, [maker.text_features(list(one)) for one in wordings])
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
        # Fetched from the device at once, not expression by expression.
        values = torch.cat([torch.empty(0, device=texts.device), *logits]).cpu().numpy()
        # Copied, as a view would keep the logits of the whole window alive.
        return [np.array(part) for part in np.split(values, np.cumsum(lengths)[:-1])]
