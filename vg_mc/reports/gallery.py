"""A page of examples in one HTML file that opens anywhere: its pictures are inside.

Expressions come from corpora that we did not write, so their text is escaped and the page's policy
forbids scripts.
"""

from base64 import b64encode
from collections.abc import Sequence
from html import escape
from pathlib import Path

from vg_mc.metrics import summarize
from vg_mc.predictions import Predictions
from vg_mc.reports.examples import (
    Example,
    PicturesOf,
    RankedCandidate,
    Verdict,
    examples,
    verdicts,
)
from vg_mc.reports.tables import COLUMNS, protocol_of
from vg_mc.whole_files import write_whole_text

MARKS = {Verdict.RIGHT: "✓", Verdict.WRONG: "✗", Verdict.NOT_COVERED: "∅"}

_STYLE = """
:root { color-scheme: light dark; font: 15px/1.4 system-ui, sans-serif }
body { margin: 1.5rem auto; max-width: 75rem; padding: 0 1rem }
dl { display: flex; flex-wrap: wrap; gap: .3rem 1.5rem; margin: 0 }
dt { opacity: .7; font-size: .85rem }
dd { margin: 0; font-weight: 600 }
dl.protocol dd { font-weight: 400 }
main { display: grid; grid-template-columns: repeat(auto-fill, minmax(26rem, 1fr)); gap: 1rem }
article { border: 1px solid #8886; border-radius: .5rem; padding: .6rem }
article p { margin: 0 0 .4rem }
article small { opacity: .7 }
.verdict { font-weight: 600 }
.right .verdict { color: #1a8a3a }
.wrong .verdict { color: #c8341f }
.not-covered .verdict { color: #b07a00 }
.candidates { display: grid; grid-template-columns: repeat(4, 1fr); gap: .4rem }
figure { margin: 0; text-align: center }
figure img { box-sizing: border-box; width: 100%; border: 4px solid transparent }
figure.fits img { border-color: #1a8a3a }
"""

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy"
 content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
<h1>{title}</h1>
<dl>{scores}</dl>
<h2>How the numbers came about</h2>
<dl class="protocol">{protocol}</dl>
<h2>Examples</h2>
<p>{legend}</p>
<main>
{articles}
</main>
</body>
</html>
"""


def write_gallery(
    predictions: Predictions, rows: Sequence[int], pictures_of: PicturesOf, page: Path
) -> None:
    """Write a page with the scores of all expressions and the examples that `rows` names."""
    title = f"{predictions.name} on {predictions.split}"
    shown = examples(predictions, rows, pictures_of)
    text = _PAGE.format(
        title=escape(title),
        style=_STYLE,
        scores=_scores(predictions),
        protocol="".join(_term(*fact) for fact in protocol_of([predictions]).items()),
        legend=_legend(predictions, len(shown)),
        articles="\n".join(map(_article, shown)),
    )
    write_whole_text(page, text)


def _scores(predictions: Predictions) -> str:
    scores = summarize(predictions.ious, predictions.logits)
    return "".join(_term(column.heading, column.cell(scores)) for column in COLUMNS)


def _term(name: str, value: str) -> str:
    return f"<div><dt>{escape(name)}</dt><dd>{escape(value)}</dd></div>"


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
    encoded = b64encode(candidate.picture).decode("ascii")
    meaning = "right" if candidate.fits else "not the target"
    return (
        f'<figure class="{"fits" if candidate.fits else "misses"}">'
        f'<img src="data:image/jpeg;base64,{encoded}" alt="candidate, {meaning}" loading="lazy">'
        f"<figcaption>{candidate.percentage}</figcaption></figure>"
    )
