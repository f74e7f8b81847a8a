"""What happens to a bad record: reading stops there, or the record is listed and left out."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from vg_mc.faults import BadInputError
from vg_mc.records import Rejected


class Inspection:
    """Watches over the records of a corpus while they are read.

    Attributes:
        skip_bad: Go on behind a bad record.
        rejected: The records that were left out so far.
        texts: How many texts that were read had a fault that was or will be mended, by kind.
    """

    def __init__(self, *, skip_bad: bool) -> None:
        self.skip_bad = skip_bad
        self.rejected: list[Rejected] = []
        self.texts: Counter[str] = Counter({"cleaned": 0, "with NUL": 0, "over 75 words": 0})

    @contextmanager
    def record(self, file: Path, name: str) -> Iterator[None]:
        """Give a fault its place; with `skip_bad`, note it and leave the block.

        Raises:
            BadInputError: Without `skip_bad`, naming `file` and the record.
        """
        try:
            yield
        except BadInputError as fault:
            if not self.skip_bad:
                raise BadInputError(fault.problem, file=file, record=name) from fault
            self.leave_out(file, name, fault.problem)

    def leave_out(self, file: Path, name: str, reason: str) -> None:
        """List a record that nothing needs, so that it need not stop the reading."""
        self.rejected.append(Rejected(file.name, name, reason))
