"""Result tables: the same numbers for programs, for papers, for spreadsheets and for the screen.

Shares have four decimals in JSON and stand as percentages with two in all tables, so no two files
of one result disagree. A number without its denominator and its protocol cannot be compared, so
both are part of every file.
"""

import csv
import io
import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from vg_mc.metrics import RIGHT_ABOVE, SplitScores, summarize
from vg_mc.predictions import Predictions
from vg_mc.reports.escaping import latex, markdown, one_line, spreadsheet
from vg_mc.whole_files import write_whole_text

NOTHING = "–"  # a share of nothing


@dataclass(frozen=True, slots=True)
class ResultRow:
    """What one model, or an ensemble, scored on one split."""

    name: str
    split: str
    scores: SplitScores


def result_row(predictions: Predictions) -> ResultRow:
    """Score predictions under their own name."""
    scores = summarize(predictions.ious, predictions.logits)
    return ResultRow(predictions.name, predictions.split, scores)


@dataclass(frozen=True, slots=True)
class _Column:
    """A number of every row; `brief` heads it on the screen, empty where it is left out there."""

    heading: str
    brief: str
    cell: Callable[[SplitScores], str]


def _percent(share: float) -> str:
    # From the rounded share, so that a table never rounds the other way than the JSON file.
    return NOTHING if math.isnan(share) else f"{100 * round(share, 4):.2f}"


def _number(value: float) -> str:
    return NOTHING if math.isnan(value) else f"{round(value, 4):.2f}"


COLUMNS = (
    _Column("acc@0.5 (IoU > 0.5) %", "IoU>0.5", lambda scores: _percent(scores.accuracy)),
    _Column("acc (IoU ≥ 0.5) %", "IoU≥0.5", lambda scores: _percent(scores.accuracy_at_least)),
    _Column("mean IoU %", "mean IoU", lambda scores: _percent(scores.mean_iou)),
    _Column("proposal recall %", "recall", lambda scores: _percent(scores.proposal_recall)),
    _Column(
        "acc where covered %", "covered acc", lambda scores: _percent(scores.accuracy_where_covered)
    ),
    _Column("chance %", "chance", lambda scores: _percent(scores.chance)),
    _Column("candidates each", "candidates", lambda scores: _number(scores.mean_candidates)),
    _Column("expressions", "expressions", lambda scores: str(scores.expressions)),
    _Column("covered", "", lambda scores: str(scores.covered)),
    _Column("without proposals", "", lambda scores: str(scores.without_proposals)),
)


def protocol_of(predictions: Sequence[Predictions]) -> dict[str, str]:
    """Say how the numbers of these predictions came about; differing facts stand side by side."""
    protocol = {
        "right": f"IoU > {RIGHT_ABOVE}; the first of equal logits is the answer",
        "denominators": (
            "all expressions of the split, also those without proposals; "
            "covered ones for 'acc where covered'"
        ),
        "data": _distinct([member.data_hash for member in predictions]),
    }
    for fact in sorted({fact for member in predictions for fact in member.facts}):
        protocol[fact] = _distinct(
            [member.facts[fact] for member in predictions if fact in member.facts]
        )
    return protocol


def _distinct(values: list[str]) -> str:
    return "; ".join(dict.fromkeys(values))


def write_results(rows: Sequence[ResultRow], protocol: Mapping[str, str], folder: Path) -> None:
    """Write ``results.json``, ``.md``, ``.csv`` and ``.tex`` to `folder`."""
    write_whole_text(folder / "results.json", json_text(rows, protocol))
    write_whole_text(folder / "results.md", markdown_text(rows, protocol))
    write_whole_text(folder / "results.csv", csv_text(rows, protocol))
    write_whole_text(folder / "results.tex", latex_text(rows, protocol))


def json_text(rows: Sequence[ResultRow], protocol: Mapping[str, str]) -> str:
    """Spell results for programs: shares, not percentages, and null for a share of nothing."""
    results = [
        {"name": row.name, "split": row.split, "scores": _rounded(asdict(row.scores))}
        for row in rows
    ]
    document = {"protocol": dict(protocol), "results": results}
    return json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def _rounded(scores: Mapping[str, float]) -> dict[str, float | None]:
    return {name: None if math.isnan(value) else round(value, 4) for name, value in scores.items()}


def markdown_text(rows: Sequence[ResultRow], protocol: Mapping[str, str]) -> str:
    """Spell results for a README: a table, the protocol beneath."""
    lines = [
        _markdown_line(["model", "split", *(column.heading for column in COLUMNS)]),
        _markdown_line(["---", "---", *("---:" for _ in COLUMNS)]),
        *(_markdown_line([markdown(row.name), markdown(row.split), *_cells(row)]) for row in rows),
        "",
        *(f"- {markdown(fact)}: {markdown(value)}" for fact, value in protocol.items()),
    ]
    return "\n".join(lines) + "\n"


def _markdown_line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _cells(row: ResultRow) -> list[str]:
    return [column.cell(row.scores) for column in COLUMNS]


def csv_text(rows: Sequence[ResultRow], protocol: Mapping[str, str]) -> str:
    """Spell results for spreadsheets: the protocol stands in columns, so every line is a row.

    A share of nothing is an empty cell, which stays out of a spreadsheet's sums.
    """
    sheet = io.StringIO()
    writer = csv.writer(sheet, lineterminator="\n")
    headings = ["model", "split", *(column.heading for column in COLUMNS), *protocol]
    writer.writerow(map(spreadsheet, headings))
    for row in rows:
        numbers = ["" if cell == NOTHING else cell for cell in _cells(row)]
        cells = [row.name, row.split, *numbers, *protocol.values()]
        writer.writerow(map(spreadsheet, cells))
    return sheet.getvalue()


def latex_text(rows: Sequence[ResultRow], protocol: Mapping[str, str]) -> str:
    """Spell results for a paper; the table needs the package booktabs."""
    headings = ["model", "split", *(column.heading for column in COLUMNS)]
    lines = [
        rf"\begin{{tabular}}{{ll{'r' * len(COLUMNS)}}}",
        r"\toprule",
        _latex_line(headings),
        r"\midrule",
        *(_latex_line([row.name, row.split, *_cells(row)]) for row in rows),
        r"\bottomrule",
        r"\end{tabular}",
        "",
        r"{\footnotesize",
        *(rf"{latex(fact)}: {latex(value)}\par" for fact, value in protocol.items()),
        "}",
    ]
    return "\n".join(lines) + "\n"


def _latex_line(cells: Sequence[str]) -> str:
    return rf"{' & '.join(map(latex, cells))} \\"


def screen_text(rows: Sequence[ResultRow]) -> str:
    """Spell results for a terminal, in percent and without the columns that seldom matter."""
    shown = [column for column in COLUMNS if column.brief]
    lines = [["model", "split", *(column.brief for column in shown)]]
    for row in rows:
        numbers = [column.cell(row.scores) for column in shown]
        lines.append([one_line(row.name), one_line(row.split), *numbers])
    widths = [max(map(len, cells)) for cells in zip(*lines, strict=True)]
    ruler = ["-" * width for width in widths]
    return "\n".join(_screen_line(line, widths) for line in [lines[0], ruler, *lines[1:]])


def _screen_line(cells: Sequence[str], widths: Sequence[int]) -> str:
    name, split, *numbers = widths
    left = [cells[0].ljust(name), cells[1].ljust(split)]
    right = [cell.rjust(width) for cell, width in zip(cells[2:], numbers, strict=True)]
    return "  ".join([*left, *right]).rstrip()
