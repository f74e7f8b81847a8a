"""Devices and launched processes: validation of ``--device`` and set-up of Accelerate.

Also contains the types of options that several commands share.
"""

import importlib.util
import os
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from vg_mc.errors import BadInputError

if TYPE_CHECKING:
    from accelerate import Accelerator
    from accelerate.utils import ProjectConfiguration


def require_device(name: str) -> None:
    """Check that the device of ``--device`` exists before any work starts.

    Raises:
        BadInputError: If torch does not know the device or this machine does not have it.
    """
    if name == "cpu":
        return
    import torch

    try:
        device = torch.device(name)
    except RuntimeError as error:
        problem = f"expected a device like cpu, cuda or cuda:1, not {name!r}"
        raise BadInputError(problem, record="--device") from error
    cards = torch.cuda.device_count()
    if device.type == "cuda" and (device.index or 0) >= cards:
        problem = f"no device {name}: torch finds {cards} CUDA devices"
        raise BadInputError(problem, record="--device")


Precision = Literal["no", "bf16", "fp16"]
Tracker = Literal["tensorboard", "wandb", "trackio"]


# Timeout of collective operations, for processes that hang. If a process is killed, the others fail
# at once or are ended by torchrun within half a minute. A shorter timeout would end a run whose
# first process writes a large checkpoint to a slow disk.
LONGEST_WAIT = timedelta(minutes=10)

# One process decodes about 3,000 images of 224 pixels per second. The fastest GPU trains a small
# model on four times as many.
MOST_WORKERS = 12

# Unsupported ways to shard a model, by the environment variable of Accelerate's launcher.
UNKNOWN_WAYS = {
    "ACCELERATE_USE_FSDP": "FSDP",
    "ACCELERATE_USE_DEEPSPEED": "DeepSpeed",
    "ACCELERATE_USE_MEGATRON_LM": "Megatron-LM",
    "ACCELERATE_USE_PARALLELISM_CONFIG": "a parallelism config",
}


def processes_launched() -> int:
    """Return the number of processes of ``torchrun`` or ``accelerate launch``, 1 without them."""
    return int(os.environ.get("WORLD_SIZE", "1"))


def workers_of(requested: int | None, accelerator: "Accelerator") -> int:
    """Return the number of decoding workers per process; None selects a default.

    With a GPU, the CPU cores are mostly free for decoding. One core is left for the process that
    drives the GPU.
    """
    if requested is not None:
        return requested
    if accelerator.device.type == "cpu":
        return 1
    cores = (os.cpu_count() or 1) // int(os.environ.get("LOCAL_WORLD_SIZE", "1"))
    return min(max(1, cores - 1), MOST_WORKERS)


def batch_size_of(requested: int | None, accelerator: "Accelerator") -> int:
    """Return the number of images encoded at a time; None selects a default.

    Large batches do not help on a CPU: memory for every layer is allocated anew, which takes a
    tenth of the time of RN50.
    """
    if requested is not None:
        return requested
    return 32 if accelerator.device.type == "cpu" else 256


def start_accelerator(
    mixed_precision: Precision, *, tracker: Tracker | None = None, run: Path | None = None
) -> "Accelerator":
    """Create the `Accelerator` of the launched processes, or of a single one.

    Args:
        mixed_precision: Precision of autocast.
        tracker: Experiment tracker for the metrics of `run`.
        run: Folder of the run; trackers write to its subfolder ``trackers``.

    Raises:
        BadInputError: If the device lacks the precision, the processes do not form one group, the
            tracker is not installed, or the launcher has settings that contradict these options,
            which Accelerate would silently follow.
    """
    _require_plain_launch(mixed_precision)
    if tracker is not None and importlib.util.find_spec(tracker) is None:
        problem = f"not installed; pip install {tracker}"
        raise BadInputError(problem, record=f"--log-with {tracker}")
    import torch
    from accelerate import Accelerator, PartialState
    from accelerate.utils import GradientAccumulationPlugin

    # Expressions are short. Tokenizer threads would only warn about the fork of a data loader.
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    # Without this flag on a machine without GPU, Accelerate treats each process of torchrun as the
    # only one, and all of them would write the same files.
    on_cpu = not torch.accelerator.is_available()
    state = PartialState(cpu=on_cpu, timeout=LONGEST_WAIT, **_fresh_store())
    if mixed_precision == "fp16" and state.device.type == "cpu":
        problem = "fp16 requires a GPU; bf16 also works on the CPU"
        raise BadInputError(problem, record="--mixed-precision")
    launched = processes_launched()
    if state.num_processes != launched:
        problem = f"{launched} processes were launched, but they do not form one group"
        raise BadInputError(problem, record=f"device {state.device.type}")
    return Accelerator(
        mixed_precision=mixed_precision,
        cpu=on_cpu,
        # Explicit, since otherwise a setting of the launcher would divide losses again.
        gradient_accumulation_plugin=GradientAccumulationPlugin(num_steps=1),
        log_with=tracker,
        project_config=None if run is None else project_of(run),
    )


def _require_plain_launch(mixed_precision: Precision) -> None:
    """Raise for settings of the launcher or its configuration file that are not supported."""
    for variable, way in UNKNOWN_WAYS.items():
        if os.environ.get(variable, "false").lower() == "true":
            problem = f"each process holds the whole model; launch without {way}"
            raise BadInputError(problem, record=variable)
    launched = os.environ.get("ACCELERATE_MIXED_PRECISION", "no")
    if launched not in ("no", mixed_precision):
        problem = (
            f"the launcher sets {launched} and this flag {mixed_precision}; set it to {launched}, "
            "or launch with --mixed_precision no"
        )
        raise BadInputError(problem, record="--mixed-precision")


def _fresh_store() -> dict[str, Any]:
    """Return a new store for the rendezvous of processes that torchrun has restarted.

    torchrun reuses the store of the previous processes, which still contains their addresses.
    Several machines count restarts separately, so this applies to processes of one machine only.
    """
    restarts = os.environ.get("TORCHELASTIC_RESTART_COUNT", "0")
    if restarts == "0" or os.environ.get("LOCAL_WORLD_SIZE") != os.environ.get("WORLD_SIZE"):
        return {}
    from torch.distributed.distributed_c10d import PrefixStore
    from torch.distributed.rendezvous import rendezvous

    store, rank, processes = next(rendezvous("env://", timeout=LONGEST_WAIT))
    fresh = PrefixStore(f"restart-{restarts}", store)
    return {"store": fresh, "rank": rank, "world_size": processes}


def project_of(run: Path) -> "ProjectConfiguration":
    """Return the folders that trackers write files to."""
    from accelerate.utils import ProjectConfiguration

    return ProjectConfiguration(project_dir=str(run), logging_dir=str(run / "trackers"))
