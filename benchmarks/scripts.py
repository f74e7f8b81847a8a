"""The four scripts, run as a user would run them, and measured from outside."""

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

ROOT = Path(__file__).parent.parent


@dataclass(frozen=True, slots=True)
class Ran:
    """A command that ran to its end: seconds, and megabytes of its largest process at peak."""

    seconds: float
    megabytes: int


def run_script(script: str, *flags: object, threads: int | None = None) -> Ran:
    """Run one of the four scripts as a user would, and measure it from outside.

    Args:
        script: Such as ``finetune.py``.
        flags: What stands behind it on the command line.
        threads: Threads that PyTorch may use; as many as it likes by default. Two processes with
            two threads each wait for one another on two cores.

    Raises:
        RuntimeError: With what the script printed, if it fails.
    """
    chosen = {} if threads is None else {"OMP_NUM_THREADS": str(threads)}
    start = perf_counter()
    # wait4 tells the memory of the process and of all that it waited for; subprocess does not.
    with TemporaryDirectory() as folder:
        log = Path(folder, "log")
        with log.open("w") as output:
            process = subprocess.Popen(
                [sys.executable, ROOT / script, *map(str, flags)],
                cwd=ROOT,
                env=os.environ | chosen,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
            _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise RuntimeError(re.sub(r".*\r", "", log.read_text()))
    return Ran(perf_counter() - start, usage.ru_maxrss // 1024)
