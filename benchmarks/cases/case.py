"""A reported input of others, the command that reads it, and the value that it must give."""

import contextlib
import io
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from vg_mc.errors import BadInputError

REFUSED = "refused, naming "


@dataclass(frozen=True, slots=True)
class Case:
    """One command on one folder of inputs.

    Attributes:
        name: Name of the folder.
        command: The command, for the table.
        find: Runs the command on the folder of the case with a scratch folder; returns the value.
        expected: The value; or `REFUSED` and a text that the message must contain.
    """

    name: str
    command: str
    find: Callable[[Path, Path], str]
    expected: str


@dataclass(frozen=True, slots=True)
class Found:
    """The value that a case gave."""

    case: Case
    value: str

    @property
    def is_right(self) -> bool:
        """Whether the value is the expected one."""
        if not self.case.expected.startswith(REFUSED):
            return self.value == self.case.expected
        return self.value.startswith("refused: ") and (
            self.case.expected.removeprefix(REFUSED) in self.value
        )


def carry_out(case: Case, folder: Path, scratch: Path) -> Found:
    """Run a case quietly; an error is a value, too."""
    printed = io.StringIO()
    try:
        with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
            return Found(case, case.find(folder / case.name, scratch))
    except BadInputError as error:
        return Found(case, f"refused: {error}")
    except SystemExit as stop:
        last = printed.getvalue().strip().splitlines()[-1:]
        return Found(case, f"ended with code {stop.code}: {''.join(last)}")
    except Exception as error:  # noqa: BLE001 - a crash is a wrong value
        return Found(case, f"{type(error).__name__}: {error}")
