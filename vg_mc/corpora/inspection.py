"""What happens to a bad record: reading stops there, or the record is listed and left out.

The words of a record: cleaned once, and counted where cleaning changed them.
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


# CLIP reads 77 tokens, two of them marks; a word is one token or more, so that this many words are
# surely cut off. How many others are depends on the tokenizer.
MOST_WORDS = 75


def as_expression(record: object, field: str, inspection: Inspection) -> str:
    """Return the referring expression in a field, cleaned.

    Raises:
        BadInputError: If there are no words in it.
    """
    written = as_text(record, field)
    text = clean_text(written)
    if not text:
        raise BadInputError(f"expected words as {field}, found only control characters")
    inspection.texts["cleaned"] += text != written
    inspection.texts["with NUL"] += "\0" in written
    inspection.texts["over 75 words"] += len(text.split()) > MOST_WORDS
    return text
