"""``python -m benchmarks.gpu_training``: the training rows on a GPU, as one table.

Half precision, large batches, and as many decoding processes as the GPU needs. A last row of each
model repeats one batch that was decoded before: what the loader costs is the difference to it.
"""

import shlex
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import torch

from benchmarks import training
from benchmarks.comparison import Aim, Measured, carry_out
from benchmarks.models import Hardware
from benchmarks.report import aims_table, describe_machine, joint_table
from benchmarks.sizes import FULL_ON_GPU, QUICK_ON_GPU, QUICK_SIDE, VIT
from vg_mc.commands.config import parse_config
from vg_mc.system.launch import MOST_WORKERS

LEAST_OF_MATRIX_RATE = 40.0  # %


@dataclass(frozen=True)
class GpuConfig:
    """Measure training on a GPU against the plain way of doing the same."""

    quick: bool = False
    """See that everything works, in seconds, also without a GPU; the figures mean nothing."""

    num_workers: int = MOST_WORKERS
    """Processes that decode pictures, for all rows alike."""

    photos: Path | None = None
    """Folder that keeps photos and datasets for the next time; removed afterwards by default."""


def main(argv: Sequence[str] | None = None) -> None:
    """Run the command."""
    config = parse_config(GpuConfig, argv)
    has_gpu = torch.cuda.is_available()
    if not (has_gpu or config.quick):
        sys.exit("there is no GPU that PyTorch can use; --quick tries the command without one")
    arguments = sys.argv[1:] if argv is None else argv
    command = shlex.join(["python", "-m", "benchmarks.gpu_training", *arguments])
    machine = describe_machine(command, torch.cuda.get_device_name() if has_gpu else "no GPU")
    hardware = Hardware(
        cpu=not has_gpu,
        precision="bf16",
        num_workers=config.num_workers,
        matrix_side=QUICK_SIDE if config.quick else 8192,
    )
    findings = []
    with TemporaryDirectory(prefix="vg_mc-benchmarks-") as temporary:
        scratch = config.photos or Path(temporary)
        for task in QUICK_ON_GPU if config.quick else FULL_ON_GPU:
            aims = (AIM,) if task.model == VIT else ()
            comparison = training.of_model(task, scratch, hardware, aims)
            findings.append(carry_out(comparison, Path(temporary) / "results"))
    print(f"\n{machine}\n{joint_table(findings)}\n\n{aims_table(findings)}")


def share_of_matrix_rate(measured: dict[str, Measured]) -> float:
    """Return what ours by image uses of the measured matrix rate, in percent."""
    return float(measured[training.BY_IMAGE].facts[training.MATRIX_RATE])


AIM = Aim("share of the matrix rate, %", share_of_matrix_rate, least=LEAST_OF_MATRIX_RATE)


if __name__ == "__main__":
    main()
