"""Inputs that others reported, each with the command that reads it and the value it must give.

``python -m benchmarks.cases FOLDER`` prints the table of all of them. The inputs are not part of
the repository; the tests of each module make their own.
"""

from collections.abc import Iterator

from benchmarks.cases import corpora, detections, others
from benchmarks.cases.case import Case


def every_case() -> Iterator[Case]:
    """Yield all cases by the name of their folder."""
    found = [case for kind in (corpora, detections, others) for case in kind.cases()]
    yield from sorted(found, key=lambda case: case.name)
