"""The command ``python -m benchmarks.gpu_training``: the training benchmarks on a GPU.

They use half precision, large batches, and as many decoding processes as the GPU needs. The last
row of each model repeats one decoded batch; the difference is the cost of the data loader.
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
from benchmarks.rounds import ROUNDS
from benchmarks.sizes import FULL_ON_GPU, QUICK_ON_GPU, QUICK_SIDE, VIT
from vg_mc.commands.config import parse_config
from vg_mc.system.launch import MOST_WORKERS

LEAST_OF_MATRIX_RATE = 40.0  # %


@dataclass(frozen=True)
class GpuConfig:
    """Measure training on a GPU against a baseline implementation."""

    quick: bool = False
    """Run all code in seconds, as a test, also without a GPU; the figures are meaningless."""

    num_workers: int = MOST_WORKERS
    """Number of decoding processes, the same for all rows."""

    photos: Path | None = None
    """Folder that keeps images and datasets for later runs; by default a temporary one."""


def main(argv: Sequence[str] | None = None) -> None:
    """Run the command."""
    config = parse_config(GpuConfig, argv)
    has_gpu = torch.cuda.is_available()
    if not (has_gpu or config.quick):
        sys.exit("PyTorch finds no GPU; --quick runs the command without one")
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
            results = Path(temporary) / "results"
            findings.append(carry_out(comparison, results, rounds=1 if config.quick else ROUNDS))
    print(f"\n{machine}\n{joint_table(findings)}\n\n{aims_table(findings)}")


def share_of_matrix_rate(measured: dict[str, Measured]) -> float:
    """Return the share of the measured matrix rate used by batching by image, in percent."""
    return float(measured[training.BY_IMAGE].facts[training.MATRIX_RATE])


AIM = Aim("share of the matrix rate, %", share_of_matrix_rate, least=LEAST_OF_MATRIX_RATE)


if __name__ == "__main__":
    main()
