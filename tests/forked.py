"""Start programs from a process that has the heavy libraries loaded: 0.1 s each instead of 5.

The server runs no tensor operation and starts no thread, so a fork of it is a fresh interpreter in
all but the time that the imports take. Started as a program, this file is the server.
"""

import atexit
import gc
import json
import os
import runpy
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import traceback
from collections.abc import Sequence
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parent.parent
LIBRARIES = ("accelerate", "datasets", "open_clip", "torch.distributed", "transformers")
MODULES = ("vg_mc.models.tiny", "vg_mc.training.loop", "vg_mc.prepared.build.run")
CLASSES = ("AutoModel", "AutoProcessor", "CLIPModel", "CLIPTokenizerFast", "GenerationMixin")
ENVIRONMENT = {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}  # for what programs start, too
TIMEOUT = 240  # seconds
TORCHRUN = ("-m", "torch.distributed.run", "--nproc-per-node", "2", "--rdzv-backend", "c10d",
            "--rdzv-endpoint", "127.0.0.1:0")  # fmt: skip
LAUNCHED = ("RANK", "WORLD_SIZE", "LOCAL_RANK", "LOCAL_WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT")


class Ended(NamedTuple):
    """What became of a program."""

    code: int  # negative for a signal
    printed: str
    complaints: str


class Server:
    """The process whose forks run programs; it is started when the first one is asked for."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None

    def run(self, arguments: Sequence[str], folder: Path, *places: dict[str, str]) -> list[Ended]:
        """Run Python with `arguments` in `folder`, once for each environment of `places`."""
        with tempfile.TemporaryDirectory() as outputs:
            jobs = [
                {
                    "arguments": list(map(str, arguments)),
                    "folder": str(folder),
                    "environment": dict(os.environ) | ENVIRONMENT | place,
                    "streams": [f"{outputs}/{number}.{stream}" for stream in ("out", "err")],
                }
                for number, place in enumerate(places or ({},))
            ]
            return [
                Ended(code, *(Path(file).read_text() for file in job["streams"]))
                for code, job in zip(self._codes(jobs), jobs, strict=True)
            ]

    def _codes(self, jobs: list[dict[str, object]]) -> list[int]:
        server = self._started()
        print(json.dumps(jobs), file=server.stdin, flush=True)
        pids = json.loads(server.stdout.readline())
        if not select.select([server.stdout], [], [], TIMEOUT)[0]:
            for pid in pids:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
        return json.loads(server.stdout.readline())

    def _started(self) -> subprocess.Popen[str]:
        if self._process is None:
            self._process = subprocess.Popen(
                [sys.executable, __file__],
                env=os.environ | ENVIRONMENT,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
        return self._process

    def close(self) -> None:
        """End the server."""
        if self._process is not None:
            self._process.communicate()


def places_of(processes: int) -> list[dict[str, str]]:
    """Return the environments by which a launcher tells processes of each other."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    rows = [(rank, processes, rank, processes, "127.0.0.1", port) for rank in range(processes)]
    return [dict(zip(LAUNCHED, map(str, row), strict=True)) for row in rows]


def serve() -> dict[str, object] | None:
    """Fork a process for each job that comes in; return the job in the fork, None in the server."""
    for line in sys.stdin:
        pids = []
        for job in json.loads(line):
            pid = os.fork()
            if pid == 0:
                return job
            pids.append(pid)
        print(json.dumps(pids), flush=True)
        codes = [os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in pids]
        print(json.dumps(codes), flush=True)
    return None


def become(job: dict) -> None:
    """Run the program that a job describes, and end as Python does.

    Only what the programs' own exit handlers do is done: to take the libraries apart, module by
    module, would take seconds.
    """
    code = 0
    try:
        run(job)
    except SystemExit as error:
        if isinstance(error.code, str):
            print(error.code, file=sys.stderr)
        code = error.code if isinstance(error.code, int) else int(error.code is not None)
    except BaseException:  # noqa: BLE001 - told as Python tells it
        traceback.print_exc()
        code = 1
    threading._shutdown()
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def run(job: dict) -> None:
    """Run the program that a job describes."""
    nothing = os.open(os.devnull, os.O_RDONLY)
    streams = [os.open(file, os.O_WRONLY | os.O_CREAT) for file in job["streams"]]
    for number, stream in enumerate((nothing, *streams)):
        os.dup2(stream, number)
    os.environ.clear()
    os.environ.update(job["environment"])
    os.chdir(job["folder"])
    first, *rest = job["arguments"]
    if first == "-m":
        sys.path[0], sys.argv = job["folder"], rest
        runpy.run_module(rest[0], run_name="__main__", alter_sys=True)
    elif first == "-c":
        sys.path[0], sys.argv = "", ["-c", *rest[1:]]
        exec(rest[0], {"__name__": "__main__"})  # noqa: S102 - as python -c does
    else:
        sys.path[0], sys.argv = str(Path(first).parent), job["arguments"]
        runpy.run_path(first, run_name="__main__")


def main() -> None:
    """Load what takes long, and serve."""
    sys.path[0] = str(ROOT)  # this folder's modules are nobody else's
    for module in (*LIBRARIES, *MODULES):
        import_module(module)
    for name in CLASSES:
        getattr(sys.modules["transformers"], name, None)
    gc.freeze()  # a collection would copy the memory of the libraries to each fork
    job = serve()
    if job is not None:
        become(job)


if __name__ == "__main__":
    main()
