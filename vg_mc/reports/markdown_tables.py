"""Results for a README: two tables and the protocol, and what is behind them folded away."""

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from itertools import islice

from vg_mc.reports.columns import COLUMNS, Column, other_columns, percent
from vg_mc.reports.escaping import markdown
from vg_mc.scoring import SplitReport
from vg_mc.scoring.split_report import GroupScores

MOST_GROUPS = 12  # of one kind; a corpus has up to 80 categories
MOST_CONFUSED = 10
GROUP_HEADINGS = ("by", "group", "acc@0.5 %", "from %", "to %", "ceiling %", "expressions")


def markdown_text(reports: Sequence[SplitReport], protocol: Mapping[str, str]) -> str:
    """Spell results as Markdown; what GitHub folds away follows the tables."""
    lines = [
        *_table(reports, COLUMNS),
        *("", "Other rules, and how good the ranking is:", ""),
        *_table(reports, other_columns(reports)),
        "",
        *(f"- {markdown(fact)}: {markdown(value)}" for fact, value in protocol.items()),
        *(line for report in reports for line in _details(report)),
    ]
    return "\n".join(lines) + "\n"


def _table(reports: Sequence[SplitReport], columns: Sequence[Column]) -> Iterator[str]:
    yield _line(["model", "split", *(column.heading for column in columns)])
    yield _line(["---", "---", *("---:" for _ in columns)])
    for report in reports:
        cells = [column.cell(report) for column in columns]
        yield _line([markdown(report.name), markdown(report.part), *cells])


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _details(report: SplitReport) -> Iterator[str]:
    """Fold the groups, the proposals and the confusions of one row away."""
    title = escape(f"{report.name} on {report.part}")
    yield from ("", f"<details><summary>{title}: groups of expressions</summary>", "")
    yield _line(GROUP_HEADINGS)
    yield _line(["---", "---", *("---:" for _ in GROUP_HEADINGS[2:])])
    for name, groups in report.breakdowns.items():
        yield from (_group_line(name, group) for group in groups[:MOST_GROUPS])
        if len(groups) > MOST_GROUPS:
            others = f"and {len(groups) - MOST_GROUPS} others, in results.json"
            yield _line([name, others, *[""] * (len(GROUP_HEADINGS) - 2)])
    curve = zip(report.proposal_curve.at, report.proposal_curve.estimates, strict=True)
    recalls = ", ".join(f"{at:g}: {percent(each.value)}" for at, each in curve)
    yield from ("", f"Proposal recall % by number of proposals: {recalls or 'none'}")
    confused = ", ".join(islice(_confused(report), MOST_CONFUSED))
    yield from ("", f"Most often taken for another category: {confused or 'none'}", "")
    yield "</details>"


def _group_line(name: str, group: GroupScores) -> str:
    accuracy = group.accuracy
    shares = (accuracy.value, accuracy.low, accuracy.high, group.ceiling.value)
    return _line([name, markdown(group.name), *map(percent, shares), str(accuracy.of)])


def _confused(report: SplitReport) -> Iterator[str]:
    pairs = [
        (count, target, chosen)
        for target, counts in report.confusion.items()
        for chosen, count in counts.items()
        if chosen != target
    ]
    for count, target, chosen in sorted(pairs, key=lambda pair: -pair[0]):
        yield f"{markdown(target)} for {markdown(chosen)} ({count})"
