import os
import pickle

import numpy as np
import pytest
import torch
from PIL import Image

from tests.refusals import refused
from vg_mc.boxes import arithmetic as boxes
from vg_mc.corpora.refer import read_refer
from vg_mc.proposers.yolo import YoloProposer
from vg_mc.proposers.yolo_training import TINY
from vg_mc.records import ImageFolder, Photo


@pytest.fixture(scope="module")
def proposer(random_weights):
    return YoloProposer(random_weights, confidence=0.3)


def test_boxes_do_not_depend_on_the_photos_beside_them(proposer, noise):
    photos, pixels = noise

    together = proposer.propose(photos, pixels)

    alone = [
        proposer.propose([photo], [each])[0] for photo, each in zip(photos, pixels, strict=True)
    ]
    assert together == alone
    assert all(len(proposals) > 5 for proposals in together)


def test_ultralytics_itself_finds_the_same(proposer, noise, random_weights, tmp_path, monkeypatch):
    from ultralytics import YOLO

    monkeypatch.chdir(tmp_path)  # where its predictor would keep results
    theirs = YOLO(str(random_weights))
    for photo, picture in zip(*noise, strict=True):
        ours = proposer.propose([photo], [picture])[0]
        found = theirs.predict(picture[..., ::-1], conf=0.3, imgsz=96, verbose=False)[0].boxes

        np.testing.assert_allclose([one.box for one in ours], found.xyxy.numpy(), atol=1e-3)
        np.testing.assert_allclose([one.score for one in ours], found.conf.numpy(), atol=1e-5)
        names = [theirs.names[int(number)] for number in found.cls]
        assert [one.category for one in ours] == names


def test_the_best_comes_first_inside_the_photo(proposer, noise):
    for photo, proposals in zip(noise[0], proposer.propose(*noise), strict=True):
        corners = boxes.as_boxes([proposal.box for proposal in proposals])
        scores = [proposal.score for proposal in proposals]
        assert scores == sorted(scores, reverse=True)
        assert min(scores) > 0.3
        assert (boxes.clipped(corners, photo.width, photo.height) == corners).all()
        assert (boxes.areas(corners) > 0).all()
        assert {proposal.source for proposal in proposals} == {"yolo"}
        assert {proposal.category for proposal in proposals} <= {"cat", "dog"}


def test_the_size_is_the_one_of_training_unless_told(random_weights, noise):
    photos, pixels = noise

    def found(**size):
        return YoloProposer(random_weights, confidence=0.3, **size).propose(photos[:1], pixels[:1])

    assert found() == found(image_size=96) == found(image_size=90)
    assert found() != found(image_size=160)


def test_a_busy_machine_loses_no_boxes(proposer, noise, monkeypatch):
    from ultralytics.utils import nms

    expected = proposer.propose(*noise)
    clock = iter(range(0, 10**9, 1000))
    monkeypatch.setattr(nms.time, "time", lambda: next(clock))

    assert proposer.propose(*noise) == expected


def test_no_photos_no_proposals(proposer):
    assert proposer.propose([], []) == []


def test_loading_and_proposing_ask_nobody(random_weights, noise, looked_up):
    YoloProposer(random_weights, confidence=0.3).propose(*noise)

    assert looked_up == []


class Payload:
    def __init__(self, canary):
        self.canary = canary

    def __reduce__(self):
        return os.mkdir, (self.canary,)


@pytest.mark.parametrize("content", ["bare", "model", "train_args"])
@pytest.mark.parametrize("save", [torch.save, "legacy", "pickle"])
def test_a_hostile_checkpoint_is_refused_and_nothing_run(content, save, tmp_path, random_weights):
    canary, file = tmp_path / "canary", tmp_path / "evil.pt"
    payload = Payload(str(canary))
    good = torch.load(random_weights, weights_only=False)
    checkpoint = payload if content == "bare" else good | {content: payload}
    if save == "pickle":
        file.write_bytes(pickle.dumps(checkpoint))
    elif save == "legacy":
        torch.save(checkpoint, file, _use_new_zipfile_serialization=False)
    else:
        save(checkpoint, file)

    with refused("evil.pt"):
        YoloProposer(file, confidence=0.25)
    assert not canary.exists()


@pytest.mark.parametrize("name", ["yolov8n.pt", "https://example.com/yolov8n.pt"])
def test_missing_weights_are_not_fetched(name, tmp_path, monkeypatch, looked_up):
    monkeypatch.chdir(tmp_path)

    with refused("yolov8n.pt"):
        YoloProposer(tmp_path / name, confidence=0.25)
    assert looked_up == []


def test_a_folder_is_no_file(tmp_path):
    with refused("file"):
        YoloProposer(tmp_path, confidence=0.25)


@pytest.mark.parametrize("content", [b"", b"<html>404</html>", b"PK\3\4 cut short"])
def test_damaged_weights_are_refused(content, tmp_path, looked_up):
    file = tmp_path / "yolov8n.pt"
    file.write_bytes(content)

    with refused("yolov8n.pt"):
        YoloProposer(file, confidence=0.25)
    assert looked_up == []


def test_another_kind_of_model_is_refused(tmp_path):
    from ultralytics.nn.tasks import ClassificationModel

    layers = {"nc": 2, "backbone": [[-1, 1, "Conv", [8, 3, 2]]], "head": [[-1, 1, "Classify", [2]]]}
    file = tmp_path / "classifier.pt"
    torch.save({"model": ClassificationModel(layers, verbose=False)}, file)

    with refused("ClassificationModel"):
        YoloProposer(file, confidence=0.25)


HEADS = {
    "segment": ("SegmentationModel", ["Segment", ["nc", 4, 8]]),
    "pose": ("PoseModel", ["Pose", ["nc", [5, 3]]]),
    "obb": ("OBBModel", ["OBB", ["nc", 1]]),
}


def with_head(task, folder):
    """Write a model like `random_weights` with the head of another task."""
    import yaml
    from ultralytics.nn import tasks

    kind, head = HEADS[task]
    layers = yaml.safe_load(TINY.read_text())
    layers["head"][-1][-2:] = head
    layers |= {"kpt_shape": [5, 3]} if task == "pose" else {}
    torch.manual_seed(0)
    model = getattr(tasks, kind)(layers, nc=2, verbose=False)
    model.names = {0: "cat", 1: "dog"}
    last = model.model[-1]
    for layer in [*model.model[:-1].modules(), *last.cv2.modules(), *last.cv3.modules()]:
        if isinstance(layer, torch.nn.Conv2d):
            torch.nn.init.kaiming_normal_(layer.weight)
    for branch in last.cv3:
        torch.nn.init.zeros_(branch[-1].bias)
    arguments = {"imgsz": 96, "task": task}
    torch.save({"model": model, "train_args": arguments}, folder / f"{task}.pt")
    return folder / f"{task}.pt"


@pytest.mark.parametrize("task", ["segment", "pose"])
def test_models_for_masks_and_poses_give_the_boxes_of_ultralytics(
    task, noise, tmp_path, monkeypatch
):
    from ultralytics import YOLO

    weights = with_head(task, tmp_path)
    proposer, theirs = YoloProposer(weights, confidence=0.3), YOLO(str(weights))
    monkeypatch.chdir(tmp_path)  # where its predictor would keep results
    found = 0
    for photo, picture in zip(*noise, strict=True):
        ours = proposer.propose([photo], [picture])[0]
        boxes_of = theirs.predict(picture[..., ::-1], conf=0.3, imgsz=96, verbose=False)[0].boxes
        scores = np.array([one.score for one in ours])

        for box, score, number in zip(boxes_of.xyxy, boxes_of.conf, boxes_of.cls, strict=True):
            place = int(np.abs(scores - score.item()).argmin())
            assert ours[place].score == pytest.approx(score.item(), abs=1e-5)
            assert ours[place].box == pytest.approx(box.tolist(), abs=1e-3)
            assert ours[place].category == theirs.names[int(number)]
        found += len(boxes_of)
        if task == "pose":  # a box with an empty mask is kept here
            assert len(boxes_of) == len(ours)
    assert found > 20


def test_oriented_boxes_are_refused_with_the_tasks_that_are_not(tmp_path):
    with refused("obb", "detect", "segment", "pose", file="obb.pt"):
        YoloProposer(with_head("obb", tmp_path), confidence=0.25)


@pytest.mark.parametrize(
    "name",
    [
        "yolov8n",
        "yolo26n",
        *(
            pytest.param(one, marks=pytest.mark.exhaustive)
            for one in ("yolov5nu", "yolov8s-worldv2")
        ),
    ],
)
def test_released_detectors_find_what_ultralytics_itself_finds(
    name, shared, tmp_path, monkeypatch, looked_up
):
    photos = sorted((shared / "data" / "refcoco_mini" / "images").iterdir())[:4]
    weights = (shared / "weights" / f"{name}.pt").resolve()
    ours = YoloProposer(weights, confidence=0.05)
    from ultralytics import YOLO  # after ours, which has it load checkpoints safely

    theirs = YOLO(str(weights))
    monkeypatch.chdir(tmp_path)  # where its predictor would keep results
    for number, path in enumerate(photos):
        picture = np.asarray(Image.open(path).convert("RGB"))
        photo = Photo(number, path.name, picture.shape[1], picture.shape[0])
        proposals = ours.propose([photo], [picture])[0]
        found = theirs.predict(picture[..., ::-1], conf=0.05, verbose=False)[0].boxes

        np.testing.assert_allclose([one.box for one in proposals], found.xyxy.numpy(), atol=0.01)
        np.testing.assert_allclose([one.score for one in proposals], found.conf, atol=1e-4)
        assert [one.category for one in proposals] == [theirs.names[int(at)] for at in found.cls]
        assert proposals
    assert looked_up == []


def test_a_real_detector_covers_real_targets(shared):
    folder = shared / "data" / "refcoco_mini"
    corpus = read_refer(folder, "unc", ImageFolder(folder / "images"), skip_bad=False)
    photos = [photo for photo in corpus.photos.values() if photo.image_id < 200][:4]
    pixels = [np.asarray(Image.open(folder / "images" / one.file_name)) for one in photos]
    proposer = YoloProposer(shared / "weights" / "yolov8n.pt", confidence=0.05)

    found = dict(
        zip([one.image_id for one in photos], proposer.propose(photos, pixels), strict=True)
    )

    covered = [
        boxes.iou_matrix(
            boxes.as_boxes(one.target), boxes.as_boxes([p.box for p in found[one.image_id]])
        ).max(initial=0)
        > 0.5
        for one in corpus.expressions
        if one.image_id in found
    ]
    assert np.mean(covered) > 0.7


def test_a_lower_threshold_only_adds_weaker_boxes(random_weights, noise):
    loose = YoloProposer(random_weights, confidence=0.001).propose(*noise)
    threshold = float(np.median([one.score for found in loose for one in found]))

    strict = YoloProposer(random_weights, confidence=threshold).propose(*noise)

    assert strict == [[one for one in found if one.score > threshold] for found in loose]
    assert 0 < sum(map(len, strict)) < sum(map(len, loose))
