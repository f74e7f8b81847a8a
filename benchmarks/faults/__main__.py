"""The command ``python -m benchmarks.faults``, which runs all cases and updates docs/faults.md."""

import logging
import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from tabulate import tabulate

from benchmarks.faults import every_case
from benchmarks.faults.case import MEANING, Case, deviation
from vg_mc.commands.config import parse_config
from vg_mc.reports.tables.escaping import markdown

MOST_LISTED = 20  # formats in one cell

ROOT = Path(__file__).parent.parent.parent
BEGIN, END = "<!-- tables of benchmarks.faults -->", "<!-- end of the tables -->"


@dataclass(frozen=True)
class FaultsConfig:
    """Run all cases of bad input in both modes of --on-error, and write the observed behaviour."""

    output: Path = ROOT / "docs" / "faults.md"
    """Page whose tables are replaced."""


Tried = list[tuple[Case, str]]  # with the deviation, empty if there is none


def main() -> None:
    """Run the command."""
    config = parse_config(FaultsConfig, None)
    logging.disable()
    tried = try_all(every_case())
    print(summary(tried))
    for case, seen in tried:
        if seen:
            print(f"not as promised: {case.name}: {seen}")
    page = config.output.read_text(encoding="utf-8")
    tables = f"{BEGIN}\n\n{summary(tried)}\n\n{details(tried)}\n\n{END}"
    page = re.sub(f"{BEGIN}.*{END}", lambda _: tables, page, flags=re.DOTALL)
    config.output.write_text(page, encoding="utf-8")


def try_all(cases: Iterable[Case]) -> Tried:
    """Run cases, each in a separate folder."""
    tried = []
    for case in cases:
        with TemporaryDirectory(prefix="vg_mc-faults-") as folder:
            tried.append((case, deviation(case, Path(folder))))
    return tried


def summary(tried: Tried) -> str:
    """Return a table with one row per family: numbers of cases by behaviour, and of successes."""
    cases = Counter(case.family for case, _ in tried)
    kept = Counter(case.family for case, seen in tried if not seen)
    promised = Counter((case.family, case.promise) for case, _ in tried)
    rows = [
        [family, count, *(promised[family, promise] for promise in MEANING), kept[family]]
        for family, count in cases.items()
    ]
    rows.append(["all", *(sum(column) for column in list(zip(*rows, strict=True))[1:])])
    return tabulate(rows, ["family", "cases", *MEANING, "seen as promised"], tablefmt="github")


def details(tried: Tried) -> str:
    """Return one table per family with one row per fault, and its formats in one cell."""
    families: dict[str, dict[tuple[str, str], Tried]] = defaultdict(lambda: defaultdict(list))
    for case, seen in tried:
        families[case.family][case.fault, case.promise].append((case, seen))
    sections = []
    for family, faults in families.items():
        rows = [
            [markdown(fault), _listed(dict.fromkeys(case.form for case, _ in found)), promise,
             f"{sum(not seen for _, seen in found)} of {len(found)}"]
            for (fault, promise), found in faults.items()
        ]  # fmt: skip
        header = ["fault", "in", "promised", "seen"]
        table = tabulate(rows, header, tablefmt="github", disable_numparse=True)
        sections.append(f"### Bad {family}\n\n{table}")
    return "\n\n".join(sections)


def _listed(forms: Collection[str]) -> str:
    """Return the formats, or only their number if there are many."""
    return ", ".join(forms) if len(forms) <= MOST_LISTED else f"{len(forms)} layouts"


if __name__ == "__main__":
    main()
