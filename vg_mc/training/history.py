"""Logs of a run, a line per entry: metrics.jsonl, of steps and validations, is always written."""

import json
import math
from pathlib import Path

from vg_mc.whole_files import write_whole_text

Value = int | float | str | list[int] | None
Entry = dict[str, Value]


class History:
    """The log of a run, continued by a resumed run as if it had never stopped.

    Attributes:
        entries: Everything that was logged.
        writes: Whether this process writes the file; all others only keep the entries.
    """

    def __init__(self, path: Path, *, steps_taken: int, writes: bool) -> None:
        """Open the log; what was written after step `steps_taken` is about to be done again."""
        self.path = path
        self.writes = writes
        self.entries = [entry for entry in read_entries(path) if _step(entry) <= steps_taken]
        if writes and path.exists():
            write_whole_text(path, _lines(self.entries))

    def add(self, *entries: Entry) -> None:
        """Append entries, which have at least a ``step``; what is no number becomes null."""
        kept = [{key: _number_or_none(value) for key, value in each.items()} for each in entries]
        self.entries += kept
        if self.writes:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self.path.open("a", encoding="utf-8") as file:
                file.write(_lines(kept))


def _lines(entries: list[Entry]) -> str:
    return "".join(json.dumps(entry, allow_nan=False) + "\n" for entry in entries)


def _number_or_none(value: Value) -> Value:
    # A share of nothing is NaN, which is not JSON.
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _step(entry: Entry) -> int:
    step = entry["step"]
    return step if isinstance(step, int) else 0


def read_entries(path: Path) -> list[Entry]:
    """Read the complete lines; a killed run may have left half of one."""
    if not path.exists():
        return []
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    return [json.loads(line) for line in lines if line.endswith("\n")]
