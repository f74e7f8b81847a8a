"""Tables of the gain of an ensemble over its members, with significance tests."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from vg_mc.predictions import Outcomes, Predictions, outcomes
from vg_mc.predictions.ensembles import Agreement, agreement_of, with_votes
from vg_mc.reports.tables.columns import gain_interval, p_value, points
from vg_mc.reports.tables.formats import json_document, markdown_table
from vg_mc.reports.tables.table import Table
from vg_mc.scoring import Comparison, compare
from vg_mc.system.atomic import write_whole_text

DECIMALS = 6  # decimals of shares in members.json
HEADINGS = (
    "split",
    "expressions",
    "any member right %",
    "all right %",
    "same answer %",
    "best member",
    "gain",
    "95 % interval",
    "p, bootstrap",
    "only ensemble : only member",
    "p, McNemar",
)
NOTES = (
    "A predicted box counts as its candidate with the highest IoU in any, all and same. "
    "The best member is chosen per split, on the answers that it is compared on. "
    "gain: accuracy of the ensemble minus that of the best member, in percentage points; its "
    "interval and p-value are bootstrapped over images. McNemar's test treats expressions as "
    "independent."
)


@dataclass(frozen=True, slots=True)
class MembersRow:
    """Agreement of the members on a split, and the ensemble compared with the best member."""

    agreement: Agreement
    comparison: Comparison

    @classmethod
    def of(cls, members: Sequence[Predictions], ensemble: Predictions) -> "MembersRow":
        """Compare the ensemble with its most accurate member; of equal ones, the first."""
        judged = [outcomes(member) for member in members]
        best = max(range(len(members)), key=lambda place: _accuracy(judged[place]))
        voting = zip(with_votes(members), members, judged, strict=True)
        agreement = agreement_of(
            [found if votes is member else outcomes(votes) for votes, member, found in voting]
        )
        return cls(agreement, compare(ensemble, members[best]))


def write_members(rows: Sequence[MembersRow], folder: Path) -> None:
    """Write ``members.json`` and ``members.md`` to `folder`."""
    write_whole_text(folder / "members.json", json_text(rows))
    table = members_table(rows)
    write_whole_text(folder / "members.md", f"{markdown_table(table)}\n\n{table.note}\n")


def json_text(rows: Sequence[MembersRow]) -> str:
    """Render rows as JSON, with shares instead of percentages and null for undefined shares."""
    return json_document({"notes": NOTES, "splits": [asdict(row) for row in rows]}, DECIMALS)


def members_table(rows: Sequence[MembersRow]) -> Table:
    """Return a table with one row per split."""
    title = "Gain of the ensemble over its best member"
    return Table(HEADINGS, [_cells(row) for row in rows], title, NOTES)


def _cells(row: MembersRow) -> list[str]:
    agreement, difference, test = row.agreement, row.comparison.difference, row.comparison.mcnemar
    return [
        row.comparison.split,
        str(agreement.expressions),
        points(agreement.any_right),
        points(agreement.all_right),
        points(agreement.same_answer),
        row.comparison.second,
        points(difference.value, "+"),
        gain_interval(difference),
        p_value(difference.p_value),
        f"{test.only_first} : {test.only_second}",
        p_value(test.p_value),
    ]


def _accuracy(judged: Outcomes) -> float:
    return float(judged.right.mean()) if len(judged) else -1.0
