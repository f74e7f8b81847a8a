"""Answers for user images: as tables, as JSON records, and drawn on the image."""

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PIL import Image, ImageDraw, ImageFont

from vg_mc.images.markers import RGB, draw_frame
from vg_mc.reports.tables.escaping import one_line
from vg_mc.reports.tables.formats import csv_table, terminal
from vg_mc.reports.tables.table import Table
from vg_mc.system.atomic import whole_file, write_whole_text

if TYPE_CHECKING:  # inference imports torch
    from vg_mc.inference import Answer

NOTHING_FOUND = "no proposals and no answer; --when-empty whole-image adds the whole image as one"
OTHERS: RGB = (150, 150, 150)  # colour of the other candidates
INK: RGB = (20, 20, 20)

QUALITY = 90  # JPEG quality; JPEG files are written much faster than PNG files

Named = tuple[str, "Answer"]  # the name of the image and its answer


def answer_text(image: str, answer: "Answer", *, chances: bool = True) -> str:
    """Format an answer for a terminal, as a table of all candidates, best first.

    Args:
        image: Name of the image.
        answer: The candidates and their logits.
        chances: Show probabilities; they are meaningless if the logits are ranks.
    """
    title = f"{one_line(image)}: {one_line(answer.expression)}"
    if not answer.proposals:
        return f"{title}\n{NOTHING_FOUND}"
    return f"{title}\n{terminal(candidates_table(answer, chances=chances))}"


def candidates_table(answer: "Answer", *, chances: bool) -> Table:
    """Return a table with one row per candidate, best first."""
    headings = ["probability", "box (left, top, right, bottom)", "category", "detector", "logit"]
    rows = [
        [
            f"{answer.probabilities[at]:.1%}",
            ", ".join(f"{edge:.1f}" for edge in answer.proposals[at].box),
            answer.proposals[at].category or "",
            f"{answer.proposals[at].score:.2f}",
            f"{answer.logits[at]:.2f}",
        ]
        for at in answer.ranking
    ]
    if chances:
        return Table(headings, rows, align="rllrr")
    return Table(headings[1:], [row[1:] for row in rows], align="llrr")


def answer_record(image: str, answer: "Answer") -> dict[str, Any]:
    """Return an answer as a JSON object; box and index are null if there are no proposals."""
    return {
        "image": image,
        "expression": answer.expression,
        "box": answer.box and list(answer.box),
        "score": _rounded(answer.score),
        "index": answer.index if answer.proposals else None,
        "candidates": [
            {
                "box": list(proposal.box),
                "probability": _rounded(float(answer.probabilities[at])),
                "logit": float(answer.logits[at]),
                "category": proposal.category,
                "detector_score": proposal.score,
                "source": proposal.source,
            }
            for at, proposal in enumerate(answer.proposals)
        ],
    }


def _rounded(probability: float) -> float | None:
    """Return a probability for JSON, which has no NaN."""
    return None if math.isnan(probability) else round(probability, 6)


def write_answers(answers: Sequence[Named], folder: Path) -> None:
    """Write ``answers.jsonl`` with all candidates and ``answers.csv`` with the answers only."""
    lines = [json.dumps(answer_record(*named), ensure_ascii=False) for named in answers]
    write_whole_text(folder / "answers.jsonl", "".join(f"{line}\n" for line in lines))
    edges = ["left", "top", "right", "bottom"]
    headings = ["image", "expression", *edges, "probability", "candidates"]
    rows = [
        [
            *(image, answer.expression),
            *([f"{edge:.2f}" for edge in answer.box] if answer.box else [None] * len(edges)),
            None if math.isnan(answer.score) else f"{answer.score:.6f}",
            str(len(answer.proposals)),
        ]
        for image, answer in answers
    ]
    write_whole_text(folder / "answers.csv", csv_table(Table(headings, rows, align="llrrrrrr")))


def write_answer_picture(
    photo: Image.Image, answer: "Answer", color: RGB, file: Path, *, chances: bool = True
) -> None:
    """Draw an answer on a copy of its RGB image, with the expression and probability below.

    The suffix of `file` (.png, .jpg or .jpeg) selects the format.
    """
    size = max(12, min(photo.size) // 25)
    font = ImageFont.load_default(size=size)
    lines = _wrapped(_caption(answer, chances=chances), photo.width - size, font)
    drawn = Image.new(
        "RGB", (photo.width, photo.height + size * (3 * len(lines) + 2) // 2), "white"
    )
    drawn.paste(photo)
    for proposal in answer.proposals:
        draw_frame(drawn, proposal.box, OTHERS, max(1, size // 12))
    if answer.box is not None:
        draw_frame(drawn, answer.box, color, max(2, size // 4))
    pen = ImageDraw.Draw(drawn)
    for row, line in enumerate(lines):
        top = photo.height + size // 2 + row * size * 3 // 2
        pen.text((size // 2, top), line, fill=INK, font=font)
    with whole_file(file) as partial:
        if file.suffix.lower() == ".png":
            drawn.save(partial, format="PNG")
        else:
            drawn.save(partial, format="JPEG", quality=QUALITY)


def _caption(answer: "Answer", *, chances: bool) -> str:
    expression = one_line(answer.expression)
    if not answer.proposals:
        return f"{expression} (no proposals)"
    return f"{expression} ({answer.score:.1%})" if chances else expression


def _wrapped(
    text: str, width: float, font: ImageFont.FreeTypeFont | ImageFont.ImageFont
) -> list[str]:
    """Break a text into lines of at most `width` pixels; a longer word gets its own line."""
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if lines[-1] and font.getlength(longer) > width:
            lines.append(word)
        else:
            lines[-1] = longer
    return lines
