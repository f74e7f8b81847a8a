"""Handling of bad records: stop at the first, or list and skip them.

Also cleans the text of expressions and counts the texts that cleaning changed.
"""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from vg_mc.errors import BadInputError
from vg_mc.records import Rejected
from vg_mc.system.fields import as_text
from vg_mc.text.cleaning import clean_text


class Inspection:
    """Collects the bad records of a corpus while it is read.

    Attributes:
        skip_bad: Continue after a bad record.
        rejected: The records skipped so far.
        notes: What was inferred or left out, one sentence each, for the summary.
        texts: Number of texts with a fault that cleaning or truncation repairs, by kind of fault.
    """

    def __init__(self, *, skip_bad: bool) -> None:
        self.skip_bad = skip_bad
        self.rejected: list[Rejected] = []
        self.notes: list[str] = []
        self.texts: Counter[str] = Counter({"cleaned": 0, "with NUL": 0, "over 75 words": 0})

    @contextmanager
    def record(self, file: Path, name: str) -> Iterator[None]:
        """Add file and record to an error; with `skip_bad`, list the record and leave the block.

        Raises:
            BadInputError: Without `skip_bad`, with `file` and the record.
        """
        try:
            yield
        except BadInputError as fault:
            if not self.skip_bad:
                raise BadInputError(fault.problem, file=file, record=name) from fault
            self.leave_out(file, name, fault.problem)

    def leave_out(self, file: Path, name: str, reason: str) -> None:
        """List a record as rejected without stopping."""
        self.rejected.append(Rejected(file.name, name, reason))


# Most models of CLIP's kind read 77 tokens, two of which are special, and a word is at least one
# token. The exact number depends on the model: training and evaluation report it.
MOST_WORDS = 75


def as_expression(record: object, field: str, inspection: Inspection) -> str:
    """Return the cleaned referring expression in a field.

    Raises:
        BadInputError: If it contains no words.
    """
    written = as_text(record, field)
    text = clean_text(written)
    if not text:
        raise BadInputError(f"expected words as {field}, found only control characters")
    inspection.texts["cleaned"] += text != written
    inspection.texts["with NUL"] += "\0" in written
    inspection.texts["over 75 words"] += len(text.split()) > MOST_WORDS
    return text
