"""Import ultralytics so that it runs no foreign code and asks nothing of the network.

As it comes, it executes whatever a checkpoint contains, installs packages that a checkpoint names,
looks for servers, and keeps settings in the home directory. It reads its switches while it is
imported, so they are set here, before anybody imports it.

ultralytics is under the AGPL-3.0; only this folder of the project imports it.
"""

import os
import tempfile
from functools import lru_cache
from pathlib import Path

import torch
from PIL import Image

from vg_mc.system.opencv import require_opencv

SWITCHES = {
    "ULTRALYTICS_SAFE_LOAD": "1",  # checkpoints hold known layers and numbers, or are refused
    "ULTRALYTICS_SKIP_REQUIREMENTS_CHECKS": "1",
    "YOLO_AUTOINSTALL": "0",
    "YOLO_OFFLINE": "1",
    "YOLO_VERBOSE": "0",
}


@lru_cache(maxsize=1)
def import_ultralytics() -> Path:
    """Import ultralytics with its doors shut; return the folder where it keeps its settings.

    Raises:
        RuntimeError: If it was imported before, with its doors open.
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

    # It puts its own way to open pictures in Pillow's place, with other errors and another package.
    Image.open = open_image
    # It would leave one thread to us, and to every process that we start.
    torch.set_num_threads(threads)
    if threads_setting is None:
        os.environ.pop("OMP_NUM_THREADS", None)
    if not getattr(tasks, "SAFE_LOAD", False):
        raise RuntimeError(
            "ultralytics would run code from checkpoints: it is too old to load them safely, or "
            "something imported it before vg_mc.proposers did"
        )
    return Path(USER_CONFIG_DIR)


_KEPT_UNTIL_EXIT: list[tempfile.TemporaryDirectory[str]] = []
