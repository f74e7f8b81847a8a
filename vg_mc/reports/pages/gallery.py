"""Examples on a page: the photo with target and answer, and the candidates ranked highest.

A few lines of script (`report.js`) hide what a reader does not ask for; without it all is seen.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape

from vg_mc.boxes.arithmetic import Boxes
from vg_mc.predictions import Predictions
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
from vg_mc.reports.pages.page import AddressOf, candidate_figure

MARKS = {Verdict.RIGHT: "✓", Verdict.WRONG: "✗", Verdict.NOT_COVERED: "∅"}


@dataclass(frozen=True, slots=True)
class Card:
    """An example of a split, and what its boxes are drawn on."""

    split: str
    example: Example
    backdrop: Backdrop | None


def cards(
    answered: Iterable[Predictions], each: int, pictures_of: PicturesOf, backdrop_of: BackdropOf
) -> list[Card]:
    """Collect up to `each` examples of every verdict from every split."""
    return [
        Card(predictions.split, example, backdrop_of(example))
        for predictions in answered
        for example in examples(predictions, spread_rows(predictions, each), pictures_of)
    ]


def gallery(shown: Sequence[Card], answered: Sequence[Predictions], address_of: AddressOf) -> str:
    """Lay examples out below what filters them."""
    articles = "\n".join(_article(card, address_of) for card in shown)
    return f"{_legend(answered)}{_filter(shown, answered)}<main>\n{articles}\n</main>"


def _legend(answered: Iterable[Predictions]) -> str:
    counts = "; ".join(f"{each.split}: {_counts(each)}" for each in answered)
    return (
        '<p><span class="key target"></span> target, <span class="key answer"></span> answer, with '
        "the IoU of the two. Below the photo, the candidates ranked highest as the model sees "
        "them, with their softmax percentages; a green frame says that choosing it is right.</p>"
        '<p class="soft">Examples are spread evenly over all expressions with their verdict: '
        f"{escape(counts)}.</p>"
    )


def _counts(predictions: Predictions) -> str:
    judged = verdicts(predictions)
    return ", ".join(f"{judged.count(verdict):,} {verdict}" for verdict in Verdict)


def _filter(shown: Sequence[Card], answered: Sequence[Predictions]) -> str:
    buttons = [_button("", f"all {len(shown)}")]
    for verdict in Verdict:
        count = sum(card.example.verdict is verdict for card in shown)
        buttons.append(_button(verdict, f"{MARKS[verdict]} {verdict} {count}"))
    splits = "".join(
        f'<option value="{escape(each.split)}">{escape(each.split)}</option>' for each in answered
    )
    return (
        f'<div class="filter">{"".join(buttons)}<select id="split" aria-label="split"'
        f'{" hidden" if len(answered) < 2 else ""}><option value="">all splits</option>{splits}'
        '</select><input id="text" type="search" placeholder="words of the expression" '
        f'aria-label="words of the expression"><output id="count">{len(shown)} shown</output></div>'
    )


def _button(verdict: str, words: str) -> str:
    pressed = "false" if verdict else "true"
    return (
        f'<button data-key="verdict" data-value="{verdict}" aria-pressed="{pressed}">'
        f"{words}</button>"
    )


def _article(card: Card, address_of: AddressOf) -> str:
    example = card.example
    verdict = f'<span class="verdict">{MARKS[example.verdict]} {example.verdict}</span>'
    figures = "".join(
        candidate_figure(
            address_of(candidate.picture) if candidate.picture else "",
            candidate.percentage,
            fits=candidate.fits,
        )
        for candidate in example.ranked
    )
    return (
        f'<article class="{example.verdict.replace(" ", "-")}" '
        f'data-verdict="{example.verdict}" data-split="{escape(card.split)}" '
        f'data-text="{escape(example.text.lower())}">'
        f'<p class="text" dir="auto">{escape(example.text)}</p>'
        f"<p>{verdict} <small>{escape(_remark(card))}</small></p>{_photo(card, address_of)}"
        f'<div class="candidates">{figures or "<em>no proposals</em>"}</div></article>'
    )


def _remark(card: Card) -> str:
    example = card.example
    parts = [card.split, f"expression {example.expression_id}", f"image {example.image_id}"]
    parts.append(f"{example.candidates} candidates")
    if example.candidates:
        parts.append(f"IoU {example.answer_iou:.2f}")
    if example.verdict is Verdict.WRONG:
        parts.append(f"the right one ranks {example.rank_of_right}")
    if card.backdrop is not None and not card.backdrop.is_photo:
        parts.append("shown on its best candidate, not on the photo")
    return ", ".join(parts)


def _photo(card: Card, address_of: AddressOf) -> str:
    """Draw target and answer on the photo; the browser draws, so the page can tell them apart."""
    (width, height), example = card.example.photo_size, card.example
    boxes = [_box(example.target, "target")]
    if len(example.answer):
        boxes.append(_box(example.answer, "answer"))
    behind = "" if card.backdrop is None else _behind(card.backdrop, address_of)
    return (
        f'<figure class="photo"><svg viewBox="0 0 {width} {height}" role="img" '
        f'aria-label="the photo with target and answer">{behind}{"".join(boxes)}</svg></figure>'
    )


def _behind(backdrop: Backdrop, address_of: AddressOf) -> str:
    return (
        f'<image href="{escape(address_of(backdrop.picture))}" x="{backdrop.left:.1f}" '
        f'y="{backdrop.top:.1f}" width="{backdrop.width:.1f}" height="{backdrop.height:.1f}" '
        'preserveAspectRatio="none"/>'
    )


def _box(box: Boxes, kind: str) -> str:
    left, top, right, bottom = box.tolist()
    place = f'x="{left:.1f}" y="{top:.1f}" width="{right - left:.1f}" height="{bottom - top:.1f}"'
    return f'<rect class="halo" {place}/><rect class="{kind}" {place}/>'
