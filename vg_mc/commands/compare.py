"""Command ``python -m vg_mc compare``: compare stored results in one table and one page."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import tyro

from vg_mc.commands.config import parse_config
from vg_mc.commands.error_output import plain_errors
from vg_mc.errors import BadInputError

if TYPE_CHECKING:
    from vg_mc.reports.tables.published import PublishedRow
    from vg_mc.scoring.leaderboard import Leaderboard, System


@dataclass(frozen=True)
class CompareConfig:
    """Compare results side by side, with intervals, tests and published results."""

    results: Annotated[tuple[Path, ...], tyro.conf.Positional]
    """Folders that evaluate.py or ensemble.py wrote, of one or several models."""

    output: Path | None = None
    """Folder of comparison.md, .tex, .csv and .html; by default, tables are only printed."""

    baseline: str | None = None
    """Name of the system to test others against; by default the best one of each split."""

    split: tuple[str, ...] = ()
    """Splits to compare, by default all."""

    published: bool = True
    """Add published accuracies if the corpus is RefCOCO, RefCOCO+ or RefCOCOg."""


def main(argv: Sequence[str] | None = None) -> None:
    """Run the command."""
    with plain_errors():
        run(parse_config(CompareConfig, argv))


def run(config: CompareConfig) -> "Leaderboard":
    """Compare results, print and write the leaderboard, and return it.

    Raises:
        BadInputError: If systems answer different expressions, or there is nothing to compare.
    """
    from vg_mc.reports.pages.comparison import write_comparison_page
    from vg_mc.reports.tables.side_by_side import screen_text, side_by_side, write_side_by_side
    from vg_mc.scoring.leaderboard import leaderboard_of

    systems = read_systems(config.results, config.split)
    leaderboard = leaderboard_of(systems, config.baseline)
    corpora = corpora_of(systems)
    published = published_of(corpora, systems) if config.published else []
    shown = side_by_side(leaderboard, published, {"corpus": ", ".join(corpora) or "unknown"})
    if config.output is not None:
        write_side_by_side(shown, config.output)
        write_comparison_page(shown, config.output)
    print(screen_text(shown))
    return leaderboard


def read_systems(folders: Sequence[Path], splits: Sequence[str]) -> list["System"]:
    """Read all systems; systems with equal names get their folder as a suffix.

    Raises:
        BadInputError: If there are no folders, a system cannot be read or is given twice, or a
            split is unknown.
    """
    from vg_mc.predictions import read_evaluations
    from vg_mc.scoring.leaderboard import System

    if not folders:
        raise BadInputError(
            "expected one or more folders of results as arguments", record="compare"
        )
    found = [(folder, each) for folder in folders for each in read_evaluations(folder)]
    known = {split for _, each in found for split in each}
    for split in splits:
        if split not in known:
            problem = f"no split {split!r}; there are {', '.join(sorted(known))}"
            raise BadInputError(problem, record="--split")
    names = [next(iter(each.values())).name for _, each in found]
    systems: dict[str, System] = {}
    for name, (folder, each) in zip(names, found, strict=True):
        unique = f"{name} ({folder})" if names.count(name) > 1 else name
        if unique in systems:
            raise BadInputError(f"duplicate system {name!r}; name each folder once", file=folder)
        chosen = {split: each[split] for split in each if split in splits or not splits}
        systems[unique] = System(unique, chosen)
    return [system for system in systems.values() if system.splits]


def corpora_of(systems: Sequence["System"]) -> list[str]:
    """Return the names of all known corpora of the predictions."""
    named = [answers.provenance.corpus for each in systems for answers in each.splits.values()]
    return list(dict.fromkeys(filter(None, named)))


def published_of(corpora: Sequence[str], systems: Sequence["System"]) -> list["PublishedRow"]:
    """Return published results of the corpus with the kind of proposals that the systems use."""
    from vg_mc.reports.tables.published import published_rows

    if len(corpora) != 1:
        return []
    sources = [answers.provenance.proposals for each in systems for answers in each.splits.values()]
    kinds = sorted({source is not None and source.annotated for source in sources})
    return [row for kind in kinds for row in published_rows(corpora[0], annotated=kind)]
