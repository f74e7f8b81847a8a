"""Error output of commands: one line on stderr instead of a traceback."""

import errno
import os
import select
import signal
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from vg_mc.errors import BadInputError
from vg_mc.system.signals import StoppedError

PACKAGE = Path(__file__).parents[1]
BAD_INPUT = 3  # exit code; 2 stands for a wrong flag

# System errors for paths that the user may not access or that cannot be used.
NOT_USABLE = {
    errno.EACCES, errno.EPERM, errno.EROFS, errno.EISDIR, errno.ENOTDIR, errno.ENAMETOOLONG
}  # fmt: skip


@contextmanager
def plain_errors() -> Iterator[None]:
    """Exit with a one-line message: code 3 for bad input, 128 + N for signal N.

    Wraps the body of every command. A file that the system refuses to open counts as bad input,
    too. A closed stdout (``head``) ends the command silently. Any other exception is a bug and
    keeps its traceback.
    """
    try:
        with _notes_in_one_line():
            yield
        sys.stdout.flush()
    except BadInputError as error:
        print(f"error: {' '.join(str(error).splitlines())}", file=sys.stderr)
        sys.exit(BAD_INPUT)
    except OSError as error:
        if isinstance(error, BrokenPipeError) and _stdout_is_closed():
            sys.exit(128 + signal.SIGPIPE)
        if error.errno not in NOT_USABLE or error.filename is None:
            raise
        place = error.filename2 or error.filename
        print(f"error: {place}: cannot be used: {error.strerror}", file=sys.stderr)
        sys.exit(BAD_INPUT)
    except StoppedError as stop:
        print(stop, file=sys.stderr)
        sys.exit(stop.exit_code)


@contextmanager
def _notes_in_one_line() -> Iterator[None]:
    """Print a `UserWarning` of this package as a note, without the line of code."""
    with warnings.catch_warnings():
        default = warnings.showwarning

        def show(
            message: Warning | str,
            category: type[Warning],
            filename: str,
            lineno: int,
            file: TextIO | None = None,
            line: str | None = None,
        ) -> None:
            if category is UserWarning and Path(filename).is_relative_to(PACKAGE):
                print(f"note: {message}", file=sys.stderr)
            else:
                default(message, category, filename, lineno, file, line)

        warnings.showwarning = show
        yield


def _stdout_is_closed() -> bool:
    """Return True if stdout is closed; remaining output is then discarded."""
    output = select.poll()
    output.register(sys.stdout.fileno(), 0)
    broken = any(event & select.POLLERR for _, event in output.poll(0))
    if broken:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return broken
