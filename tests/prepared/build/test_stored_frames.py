"""Stored detections are joined with a corpus, in the frame of its boxes."""

import json

import pytest
from PIL import Image
from PIL.ExifTags import Base

from vg_mc.boxes.judging import DeclaredBoxes
from vg_mc.prepared.build.settings import Drawing, PreparationSettings
from vg_mc.prepared.build.stored import read_stored
from vg_mc.proposers.choice import ProposerChoice
from vg_mc.proposers.kinds.stored import DeclaredDetections
from vg_mc.records import Corpus, ImageFolder, Photo

STORED = (20, 10, 60, 30)  # in an image that is stored as 80 x 50
SHOWN = {1: STORED, 3: (20, 20, 60, 40), 6: (20, 20, 40, 60), 8: (10, 20, 30, 60)}


def prepared(folder, value, *, of_detections, of_corpus, box):
    exif = Image.Exif()
    exif[Base.Orientation] = value
    Image.new("RGB", (80, 50)).save(folder / "a.jpg", exif=exif)
    left, top, right, bottom = box
    row = {"image_id": 1, "bbox": [left, top, right - left, bottom - top], "score": 1}
    (folder / "results.json").write_text(json.dumps([row]))
    size = (50, 80) if value in (6, 8) and of_corpus == "shown" else (80, 50)
    photo = Photo(1, "a.jpg", *size)
    corpus = Corpus("one", ImageFolder(folder, of_corpus), {1: photo}, [], {}, [], [])
    options = DeclaredDetections(DeclaredBoxes(), of_detections)
    choice = ProposerChoice("stored", folder / "results.json", options=options)
    settings = PreparationSettings(Drawing({}, 32, "squash"), choice, choice, (), skip_bad=False)
    (found,) = read_stored(settings, [photo], corpus).by_choice[choice][1]
    return found.box


@pytest.mark.parametrize("value", SHOWN)
@pytest.mark.parametrize(("source", "target"), [("stored", "shown"), ("shown", "stored")])
def test_boxes_of_the_other_frame_are_turned(value, source, target, tmp_path):
    boxes = {"stored": STORED, "shown": SHOWN[value]}

    found = prepared(tmp_path, value, of_detections=source, of_corpus=target, box=boxes[source])

    assert found == boxes[target]


@pytest.mark.parametrize("frame", [None, "shown"])
def test_boxes_of_the_same_frame_stay(frame, tmp_path):
    found = prepared(tmp_path, 6, of_detections=frame, of_corpus="shown", box=SHOWN[6])

    assert found == SHOWN[6]
