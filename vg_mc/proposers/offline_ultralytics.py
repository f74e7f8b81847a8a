"""Import ultralytics with code execution from checkpoints and network access disabled.

By default ultralytics executes code from checkpoints, installs packages that a checkpoint names,
contacts servers, and stores settings in the home directory. It reads the switches during import, so
this module sets them first.

ultralytics is licensed under the AGPL-3.0; only this package imports it.
"""

import os
import tempfile
from functools import lru_cache
from pathlib import Path

import torch
from PIL import Image

from vg_mc.system.opencv import require_opencv

SWITCHES = {
    "ULTRALYTICS_SAFE_LOAD": "1",  # rejects checkpoints with anything but known layers and numbers
    "ULTRALYTICS_SKIP_REQUIREMENTS_CHECKS": "1",
    "YOLO_AUTOINSTALL": "0",
    "YOLO_OFFLINE": "1",
    "YOLO_VERBOSE": "0",
}


@lru_cache(maxsize=1)
def import_ultralytics() -> Path:
    """Import ultralytics in the safe mode and return the folder of its settings.

    Raises:
        RuntimeError: If it was imported before without the safe mode, or is too old to have it.
    """
    require_opencv()
    settings = tempfile.TemporaryDirectory(prefix="vg_mc-ultralytics-")
    _KEPT_UNTIL_EXIT.append(settings)
    threads = torch.get_num_threads()
    threads_setting = os.environ.get("OMP_NUM_THREADS")
    os.environ.update(SWITCHES, YOLO_CONFIG_DIR=settings.name)
    open_image = Image.open

    from ultralytics.nn import tasks
    from ultralytics.utils import USER_CONFIG_DIR

    # ultralytics replaces Pillow's function, with other exceptions and another dependency.
    Image.open = open_image
    # It limits this process and its children to one thread.
    torch.set_num_threads(threads)
    if threads_setting is None:
        os.environ.pop("OMP_NUM_THREADS", None)
    if not getattr(tasks, "SAFE_LOAD", False):
        raise RuntimeError(
            "ultralytics could run code from checkpoints: it is too old to load them safely, or it "
            "was imported before vg_mc.proposers"
        )
    return Path(USER_CONFIG_DIR)


_KEPT_UNTIL_EXIT: list[tempfile.TemporaryDirectory[str]] = []
