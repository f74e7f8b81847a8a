"""How the commands that can be launched many times find out, and start Accelerate.

Where something is to run, asked for by a flag: is it there?

Values that flags of several commands choose among.
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
    """Look for the device that `--device` names, before any work is done for it.

    Raises:
        BadInputError: If torch knows no such device, or this machine has none.
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
        problem = f"there is no {name}: torch sees {cards} CUDA devices here"
        raise BadInputError(problem, record="--device")


Precision = Literal["no", "bf16", "fp16"]
Tracker = Literal["tensorboard", "wandb", "trackio"]


# A process that hears nothing of another for so long gives up. Where one is killed, the others
# learn of it at once, or are ended by torchrun within half a minute; this is for one that hangs.
# Less would end a run whose first process writes a large checkpoint to a slow disk.
LONGEST_WAIT = timedelta(minutes=10)

# One process decodes some 3,000 pictures of 224 pixels per second. The fastest GPU trains a small
# model on four times as many.
MOST_WORKERS = 12

# Ways to share a model among processes, by the variable with which Accelerate's launcher asks.
UNKNOWN_WAYS = {
    "ACCELERATE_USE_FSDP": "FSDP",
    "ACCELERATE_USE_DEEPSPEED": "DeepSpeed",
    "ACCELERATE_USE_MEGATRON_LM": "Megatron-LM",
    "ACCELERATE_USE_PARALLELISM_CONFIG": "a parallelism config",
}


def processes_launched() -> int:
    """Return how many processes ``torchrun`` or ``accelerate launch`` have started, 1 without."""
    return int(os.environ.get("WORLD_SIZE", "1"))


def workers_of(wanted: int | None, accelerator: "Accelerator") -> int:
    """Return how many processes decode for each one that encodes; None leaves the choice to us.

    Where the model has a device of its own, cores have little else to do than to feed it. One core
    is left to the process that drives the device.
    """
    if wanted is not None:
        return wanted
    if accelerator.device.type == "cpu":
        return 1
    cores = (os.cpu_count() or 1) // int(os.environ.get("LOCAL_WORLD_SIZE", "1"))
    return min(max(1, cores - 1), MOST_WORKERS)


def batch_size_of(wanted: int | None, accelerator: "Accelerator") -> int:
    """Return how many pictures are encoded at a time; None leaves the choice to us.

    A CPU gains nothing by large batches: the memory of every layer is asked for anew, which costs
    RN50 a tenth of its time.
    """
    if wanted is not None:
        return wanted
    return 32 if accelerator.device.type == "cpu" else 256


def start_accelerator(
    mixed_precision: Precision, *, tracker: Tracker | None = None, run: Path | None = None
) -> "Accelerator":
    """Join the processes that were launched, one alone included.

    `tracker` is to be told about `run`, in whose folder ``trackers/`` it may write.

    Raises:
        BadInputError: If the device lacks the precision, the processes do not find each other, the
            tracker is not installed, or the launcher was told what these flags do not say;
            Accelerate would quietly do something else.
    """
    _require_plain_launch(mixed_precision)
    if tracker is not None and importlib.util.find_spec(tracker) is None:
        problem = f"it is not installed; pip install {tracker}"
        raise BadInputError(problem, record=f"--log-with {tracker}")
    import torch
    from accelerate import Accelerator, PartialState
    from accelerate.utils import GradientAccumulationPlugin

    # Sentences are short. Threads of the tokenizer would only fear the fork of a data loader.
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    # Unless it is told that there is no GPU, Accelerate takes each process of torchrun for the only
    # one, and all of them would write the same files.
    on_cpu = not torch.accelerator.is_available()
    state = PartialState(cpu=on_cpu, timeout=LONGEST_WAIT, **_fresh_store())
    if mixed_precision == "fp16" and state.device.type == "cpu":
        problem = "fp16 needs a GPU, and there is none; bf16 works on the CPU, too"
        raise BadInputError(problem, record="--mixed-precision")
    launched = processes_launched()
    if state.num_processes != launched:
        problem = f"{launched} processes were launched, but they do not find each other"
        raise BadInputError(problem, record=f"device {state.device.type}")
    return Accelerator(
        mixed_precision=mixed_precision,
        cpu=on_cpu,
        # Said here, so that no number of the launcher's divides losses once more.
        gradient_accumulation_plugin=GradientAccumulationPlugin(num_steps=1),
        log_with=tracker,
        project_config=None if run is None else project_of(run),
    )


def _require_plain_launch(mixed_precision: Precision) -> None:
    """Refuse what a launcher, or a file that it reads by itself, says and cannot be meant."""
    for variable, way in UNKNOWN_WAYS.items():
        if os.environ.get(variable, "false").lower() == "true":
            problem = f"each process holds the whole model here: launch without {way}"
            raise BadInputError(problem, record=variable)
    launched = os.environ.get("ACCELERATE_MIXED_PRECISION", "no")
    if launched not in ("no", mixed_precision):
        problem = (
            f"the launcher says {launched} and this flag {mixed_precision}: give it {launched}, "
            "or launch with --mixed_precision no"
        )
        raise BadInputError(problem, record="--mixed-precision")


def _fresh_store() -> dict[str, Any]:
    """Return where processes that torchrun has started again look for each other.

    torchrun lends them the store of those before, which still holds the addresses of the dead.
    Several machines count their restarts apart, so this is for processes of one machine.
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
    """Return where a tracker that writes files writes them."""
    from accelerate.utils import ProjectConfiguration

    return ProjectConfiguration(project_dir=str(run), logging_dir=str(run / "trackers"))
