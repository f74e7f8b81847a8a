"""The command ``python -m benchmarks.cases``, which prints the table of all reported inputs."""

import logging
import sys
from argparse import ArgumentParser
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from tabulate import tabulate

from benchmarks.cases import every_case
from benchmarks.cases.case import Found, carry_out

LONGEST = 90  # characters of a value in the table


def main(argv: Sequence[str] | None = None) -> None:
    """Print one row per command, and the folders without one; fail if a value is wrong."""
    parser = ArgumentParser(prog="python -m benchmarks.cases", allow_abbrev=False)
    parser.add_argument("folder", type=Path, help="folder with one folder per reported input")
    parser.add_argument("--only", default="", help="a part of the names of the folders to try")
    asked = parser.parse_args(argv)
    logging.disable()
    found = list(tried(asked.folder, asked.only))
    print(table(found))
    untried = sorted(names_in(asked.folder) - {case.name for case in every_case()})
    if untried:
        print(f"folders without a command: {', '.join(untried)}")
    right = sum(one.is_right for one in found)
    print(f"{right} of {len(found)} as expected")
    sys.exit(right < len(found))


def names_in(folder: Path) -> set[str]:
    """Return the names of the folders of inputs."""
    return {path.name for path in folder.iterdir() if (path / "README").is_file()}


def tried(folder: Path, only: str = "") -> Iterator[Found]:
    """Run all cases whose names contain `only`, each with a scratch folder of its own."""
    for case in every_case():
        if only in case.name:
            with TemporaryDirectory(prefix="vg_mc-cases-") as scratch:
                yield carry_out(case, folder, Path(scratch))


def table(found: Sequence[Found]) -> str:
    """Return one row per command, with messages shortened."""
    rows = [
        [one.case.name, one.case.command, _shortened(one.value), one.case.expected,
         "yes" if one.is_right else "NO"]
        for one in found
    ]  # fmt: skip
    header = ["input", "command", "found", "expected", "as expected"]
    return tabulate(rows, header, tablefmt="github", disable_numparse=True)


def _shortened(value: str) -> str:
    return value if len(value) <= LONGEST else f"{value[:LONGEST]}..."


if __name__ == "__main__":
    main()
