"""Any YOLO detector that ultralytics can load, from a file of weights: YOLOv5u, v8, 11, 26, World.

A YOLO-World looks for the names that its file has text features of; released ones have those of
COCO's categories. Other names would need CLIP, which ultralytics fetches, and are not offered.

The boxes of a photo must not depend on the photos beside it. Only photos of one shape share a
batch: each is then padded just as it would be alone. On a CPU even the last bit would change with
the size of the batch, and a batch saves no time there, so photos go one by one. Suppression of
overlaps runs without ultralytics' time limit, which on a busy machine leaves the last photos of a
batch without boxes.
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

OVERLAP = 0.7  # IoU from which the weaker of two boxes goes; ultralytics' default
MOST_BOXES = 300  # per photo; ultralytics' default
PHOTOS_AT_ONCE = 16  # on an accelerator


class YoloProposer:
    """Proposes what an ultralytics detector finds, best first."""

    name = "yolo"

    def __init__(
        self,
        weights: Path,
        *,
        confidence: float,
        image_size: int | None = None,
        device: str = "cpu",
    ) -> None:
        """Load a detector without running anything that the file may contain.

        Args:
            weights: An ultralytics checkpoint of a detection model.
            confidence: Boxes must score above it.
            image_size: Longer side of the photos in the model, rounded up to its stride; by
                default the side that the model was trained with.
            device: Where the model runs, as torch names it.

        Raises:
            BadInputError: If there is no such file, or it holds anything but a detector.
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
        sentences: Sequence[Sequence[str]] = (),  # noqa: ARG002 - it knows fixed names only
    ) -> list[list[Proposal]]:
        """Return the detections of each photo, cut to it."""
        proposals: list[list[Proposal]] = [[] for _ in photos]
        for places in self._batches(pixels):
            found = self._detect([pixels[place] for place in places])
            for place, detections in zip(places, found, strict=True):
                proposals[place] = self._proposals(detections)
        return proposals

    def _batches(self, pixels: Sequence[NDArray[np.uint8]]) -> Iterator[list[int]]:
        """Yield positions of pictures of the same shape, as many as the device takes at once."""
        at_once = 1 if self._device.type == "cpu" else PHOTOS_AT_ONCE
        places: dict[tuple[int, ...], list[int]] = defaultdict(list)
        for place, picture in enumerate(pixels):
            places[picture.shape].append(place)
        for alike in places.values():
            for start in range(0, len(alike), at_once):
                yield alike[start : start + at_once]

    @torch.inference_mode()
    def _detect(self, pictures: Sequence[NDArray[np.uint8]]) -> list[Tensor]:
        """Return (left, top, right, bottom, score, class) rows, best first, of pictures alike."""
        from ultralytics.data.augment import LetterBox
        from ultralytics.utils.nms import non_max_suppression
        from ultralytics.utils.ops import scale_boxes

        # Its own predictor takes BGR and turns it; ours is RGB already, as the models want it.
        letterbox: Any = LetterBox((self._side, self._side), auto=True, stride=self._stride)
        padded = np.stack([letterbox(image=picture) for picture in pictures])
        batch = torch.from_numpy(padded).to(self._device).permute(0, 3, 1, 2).contiguous()
        height, width = batch.shape[2:]
        found: list[Tensor] = non_max_suppression(
            self._model(batch.float().div_(255)),
            self._confidence,
            OVERLAP,
            max_det=MOST_BOXES,
            max_time_img=float("inf"),
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
            for left, top, right, bottom, score, number in rows[visible].tolist()
        ]

    def _category(self, number: int) -> str:
        return str(self._model.names.get(number, ""))


def _load(weights: Path) -> Any:  # noqa: ANN401 - ultralytics' own classes
    if not weights.is_file():
        problem = "expected a file of ultralytics weights; none is downloaded"
        raise BadInputError(problem, file=weights)
    import_ultralytics()
    from ultralytics.nn.tasks import load_checkpoint

    try:
        model = load_checkpoint(weights.resolve())[0]  # type: ignore[no-untyped-call]
    except Exception as fault:  # a damaged or hostile file raises almost any class
        problem = f"expected weights of an ultralytics YOLO detector: {fault}"
        raise BadInputError(problem, file=weights) from fault
    return _checked(model, weights)


def _checked(model: Any, weights: Path) -> Any:  # noqa: ANN401 - ultralytics' own classes
    from ultralytics.nn.tasks import DetectionModel, RTDETRDetectionModel

    is_detector = isinstance(model, DetectionModel) and model.task == "detect"
    if not is_detector or isinstance(model, RTDETRDetectionModel):
        problem = f"expected weights of an ultralytics YOLO detector, not a {type(model).__name__}"
        raise BadInputError(problem, file=weights)
    return model.fuse(verbose=False)
