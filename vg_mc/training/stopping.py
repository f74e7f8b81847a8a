"""Whether to stop: a signal may reach one process only, and none may go on without the others."""

from typing import cast

import torch
from accelerate import Accelerator
from torch.distributed import ProcessGroup


class Agreement:
    """Lets all processes come to one decision after each step, without a wait for the device."""

    def __init__(self, accelerator: Accelerator) -> None:
        """Open a channel between the processes; all of them must do so together."""
        # Not the one of the gradients: on a GPU, its answer would come after all work at hand.
        several = accelerator.num_processes > 1
        group = torch.distributed.new_group(backend="gloo") if several else None
        self._group = cast("ProcessGroup | None", group)  # an int in processes left out of it

    def largest(self, number: int) -> int:
        """Return the largest `number` that any process gives, to all of them."""
        if self._group is None:
            return number
        shared = torch.tensor(number)
        torch.distributed.all_reduce(shared, torch.distributed.ReduceOp.MAX, self._group)
        return int(shared)
