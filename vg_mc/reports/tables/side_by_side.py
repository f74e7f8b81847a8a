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
from vg_mc.scoring.leaderboard import BaselineTest, Leaderboard
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
    leaderboard: Leaderboard, published: Sequence[PublishedRow], notes: Mapping[str, str]
) -> SideBySide:
    """Build a comparison of measured and published results on the same splits.

    Args:
        leaderboard: The measured leaderboard.
        published: Published results, empty for other corpora.
        notes: Additional notes.
    """
    letters = proposal_letters(leaderboard)
    tables = [_measured(leaderboard, letters)]
    if leaderboard.tests:
        tables.append(_tested(leaderboard.tests))
    shown = [row for row in published if set(row.accuracies) & set(leaderboard.splits)]
    if shown:
        tables.append(_published(shown, leaderboard.splits))
    legend = {f"proposals {letter}": text for text, letter in letters.items()}
    records = [*_measured_records(leaderboard), *_published_records(shown)]
    notes = dict(notes) | _notes(leaderboard) | legend
    return SideBySide(_bars(leaderboard), tables, records, notes)


def _bars(leaderboard: Leaderboard) -> dict[str, list[GroupScores]]:
    return {
        split: [
            GroupScores(each.system, each.accuracy, each.oracle)
            for each in leaderboard.scores.values()
            if each.split == split
        ]
        for split in leaderboard.splits
    }


def proposal_letters(leaderboard: Leaderboard) -> dict[str, str]:
    """Assign letters to the distinct descriptions of proposals, in order of appearance."""
    described = dict.fromkeys(
        proposals
        for system in leaderboard.systems
        for proposals in _proposals_of(leaderboard, system.name)
    )
    return {text: chr(ord("A") + at % 26) * (at // 26 + 1) for at, text in enumerate(described)}


def _proposals_of(leaderboard: Leaderboard, name: str) -> list[str]:
    system = next(system for system in leaderboard.systems if system.name == name)
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


def _measured(leaderboard: Leaderboard, letters: Mapping[str, str]) -> Table:
    rows = []
    for system in leaderboard.systems:
        used = "+".join(letters[text] for text in _proposals_of(leaderboard, system.name))
        cells = [
            _with_interval(leaderboard.scores[system.name, split].accuracy)
            if split in system.splits
            else NOTHING
            for split in leaderboard.splits
        ]
        oracles = [
            percent(oracle.value)
            for split in leaderboard.splits
            if split in system.splits
            and (oracle := leaderboard.scores[system.name, split].oracle) is not None
        ]
        rows.append([system.name, *cells, used, " / ".join(oracles)])
    splits = [f"{split} ({_expressions(leaderboard, split):,})" for split in leaderboard.splits]
    return Table(["system", *splits, "proposals", "proposal recall %"], rows, MEASURED)


def _expressions(leaderboard: Leaderboard, split: str) -> int:
    counts = [each.accuracy.of for each in leaderboard.scores.values() if each.split == split]
    return max(counts)


def _with_interval(estimate: Estimate) -> str:
    if math.isnan(estimate.low):
        return percent(estimate.value)
    return f"{percent(estimate.value)} ({percent(estimate.low)} to {percent(estimate.high)})"


def _tested(tests: Sequence[BaselineTest]) -> Table:
    headings = [
        *("split", "system", "baseline", "gain", "95 % interval", "p, bootstrap"),
        *("only system : only baseline", "p, McNemar", "proposals"),
    ]
    return Table(headings, [_test_cells(test) for test in tests], TESTED)


def _test_cells(test: BaselineTest) -> list[str]:
    comparison = test.comparison
    difference, mcnemar = comparison.difference, comparison.mcnemar
    return [
        comparison.split,
        comparison.first,
        comparison.second,
        points(difference.value, "+"),
        gain_interval(difference),
        p_value(test.difference_p),
        f"{mcnemar.only_first} : {mcnemar.only_second}",
        p_value(test.mcnemar_p),
        SAME_PROPOSALS[test.same_proposals],
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


def _notes(leaderboard: Leaderboard) -> dict[str, str]:
    notes = {"intervals": f"95 %, percentiles of {ROUNDS:,} bootstrap samples of images"}
    if leaderboard.tests:
        notes["tests"] = (
            "gain over the baseline in percentage points; p-values of a bootstrap over images and "
            "of McNemar's exact test, each corrected by Holm's method for "
            f"{len(leaderboard.tests)} comparisons. With {TEST_ROUNDS:,} bootstrap samples, "
            f"uncorrected p-values are at least 2 in {TEST_ROUNDS + 1:,}. If the best system is "
            "chosen on the answers that it is compared on, its gain is slightly overestimated."
        )
    if any(test.same_proposals is False for test in leaderboard.tests):
        notes["different proposals"] = (
            "some systems used other proposals, so a gain may be due to the detector"
        )
    return notes


def _measured_records(leaderboard: Leaderboard) -> Iterator[Record]:
    tests = {(each.comparison.first, each.comparison.split): each for each in leaderboard.tests}
    for (system, split), score in leaderboard.scores.items():
        accuracy, oracle = score.accuracy, score.oracle
        record: Record = {
            "system": system,
            "split": split,
            "measured here": "yes",
            "accuracy": accuracy.value,
            "from": accuracy.low,
            "to": accuracy.high,
            "expressions": accuracy.of,
            "proposal recall": "" if oracle is None else oracle.value,
            "proposals": " + ".join(_proposals_of(leaderboard, system)),
        }
        yield record | _test_record(tests.get((system, split)))


def _test_record(test: BaselineTest | None) -> Record:
    if test is None:
        return {}
    difference, mcnemar = test.comparison.difference, test.comparison.mcnemar
    return {
        "baseline": test.comparison.second,
        "gain": difference.value,
        "gain from": difference.low,
        "gain to": difference.high,
        "p images, Holm": test.difference_p,
        "only system": mcnemar.only_first,
        "only baseline": mcnemar.only_second,
        "p McNemar, Holm": test.mcnemar_p,
        "same proposals": {True: "yes", False: "no", None: ""}[test.same_proposals],
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
