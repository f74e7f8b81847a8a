"""Notes on stderr: what a command inferred, skipped or warns of."""

import sys
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager


def print_notes(notes: Iterable[object]) -> None:
    """Print notes, one per line."""
    for note in notes:
        print(f"note: {note}", file=sys.stderr)


@contextmanager
def warnings_as_notes() -> Iterator[None]:
    """Print the warnings for users that the block raises as notes."""
    with warnings.catch_warnings(record=True) as noted:
        warnings.simplefilter("always", UserWarning)
        yield
    print_notes(one.message for one in noted if one.category is UserWarning)
