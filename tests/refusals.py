"""What tests expect of a refused input: facts that every wording of the message must contain."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from vg_mc.errors import BadInputError


@contextmanager
def refused(
    *facts: object, file: str = "", record: str = ""
) -> Iterator[pytest.ExceptionInfo[BadInputError]]:
    """Expect a `BadInputError`.

    Args:
        facts: Flags, names, ids and numbers that stand in its message; never sentences.
        file: The name of the file that it is about.
        record: The record, flag or field that it is about.
    """
    assert facts or file or record, "say how to know this error from others"
    with pytest.raises(BadInputError) as caught:
        yield caught
    error = caught.value
    assert [fact for fact in map(str, facts) if fact not in str(error)] == [], error
    if file:
        assert Path(error.file or "").name == file, error
    if record:
        assert error.record == record, error
