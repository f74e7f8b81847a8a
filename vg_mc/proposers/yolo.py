"""YOLO models loaded by ultralytics from a file of weights: YOLOv5u, v8, 11, 26 and World.

Models for segmentation and poses find boxes as well, which are used without masks and keypoints.
ultralytics removes boxes with an empty mask; here they are kept.

YOLO-World detects the classes whose text features are stored in its file; released files have those
of COCO. Other classes would require a download of CLIP by ultralytics and are not supported.

The boxes of an image do not depend on the other images of a batch. Only images of the same shape
are batched, so that each is padded as it would be alone. On a CPU, batching would change the last
bits and save no time, so the batch size is 1. Non-maximum suppression runs without ultralytics'
time limit, which on a slow machine drops the boxes of the last images of a batch.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from vg_mc.boxes import arithmetic as boxes
from vg_mc.errors import BadInputError
from vg_mc.proposers.offline_ultralytics import import_ultralytics
from vg_mc.records import Photo, Proposal

OVERLAP = 0.7  # IoU threshold of non-maximum suppression; ultralytics' default
MOST_BOXES = 300  # per image; ultralytics' default
PHOTOS_AT_ONCE = 16  # batch size on an accelerator
FIND_BOXES = ("detect", "segment", "pose")  # tasks of ultralytics with upright boxes


class YoloProposer:
    """Proposes the detections of an ultralytics model, best first."""

    name = "yolo"

    def __init__(
        self,
        weights: Path,
        *,
        confidence: float,
        image_size: int | None = None,
        device: str = "cpu",
    ) -> None:
        """Load a detector without running code from the file.

        Args:
            weights: An ultralytics checkpoint of a model for one of the tasks `FIND_BOXES`.
            confidence: Minimum score of detections.
            image_size: Longer side in pixels to which images are resized, rounded up to a multiple
                of the stride; by default the size with which the model was trained.
            device: Where the model runs, as torch names it.

        Raises:
            BadInputError: If the file does not exist or is not a YOLO detector.
        """
        self._model = _load(weights).to(device)
        self._stride = max(32, int(self._model.stride.max()))
        image_size = image_size or int(self._model.args["imgsz"])
        self._side = -(-image_size // self._stride) * self._stride
        self._confidence = confidence
        self._device = torch.device(device)

    def propose(
        self,
        photos: list[Photo],
        pixels: list[NDArray[np.uint8]],
        sentences: Sequence[Sequence[str]] = (),  # noqa: ARG002 - fixed vocabulary
    ) -> list[list[Proposal]]:
        """Return the detections of each image, clipped to it; `sentences` are ignored."""
        proposals: list[list[Proposal]] = [[] for _ in photos]
        for places in self._batches(pixels):
            found = self._detect([pixels[place] for place in places])
            for place, detections in zip(places, found, strict=True):
                proposals[place] = self._proposals(detections)
        return proposals

    def _batches(self, pixels: Sequence[NDArray[np.uint8]]) -> Iterator[list[int]]:
        """Yield batches of positions of images with the same shape."""
        at_once = 1 if self._device.type == "cpu" else PHOTOS_AT_ONCE
        places: dict[tuple[int, ...], list[int]] = defaultdict(list)
        for place, picture in enumerate(pixels):
            places[picture.shape].append(place)
        for alike in places.values():
            for start in range(0, len(alike), at_once):
                yield alike[start : start + at_once]

    @torch.inference_mode()
    def _detect(self, pictures: Sequence[NDArray[np.uint8]]) -> list[Tensor]:
        """Return rows (left, top, right, bottom, score, class) per image, best first.

        All images have the same shape.
        """
        from ultralytics.data.augment import LetterBox
        from ultralytics.utils.nms import non_max_suppression
        from ultralytics.utils.ops import scale_boxes

        # The models take RGB; ultralytics' own predictor converts to it from BGR.
        letterbox: Any = LetterBox((self._side, self._side), auto=True, stride=self._stride)
        padded = np.stack([letterbox(image=picture) for picture in pictures])
        batch = torch.from_numpy(padded).to(self._device).permute(0, 3, 1, 2).contiguous()
        height, width = batch.shape[2:]
        outputs = self._model(batch.float().div_(255))
        while isinstance(outputs, list | tuple):  # the others are for losses and masks
            outputs = outputs[0]
        found: list[Tensor] = non_max_suppression(
            outputs,
            self._confidence,
            OVERLAP,
            max_det=MOST_BOXES,
            max_time_img=float("inf"),
            # Further channels are of masks or keypoints.
            nc=0 if self._model.task == "detect" else len(self._model.names),
            end2end=getattr(self._model, "end2end", False),
        )
        for rows in found:
            scale_boxes((height, width), rows[:, :4], pictures[0].shape)  # in place
        return [rows[rows[:, 4].argsort(descending=True, stable=True)].cpu() for rows in found]

    def _proposals(self, detections: Tensor) -> list[Proposal]:
        rows = detections.double().numpy()
        visible = boxes.areas(rows[:, :4]) > 0
        return [
            Proposal((left, top, right, bottom), score, self._category(int(number)), self.name)
            for left, top, right, bottom, score, number in rows[visible, :6].tolist()
        ]

    def _category(self, number: int) -> str | None:
        name = self._model.names.get(number)
        return str(name) if name else None


def _load(weights: Path) -> Any:  # noqa: ANN401 - ultralytics' own classes
    if not weights.is_file():
        problem = "no such file; expected ultralytics weights, which are not downloaded"
        raise BadInputError(problem, file=weights)
    import_ultralytics()
    from ultralytics.nn.tasks import load_checkpoint

    try:
        model = load_checkpoint(weights.resolve())[0]  # type: ignore[no-untyped-call]
    except Exception as fault:  # a damaged or hostile file raises almost any class
        problem = f"expected ultralytics weights of a YOLO detector: {fault}"
        raise BadInputError(problem, file=weights) from fault
    return _checked(model, weights)


def _checked(model: Any, weights: Path) -> Any:  # noqa: ANN401 - ultralytics' own classes
    from ultralytics.nn.tasks import DetectionModel, RTDETRDetectionModel, YOLOEModel

    task = getattr(model, "task", None)
    other = isinstance(model, RTDETRDetectionModel | YOLOEModel)
    if not isinstance(model, DetectionModel) or other or task not in FIND_BOXES:
        problem = (
            f"expected ultralytics weights of a YOLO model for one of the tasks "
            f"{', '.join(FIND_BOXES)}, found {type(model).__name__}"
        )
        hint = "" if task is None else f" for the task {task}"
        raise BadInputError(f"{problem}{hint}", file=weights)
    return model.fuse(verbose=False)  # type: ignore[no-untyped-call]
