"""Cases of bad input: the input, its specified behaviour, and the check."""

import re
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple

from vg_mc.errors import BadInputError
from vg_mc.records import Rejected

Promise = Literal["named", "refused", "listed", "accepted", "isolated"]

MEANING: dict[Promise, str] = {
    "named": "stop: ends, naming file and record; skip: listed, and all others are used",
    "refused": "ends, naming the file, in both modes of --on-error",
    "listed": "listed and skipped, in both modes of --on-error",
    "accepted": "used unchanged or converted as stated",
    "isolated": "used, listed or noted, or stop: ends, naming the file; all others are used",
}


class Outcome(NamedTuple):
    """The result of reading.

    Attributes:
        accepted: Number of records used.
        total: Number of records.
        values: Texts, boxes and colours that were read.
        notes: What the summary says.
    """

    accepted: int
    rejected: list[Rejected]
    total: int
    values: set[Hashable]
    notes: Sequence[str] = ()


Reading = Callable[[bool], Outcome]  # with `skip_bad` or without


@dataclass(frozen=True, slots=True)
class Case:
    """One bad input.

    Attributes:
        form: Format of the file.
        fault: Description of the fault.
        says: Pattern that the message must match.
        becomes: Value that must be read, or None.
        write: Writes the input to a folder and returns a function that reads it; None if this kind
            of file cannot express the fault.
        field: The field with the fault, if the same fault is tried in several.
        losing: Number of records that cannot be used without the one with the fault.
    """

    family: str
    form: str
    fault: str
    promise: Promise
    write: Callable[[Path], Reading | None]
    says: str = ""
    becomes: Hashable = None
    field: str = ""
    losing: int = 1

    @property
    def name(self) -> str:
        """Return a short name for lists of tests."""
        return ": ".join(filter(None, (self.family, self.form, self.field, self.fault)))


def deviation(case: Case, folder: Path) -> str:
    """Run a case in `folder`; return its deviation from the specification, or ""."""
    for skip_bad in (False, True):
        (folder / str(skip_bad)).mkdir()
        read = case.write(folder / str(skip_bad))
        if read is None:
            return ""
        mode = "skip" if skip_bad else "stop"
        try:
            found = _of_outcome(case, read(skip_bad), skip_bad=skip_bad)
        except BadInputError as error:
            found = _of_error(case, error, skip_bad=skip_bad)
        except Exception as error:  # noqa: BLE001 - any other error is a deviation
            found = f"{type(error).__name__}: {error}"
        if found:
            return f"{mode}: {found}"
    return ""


def _of_error(case: Case, error: BadInputError, *, skip_bad: bool) -> str:
    if case.promise == "isolated":
        return "" if error.file is not None and not skip_bad else f"stopped: {error}"
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
    if case.promise == "isolated":
        lost = outcome.total - outcome.accepted
        is_said = not lost or listed or outcome.notes
        return "" if is_said and lost <= case.losing else f"{counts}: {listed} {outcome.notes}"
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
