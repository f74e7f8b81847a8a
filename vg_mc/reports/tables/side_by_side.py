"""Comparison tables: measured results, significance tests and published results.

Measured and published figures are in separate tables: published ones have no intervals and cannot
be tested.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from vg_mc.metrics.resampling import ROUNDS, Estimate
from vg_mc.metrics.significance import TEST_ROUNDS
from vg_mc.predictions import Choices, Provenance
from vg_mc.reports.tables.columns import NOTHING, gain_interval, p_value, percent, points
from vg_mc.reports.tables.escaping import latex, markdown, one_line
from vg_mc.reports.tables.formats import (
    LATEX_HEAD,
    csv_table,
    latex_notes,
    latex_table,
    markdown_notes,
    markdown_table,
    terminal,
)
from vg_mc.reports.tables.published import PublishedRow
from vg_mc.reports.tables.table import Table
from vg_mc.scoring.leaderboard import Contest, Standings
from vg_mc.scoring.split_report import GroupScores
from vg_mc.system.atomic import write_whole_text

Record = dict[str, float | str]

MEASURED = "acc@0.5 (IoU > 0.5) %, with 95 % intervals"
TESTED = "Compared with the baseline of each split"
SAME_PROPOSALS = {True: "the same", False: "DIFFERENT", None: ""}
PUBLISHED = "Published results, NOT measured here"


@dataclass(frozen=True, slots=True)
class SideBySide:
    """The contents of a comparison, independent of the output format.

    Attributes:
        bars: Accuracy and oracle accuracy of the grounders of each split.
        tables: All tables, in order.
        records: Machine-readable numbers per grounder and split, as shares.
        notes: Explanations shown with the tables.
    """

    bars: Mapping[str, Sequence[GroupScores]]
    tables: Sequence[Table]
    records: Sequence[Record]
    notes: Mapping[str, str]


def side_by_side(
    standings: Standings, published: Sequence[PublishedRow], notes: Mapping[str, str]
) -> SideBySide:
    """Build a comparison of measured and published results on the same splits.

    Args:
        standings: The measured leaderboard.
        published: Published results, empty for other corpora.
        notes: Additional notes.
    """
    letters = proposal_letters(standings)
    tables = [_measured(standings, letters)]
    if standings.contests:
        tables.append(_tested(standings.contests))
    shown = [row for row in published if set(row.accuracies) & set(standings.splits)]
    if shown:
        tables.append(_published(shown, standings.splits))
    legend = {f"proposals {letter}": text for text, letter in letters.items()}
    records = [*_measured_records(standings), *_published_records(shown)]
    notes = dict(notes) | _notes(standings) | legend
    return SideBySide(_bars(standings), tables, records, notes)


def _bars(standings: Standings) -> dict[str, list[GroupScores]]:
    return {
        split: [
            GroupScores(each.system, each.accuracy, each.ceiling)
            for each in standings.standings.values()
            if each.split == split
        ]
        for split in standings.splits
    }


def proposal_letters(standings: Standings) -> dict[str, str]:
    """Assign letters to the distinct descriptions of proposals, in order of appearance."""
    described = dict.fromkeys(
        proposals
        for system in standings.systems
        for proposals in _proposals_of(standings, system.name)
    )
    return {text: chr(ord("A") + at % 26) * (at // 26 + 1) for at, text in enumerate(described)}


def _proposals_of(standings: Standings, name: str) -> list[str]:
    system = next(system for system in standings.systems if system.name == name)
    texts = [
        _described(predictions.provenance)
        for predictions in system.splits.values()
        if isinstance(predictions.answers, Choices)
    ]
    return list(dict.fromkeys(texts))


def _described(provenance: Provenance) -> str:
    saw, source = provenance.detector_exposure, provenance.proposals
    known = f"; detector saw test images: {saw}" if saw else ""
    return ("unknown" if source is None else str(source)) + known


def _measured(standings: Standings, letters: Mapping[str, str]) -> Table:
    rows = []
    for system in standings.systems:
        used = "+".join(letters[text] for text in _proposals_of(standings, system.name))
        cells = [
            _with_interval(standings.standings[system.name, split].accuracy)
            if split in system.splits
            else NOTHING
            for split in standings.splits
        ]
        ceilings = [
            percent(ceiling.value)
            for split in standings.splits
            if split in system.splits
            and (ceiling := standings.standings[system.name, split].ceiling) is not None
        ]
        rows.append([system.name, *cells, used, " / ".join(ceilings)])
    splits = [f"{split} ({_expressions(standings, split):,})" for split in standings.splits]
    return Table(["system", *splits, "proposals", "proposal recall %"], rows, MEASURED)


def _expressions(standings: Standings, split: str) -> int:
    counts = [each.accuracy.of for each in standings.standings.values() if each.split == split]
    return max(counts)


def _with_interval(estimate: Estimate) -> str:
    if math.isnan(estimate.low):
        return percent(estimate.value)
    return f"{percent(estimate.value)} ({percent(estimate.low)} to {percent(estimate.high)})"


def _tested(contests: Sequence[Contest]) -> Table:
    headings = [
        *("split", "system", "baseline", "gain", "95 % interval", "p, bootstrap"),
        *("only system : only baseline", "p, McNemar", "proposals"),
    ]
    return Table(headings, [_contest_cells(contest) for contest in contests], TESTED)


def _contest_cells(contest: Contest) -> list[str]:
    comparison = contest.comparison
    difference, test = comparison.difference, comparison.mcnemar
    return [
        comparison.split,
        comparison.first,
        comparison.second,
        points(difference.value, "+"),
        gain_interval(difference),
        p_value(contest.difference_p),
        f"{test.only_first} : {test.only_second}",
        p_value(contest.mcnemar_p),
        SAME_PROPOSALS[contest.same_proposals],
    ]


def _published(rows: Sequence[PublishedRow], splits: Sequence[str]) -> Table:
    headings = ["system", *splits, "proposals", "differs by", "source", "read"]
    cells = [
        [
            row.system,
            *(row.accuracies.get(split, NOTHING) for split in splits),
            *(row.proposals, row.remark, row.source, row.read),
        ]
        for row in rows
    ]
    return Table(headings, cells, PUBLISHED, measured=False, links=True)


def _notes(standings: Standings) -> dict[str, str]:
    notes = {"intervals": f"95 %, percentiles of {ROUNDS:,} bootstrap samples of images"}
    if standings.contests:
        notes["tests"] = (
            "gain over the baseline in percentage points; p-values of a bootstrap over images and "
            "of McNemar's exact test, each corrected by Holm's method for "
            f"{len(standings.contests)} comparisons. With {TEST_ROUNDS:,} bootstrap samples, "
            f"uncorrected p-values are at least 2 in {TEST_ROUNDS + 1:,}. If the best system is "
            "chosen on the answers that it is compared on, its gain is slightly overestimated."
        )
    if any(contest.same_proposals is False for contest in standings.contests):
        notes["different proposals"] = (
            "some systems used other proposals, so a gain may be due to the detector"
        )
    return notes


def _measured_records(standings: Standings) -> Iterator[Record]:
    contests = {(each.comparison.first, each.comparison.split): each for each in standings.contests}
    for (system, split), standing in standings.standings.items():
        accuracy, ceiling = standing.accuracy, standing.ceiling
        record: Record = {
            "system": system,
            "split": split,
            "measured here": "yes",
            "accuracy": accuracy.value,
            "from": accuracy.low,
            "to": accuracy.high,
            "expressions": accuracy.of,
            "proposal recall": "" if ceiling is None else ceiling.value,
            "proposals": " + ".join(_proposals_of(standings, system)),
        }
        yield record | _contest_record(contests.get((system, split)))


def _contest_record(contest: Contest | None) -> Record:
    if contest is None:
        return {}
    difference, test = contest.comparison.difference, contest.comparison.mcnemar
    return {
        "baseline": contest.comparison.second,
        "gain": difference.value,
        "gain from": difference.low,
        "gain to": difference.high,
        "p photos, Holm": contest.difference_p,
        "only system": test.only_first,
        "only baseline": test.only_second,
        "p McNemar, Holm": contest.mcnemar_p,
        "same proposals": {True: "yes", False: "no", None: ""}[contest.same_proposals],
    }


def _published_records(rows: Sequence[PublishedRow]) -> Iterator[Record]:
    for row in rows:
        for split, accuracy in row.accuracies.items():
            yield {
                "system": row.system,
                "split": split,
                "measured here": "no",
                "accuracy": float(accuracy) / 100,
                "proposals": row.proposals,
                "differs by": row.remark,
                "source": f"{row.source} ({row.read})",
            }


def write_side_by_side(shown: SideBySide, folder: Path) -> None:
    """Write ``comparison.md``, ``.tex`` and ``.csv`` to `folder`."""
    write_whole_text(folder / "comparison.md", markdown_text(shown))
    write_whole_text(folder / "comparison.tex", latex_text(shown))
    write_whole_text(folder / "comparison.csv", csv_text(shown))


def screen_text(shown: SideBySide) -> str:
    """Render tables and notes for a terminal."""
    tables = [f"{table.title}\n\n{terminal(table)}" for table in shown.tables]
    notes = [f"{name}: {one_line(note)}" for name, note in shown.notes.items()]
    return "\n\n".join([*tables, "\n".join(notes)])


def markdown_text(shown: SideBySide) -> str:
    """Render tables and notes as Markdown."""
    tables = [f"**{markdown(one.title)}**\n\n{markdown_table(one)}\n" for one in shown.tables]
    return "\n".join([*tables, markdown_notes(shown.notes)]) + "\n"


def latex_text(shown: SideBySide) -> str:
    """Render tables and notes as LaTeX, which requires the package booktabs."""
    tables = [
        f"\\textbf{{{latex(each.title)}}}\\par\n{latex_table(each)}\n" for each in shown.tables
    ]
    return "\n".join([LATEX_HEAD, *tables, latex_notes(shown.notes)]) + "\n"


def csv_text(shown: SideBySide) -> str:
    """Render the numbers as CSV, one row per system and split."""
    names = list(dict.fromkeys(name for record in shown.records for name in record))
    rows = [[_text(record.get(name)) for name in names] for record in shown.records]
    numbers = {
        name for each in shown.records for name, value in each.items() if not isinstance(value, str)
    }
    align = "".join("r" if name in numbers else "l" for name in names)
    return csv_table(Table(names, rows, align=align))


def _text(value: float | str | None) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return None if math.isnan(value) else f"{value:.6g}"
