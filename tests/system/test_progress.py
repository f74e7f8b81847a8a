"""Progress bars are redrawn in a terminal, and write few lines to a log file."""

import io
import re
from pathlib import Path

import pytest

import vg_mc
from vg_mc.system import progress
from vg_mc.system.progress import LINE_INTERVAL, LineStream, progress_bar


class Terminal(io.StringIO):
    """A stream that claims to be a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def clock(monkeypatch):
    """Seconds that a test sets; tqdm and `LineStream` read them."""
    now = [0.0]
    monkeypatch.setattr(progress, "LineStream", lambda stream: LineStream(stream, lambda: now[0]))
    monkeypatch.setattr("tqdm.std.time", lambda: now[0])
    return now


def test_a_log_file_gets_a_line_every_thirty_seconds(clock):
    stream = io.StringIO()

    with progress_bar(description="drawing", total=100, unit="photo", stream=stream) as bar:
        for _ in range(100):
            clock[0] += 1
            bar.update()
            bar.set_postfix(loss="0.5")

    lines = stream.getvalue().splitlines()
    assert [re.findall(r"\d+ of \d+", line) for line in lines] == [
        [f"{int(count * LINE_INTERVAL)} of 100"] for count in (1, 2, 3)
    ]
    assert all(line.startswith("drawing: ") and "loss=0.5" in line for line in lines)
    assert "\r" not in stream.getvalue()


def test_short_work_writes_no_line_to_a_log_file(clock):
    stream = io.StringIO()

    for _ in progress_bar(range(20), description="drawing", stream=stream):
        clock[0] += 1

    assert stream.getvalue() == ""


def test_a_bar_of_unknown_length_writes_lines_too(clock):
    stream = io.StringIO()

    for _ in progress_bar(iter(range(40)), description="reading", stream=stream):
        clock[0] += 1

    assert stream.getvalue().startswith("reading: ")
    assert len(stream.getvalue().splitlines()) == 1


def test_a_terminal_gets_a_bar_that_is_redrawn():
    stream = Terminal()

    for _ in progress_bar(range(3), description="drawing", stream=stream):
        pass

    assert stream.getvalue().startswith("\rdrawing:   0%|")
    assert "| 3/3 [" in stream.getvalue()


def test_all_bars_of_the_package_are_made_here():
    package = Path(vg_mc.__file__).parent

    own = {path.name for path in package.rglob("*.py") if "import tqdm" in path.read_text()}

    assert own == {"progress.py"}
