"""Where something is to run, asked for by a flag: is it there?"""

from vg_mc.faults import BadInputError


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
