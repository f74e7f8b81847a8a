"""Cases of bad input with their specified behaviour.

``python -m benchmarks.faults`` writes the tables of docs/faults.md; the tests use the same cases.
"""

from collections.abc import Iterator

from benchmarks.faults import detections, images, mutations, records, structure
from benchmarks.faults.case import Case


def every_case() -> Iterator[Case]:
    """Yield all cases by family."""
    for family in (images, records, structure, detections, mutations):
        yield from family.cases()
