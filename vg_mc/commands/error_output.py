"""How a command fails on input that it cannot use: one line on stderr, no traceback."""

import errno
import os
import select
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from vg_mc.errors import BadInputError
from vg_mc.system.signals import StoppedError

BAD_INPUT = 3  # the exit code; 2 is a wrong flag

# What a system answers where a user named a place that is not theirs, or is none.
NOT_USABLE = {
    errno.EACCES, errno.EPERM, errno.EROFS, errno.EISDIR, errno.ENOTDIR, errno.ENAMETOOLONG
}  # fmt: skip


@contextmanager
def plain_errors() -> Iterator[None]:
    """End the process with one clear line: exit code 3 where input is bad, 128 + N for signal N.

    Stands around the body of every command. A file that the system does not let us use is bad
    input, too. Who reads our output may stop, as `head` does. Any other exception is a fault of
    ours, whose traceback we want to see.
    """
    try:
        yield
        sys.stdout.flush()
    except BadInputError as error:
        print(f"error: {' '.join(str(error).splitlines())}", file=sys.stderr)
        sys.exit(BAD_INPUT)
    except OSError as error:
        if isinstance(error, BrokenPipeError) and _nobody_reads():
            sys.exit(128 + signal.SIGPIPE)
        if error.errno not in NOT_USABLE or error.filename is None:
            raise
        place = error.filename2 or error.filename
        print(f"error: {place}: it cannot be used: {error.strerror}", file=sys.stderr)
        sys.exit(BAD_INPUT)
    except StoppedError as stop:
        print(stop, file=sys.stderr)
        sys.exit(stop.exit_code)


def _nobody_reads() -> bool:
    """Say whether our output goes to nobody any more; what is still to be written then vanishes."""
    output = select.poll()
    output.register(sys.stdout.fileno(), 0)
    broken = any(event & select.POLLERR for _, event in output.poll(0))
    if broken:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return broken
