"""Progress bars: redrawn in place in a terminal, an occasional line in a log file."""

import sys
from collections.abc import Callable, Iterable
from time import monotonic
from typing import Any, TextIO, TypeAlias

from tqdm import tqdm

ProgressBar: TypeAlias = "tqdm[Any]"

LINE_INTERVAL = 30.0  # seconds

# A line that is not redrawn needs no bar.
_LINE = (
    "{desc}: {percentage:.0f}%, {n_fmt} of {total_fmt} [{elapsed}<{remaining}, {rate_fmt}{postfix}]"
)


def progress_bar(
    items: Iterable[Any] | None = None,
    *,
    description: str,
    total: int | None = None,
    initial: int = 0,
    unit: str = "it",
    delay: float = 0.0,
    leave: bool = True,
    disable: bool = False,
    stream: TextIO | None = None,
) -> ProgressBar:
    """Return a progress bar on standard error.

    A stream that is not a terminal gets at most one line every `LINE_INTERVAL` seconds per bar, and
    none from work that takes less time.

    Args:
        items: What the bar iterates over; without it, the caller counts with `update`.
        description: Text in front of the bar.
        total: Number of items, where `items` has no length.
        initial: Number of items that were done before.
        unit: Name of an item.
        delay: Seconds before the bar appears.
        leave: Whether a terminal keeps the bar when it is finished.
        disable: Whether nothing is written.
        stream: Stream of the bar, by default standard error.
    """
    stream = sys.stderr if stream is None else stream
    in_terminal = stream.isatty()
    return tqdm(
        items,
        desc=description,
        total=total,
        initial=initial,
        unit=unit,
        delay=delay,
        leave=leave,
        disable=disable,
        file=stream if in_terminal else LineStream(stream),
        bar_format=None if in_terminal else _LINE,
    )


class LineStream:
    """A stream for `tqdm` that turns the states of one bar into lines, and drops most of them."""

    def __init__(self, stream: TextIO, clock: Callable[[], float] = monotonic) -> None:
        """Write to `stream`, for the first time `LINE_INTERVAL` seconds from now.

        Args:
            stream: Any text stream.
            clock: Returns seconds.
        """
        self.stream = stream
        self.clock = clock
        self._written = clock()

    def write(self, text: str) -> int:
        """Write one state of a bar as a line, unless the last line is too recent."""
        line, now = text.strip(), self.clock()
        if line and now - self._written >= LINE_INTERVAL:
            self._written = now
            self.stream.write(f"{line}\n")
        return len(text)

    def flush(self) -> None:
        """Flush the stream below."""
        self.stream.flush()
