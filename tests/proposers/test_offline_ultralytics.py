import json
import os
import subprocess
import sys

import pytest

from vg_mc.proposers.offline_ultralytics import SWITCHES, import_ultralytics

WATCHED_IMPORT = """
import json, os, sys
asked = []
watched = ("socket.getaddrinfo", "socket.connect")
sys.addaudithook(lambda event, _: asked.append(event) if event in watched else None)
from vg_mc.proposers.offline_ultralytics import import_ultralytics
import torch
from PIL import Image
torch.set_num_threads(2)
open_image = Image.open
folder = import_ultralytics()
from ultralytics.nn.tasks import SAFE_LOAD
print(json.dumps({
    "asked": asked, "safe": SAFE_LOAD, "folder": str(folder), "is_there": folder.is_dir(),
    "pillow_is_untouched": Image.open is open_image,
    "threads": [torch.get_num_threads(), os.environ.get("OMP_NUM_THREADS")],
}))
"""

OPEN_IMPORT = """
import ultralytics.nn.tasks
from vg_mc.proposers.offline_ultralytics import import_ultralytics
import_ultralytics()
"""


def run(program, home):
    environment = {name: value for name, value in os.environ.items() if name not in SWITCHES}
    environment |= {"HOME": str(home), "YOLO_OFFLINE": "1"}
    environment.pop("OMP_NUM_THREADS", None)
    command = [sys.executable, "-c", program]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    home = tmp_path_factory.mktemp("home")
    done = run(WATCHED_IMPORT, home)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1]), home


def test_checkpoints_are_loaded_safely(report):
    assert report[0]["safe"] is True


def test_the_network_is_left_alone(report):
    assert report[0]["asked"] == []


def test_pillow_opens_pictures_in_its_own_way(report):
    assert report[0]["pillow_is_untouched"] is True


def test_threads_stay_the_callers_business(report):
    assert report[0]["threads"] == [2, None]


def test_settings_live_in_a_folder_that_goes_away(report):
    facts, home = report

    assert facts["is_there"]
    assert not os.path.exists(facts["folder"])  # noqa: PTH110 - a string out of JSON
    assert not (home / ".config" / "Ultralytics").exists()


def test_an_earlier_careless_import_is_refused(tmp_path):
    done = run(OPEN_IMPORT, tmp_path)

    assert done.returncode != 0
    assert "RuntimeError: ultralytics" in done.stderr


def test_a_second_call_changes_nothing():
    assert import_ultralytics() == import_ultralytics()
