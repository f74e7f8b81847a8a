"""How a command fails on input that it cannot use: one line on stderr, no traceback."""

import errno
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from vg_mc.faults import BadInputError
from vg_mc.interruption import StoppedError

BAD_INPUT = 3  # the exit code; 2 is a wrong flag

# What a system answers where a user named a place that is not theirs, or is none.
NOT_USABLE = {
    errno.EACCES, errno.EPERM, errno.EROFS, errno.EISDIR, errno.ENOTDIR, errno.ENAMETOOLONG
}  # fmt: skip


@contextmanager
def plain_errors() -> Iterator[None]:
    """End the process with one clear line: exit code 3 where input is bad, 128 + N for signal N.

    Stands around the body of every command. A file that the system does not let us use is bad
    input, too. Any other exception is a fault of ours, whose traceback we want to see.
    """
    try:
        yield
    except BadInputError as error:
        print(f"error: {' '.join(str(error).splitlines())}", file=sys.stderr)
        sys.exit(BAD_INPUT)
    except OSError as error:
        if error.errno not in NOT_USABLE or error.filename is None:
            raise
        place = error.filename2 or error.filename
        print(f"error: {place}: it cannot be used: {error.strerror}", file=sys.stderr)
        sys.exit(BAD_INPUT)
    except StoppedError as stop:
        print(stop, file=sys.stderr)
        sys.exit(stop.exit_code)
