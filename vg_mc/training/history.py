"""metrics.jsonl: one line per logged step and per validation, whatever trackers are used."""

import json
from pathlib import Path

Entry = dict[str, float | int | str]


class History:
    """The log of a run, continued by a resumed run as if it had never stopped."""

    def __init__(self, path: Path, *, steps_taken: int) -> None:
        """Open the log; what was written after step `steps_taken` is about to be done again."""
        self.path = path
        self.entries = [entry for entry in _read(path) if int(entry["step"]) <= steps_taken]
        self._rewrite()

    def add(self, entry: Entry) -> None:
        """Append one entry, which has at least a ``step``."""
        self.entries.append(entry)
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(entry) + "\n")

    def _rewrite(self) -> None:
        partial = self.path.with_suffix(".partial")
        lines = [json.dumps(entry) + "\n" for entry in self.entries]
        partial.write_text("".join(lines), encoding="utf-8")
        partial.replace(self.path)


def _read(path: Path) -> list[Entry]:
    """Read the complete lines; a killed run may have left half of one."""
    if not path.exists():
        return []
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    return [json.loads(line) for line in lines if line.endswith("\n")]
