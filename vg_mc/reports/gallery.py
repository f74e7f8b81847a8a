"""A page of examples: expressions, the candidates ranked highest, and the scores of all."""

from collections.abc import Sequence
from html import escape
from pathlib import Path

from vg_mc.predictions import Predictions
from vg_mc.reports.columns import COLUMNS
from vg_mc.reports.examples import (
    Example,
    PicturesOf,
    RankedCandidate,
    Verdict,
    examples,
    verdicts,
)
from vg_mc.reports.page import candidate_figure, embedded, page, term
from vg_mc.reports.protocol import protocol_of
from vg_mc.scoring import score
from vg_mc.whole_files import write_whole_text

MARKS = {Verdict.RIGHT: "✓", Verdict.WRONG: "✗", Verdict.NOT_COVERED: "∅"}

_BODY = """<dl>{scores}</dl>
<h2>How the numbers came about</h2>
<dl class="protocol">{protocol}</dl>
<h2>Examples</h2>
<p>{legend}</p>
<main>
{articles}
</main>"""


def write_gallery(
    predictions: Predictions, rows: Sequence[int], pictures_of: PicturesOf, file: Path
) -> None:
    """Write a page with the scores of all expressions and the examples that `rows` names."""
    title = f"{predictions.name} on {predictions.split}"
    shown = examples(predictions, rows, pictures_of)
    body = _BODY.format(
        scores=_scores(predictions),
        protocol="".join(term(*fact) for fact in protocol_of([predictions]).items()),
        legend=_legend(predictions, len(shown)),
        articles="\n".join(map(_article, shown)),
    )
    write_whole_text(file, page(title, body))


def _scores(predictions: Predictions) -> str:
    report = score(predictions)
    return "".join(term(column.heading, column.cell(report)) for column in COLUMNS)


def _legend(predictions: Predictions, shown: int) -> str:
    judged = verdicts(predictions)
    counts = ", ".join(f"{MARKS[verdict]} {verdict} {judged.count(verdict)}" for verdict in Verdict)
    return (
        f"{shown} of {len(predictions)} expressions ({counts}). The pictures are the candidates "
        "ranked highest, with their softmax percentages; a green frame says that choosing it is "
        "right."
    )


def _article(example: Example) -> str:
    kind = example.verdict.replace(" ", "-")
    figures = "".join(map(_figure, example.ranked)) or "<em>no proposals</em>"
    return (
        f'<article class="{kind}"><p dir="auto">{escape(example.text)}</p>'
        f'<p><span class="verdict">{MARKS[example.verdict]} {example.verdict}</span> '
        f"<small>{escape(_remark(example))}</small></p>"
        f'<div class="candidates">{figures}</div></article>'
    )


def _remark(example: Example) -> str:
    parts = [f"expression {example.expression_id}", f"image {example.image_id}"]
    parts.append(f"{example.candidates} candidates")
    if example.verdict is Verdict.WRONG:
        parts.append(f"the right one ranks {example.rank_of_right}")
    return ", ".join(parts)


def _figure(candidate: RankedCandidate) -> str:
    return candidate_figure(
        embedded(candidate.picture, "jpeg"), candidate.percentage, fits=candidate.fits
    )
