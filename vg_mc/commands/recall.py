"""``python -m vg_mc recall``: proposal recall of prepared datasets."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro

from vg_mc.commands.config import parse_config
from vg_mc.commands.error_output import plain_errors


@dataclass(frozen=True)
class RecallConfig:
    """Compare proposers: the share of expressions with a correct box among the best 1, 2, 3 ..."""

    datasets: Annotated[tuple[Path, ...], tyro.conf.Positional]
    """Prepared datasets with the same expressions and different proposers."""

    output: Path
    """Folder for recall.png, recall.md and recall.csv."""

    split: tuple[str, ...] = ()
    """Splits to combine; all but train by default."""


def main(argv: Sequence[str] | None = None) -> None:
    """Run the command."""
    with plain_errors():
        run(parse_config(RecallConfig, argv))


def run(config: RecallConfig) -> None:
    """Write the recall curves and print their table.

    Raises:
        BadInputError: If a dataset cannot be opened or the expressions differ.
    """
    from vg_mc.prepared.dataset import open_prepared
    from vg_mc.reports.recall import recall_table, write_recalls
    from vg_mc.reports.tables.formats import terminal
    from vg_mc.scoring.proposal_recall import proposal_recalls

    recalls = proposal_recalls([open_prepared(each) for each in config.datasets], config.split)
    write_recalls(recalls, config.output)
    print(terminal(recall_table(recalls)))
