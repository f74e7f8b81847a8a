"""A case: one bad input, what is promised of it, and whether the promise is kept."""

import re
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple

from vg_mc.errors import BadInputError
from vg_mc.records import Rejected

Promise = Literal["named", "refused", "listed", "accepted"]

MEANING: dict[Promise, str] = {
    "named": "stop: ends, naming file and record; skip: listed, and all others are used",
    "refused": "ends, naming the file, whatever --on-error says",
    "listed": "listed and left out, whatever --on-error says",
    "accepted": "used, as it is or converted as told here",
}


class Outcome(NamedTuple):
    """What came of reading.

    Attributes:
        accepted: How many records are used.
        total: How many there were.
        values: Texts, boxes and colours that came out.
    """

    accepted: int
    rejected: list[Rejected]
    total: int
    values: set[Hashable]


Reading = Callable[[bool], Outcome]  # with `skip_bad` or without


@dataclass(frozen=True, slots=True)
class Case:
    """One bad input.

    Attributes:
        form: The format of the file.
        fault: What is wrong.
        says: A pattern that the message matches.
        becomes: A value that has to come out; None where nothing is asked.
        write: Writes the input to a folder and returns how to read it.
    """

    family: str
    form: str
    fault: str
    promise: Promise
    write: Callable[[Path], Reading]
    says: str = ""
    becomes: Hashable = None

    @property
    def name(self) -> str:
        """Return a short name for lists of tests."""
        return f"{self.family}: {self.form}: {self.fault}"


def deviation(case: Case, folder: Path) -> str:
    """Try a case in `folder`; return how it differs from the promise, empty if it does not."""
    for skip_bad in (False, True):
        (folder / str(skip_bad)).mkdir()
        read = case.write(folder / str(skip_bad))
        mode = "skip" if skip_bad else "stop"
        try:
            found = _of_outcome(case, read(skip_bad), skip_bad=skip_bad)
        except BadInputError as error:
            found = _of_error(case, error, skip_bad=skip_bad)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is no clear message
            found = f"{type(error).__name__}: {error}"
        if found:
            return f"{mode}: {found}"
    return ""


def _of_error(case: Case, error: BadInputError, *, skip_bad: bool) -> str:
    may_stop = case.promise == "refused" or (case.promise == "named" and not skip_bad)
    if not may_stop:
        return f"stopped: {error}"
    # One report for all missing photos, since one per run would be one per day.
    named = error.record or "images are missing" in error.problem
    if error.file is None or (case.promise == "named" and not named):
        return f"no file, or no record, is named: {error}"
    return "" if re.search(case.says, str(error)) else f"says {error}"


def _of_outcome(case: Case, outcome: Outcome, *, skip_bad: bool) -> str:
    listed = [f"{one.record}: {one.reason}" for one in outcome.rejected]
    counts = f"{outcome.accepted} accepted, {len(listed)} rejected, {outcome.total} of all"
    if case.promise == "refused" or (case.promise == "named" and not skip_bad):
        return f"went on: {counts} {listed}"
    if outcome.accepted + len(listed) != outcome.total:
        return f"{counts}: {listed}"
    if bool(listed) != (case.promise != "accepted"):
        return f"listed {listed}"
    if listed and not any(re.search(case.says, reason) for reason in listed):
        return f"listed {listed}"
    if case.becomes is not None and case.becomes not in outcome.values:
        return f"{case.becomes!r} is not among {sorted(map(repr, outcome.values))}"
    return ""
