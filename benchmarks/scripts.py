"""Execution and measurement of the four scripts as subprocesses."""

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
    """A finished command: seconds, and peak megabytes of its largest process."""

    seconds: float
    megabytes: int


def run_script(script: str, *flags: object, threads: int | None = None) -> Ran:
    """Run one of the four scripts as a subprocess, and measure it.

    Args:
        script: Name of the script, such as ``finetune.py``.
        flags: Its command line arguments.
        threads: Number of threads of PyTorch, by default not limited. Two processes with two
            threads each would block one another on two cores.

    Raises:
        RuntimeError: If the script fails; the message contains its output.
    """
    chosen = {} if threads is None else {"OMP_NUM_THREADS": str(threads)}
    start = perf_counter()
    # wait4 reports the memory of the process and of its children; subprocess does not.
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
