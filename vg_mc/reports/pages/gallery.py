"""The gallery of a page: images with target and answer, and the highest-ranked candidates.

A script (`report.js`) filters the examples; without it, all of them are shown.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from vg_mc.predictions import Choices, Predictions, outcomes
from vg_mc.reports.pages.examples import (
    Backdrop,
    BackdropOf,
    Example,
    PicturesOf,
    Verdict,
    examples,
    spread_rows,
    verdicts,
)


@dataclass(frozen=True, slots=True)
class Card:
    """An example of a split, and the image on which its boxes are drawn."""

    split: str
    example: Example
    backdrop: Backdrop | None

    @property
    def remark(self) -> str:
        """Ids and numbers of the example in one line."""
        example = self.example
        parts = [self.split, f"expression {example.expression_id}", f"image {example.image_id}"]
        if example.candidates is not None:
            parts.append(f"{example.candidates} candidates")
        if len(example.answer):
            parts.append(f"IoU {example.answer_iou:.2f}")
        if example.verdict is Verdict.WRONG and example.rank_of_right is not None:
            parts.append(f"rank of the best correct candidate {example.rank_of_right}")
        if self.backdrop is not None and not self.backdrop.is_photo:
            parts.append("shown on its best candidate image; the source image is not available")
        return ", ".join(parts)


@dataclass(frozen=True, slots=True)
class Cards:
    """The values of ``gallery.html.j2``.

    Attributes:
        splits: Splits that can be selected.
        tally: Numbers of expressions by split and verdict, as text.
        with_candidates: Whether any answers are choices rather than predicted boxes.
    """

    cards: Sequence[Card]
    splits: Sequence[str]
    tally: str
    with_candidates: bool

    @classmethod
    def of(
        cls,
        answered: Sequence[Predictions],
        each: int,
        pictures_of: PicturesOf,
        backdrop_of: BackdropOf,
    ) -> "Cards":
        """Collect up to `each` examples of every verdict from every split."""
        cards = [
            Card(predictions.split, example, backdrop_of(example))
            for predictions in answered
            for example in examples(predictions, spread_rows(predictions, each), pictures_of)
        ]
        with_candidates = any(isinstance(each.answers, Choices) for each in answered)
        return cls(cards, [each.split for each in answered], _tally(answered), with_candidates)

    @property
    def counts(self) -> dict[Verdict, int]:
        """Number of examples shown with each verdict."""
        shown = [card.example.verdict for card in self.cards]
        return {verdict: shown.count(verdict) for verdict in _possible(self.with_candidates)}


def _possible(with_candidates: bool) -> list[Verdict]:
    return [each for each in Verdict if with_candidates or each is not Verdict.NOT_COVERED]


def _tally(answered: Iterable[Predictions]) -> str:
    return "; ".join(f"{predictions.split}: {_counted(predictions)}" for predictions in answered)


def _counted(predictions: Predictions) -> str:
    judged = outcomes(predictions)
    found, possible = verdicts(judged), _possible(judged.candidates is not None)
    return ", ".join(f"{found.count(verdict):,} {verdict}" for verdict in possible)
