"""Datasets and trainers of box predictors, small enough for seconds."""

import io
from pathlib import Path

import numpy as np
import pyarrow as pa
from accelerate import Accelerator
from PIL import Image

from tests.training.tiny_run import OPTIONS, changed, loop_options
from vg_mc.models.box_predictors.options import ClipVgOptions, HeadOptions, HrnetOptions
from vg_mc.models.loading import load_encoder
from vg_mc.prepared.dataset import PreparedDataset
from vg_mc.prepared.schema import EXPRESSIONS, IMAGES_WITH_PIXELS, arrow_schema
from vg_mc.training.loop import Trainer
from vg_mc.training.options import TrainingOptions
from vg_mc.training.tasks.box_options import BoxOptions
from vg_mc.training.tasks.box_regression import BoxRegressionTask

SIDE = 32  # of the inputs
STORED = 48  # longer side of the stored images
SIZES = [(64, 48), (48, 64), (96, 48)]
TEXTS = ["the white one", "a box on the left", "the bright rectangle", "white"]

HEADS = HeadOptions(
    HrnetOptions(hrnet="hrnet_w18_small"),
    ClipVgOptions(fusion_layers=2, fusion_width=32, fusion_heads=4),
)
BOX = BoxOptions(heads=HEADS, encoder_lr=1.0)
TRAINING = changed(OPTIONS, batching="image", batch_size=3, max_gradient_norm=1e6)


def rectangle(size: tuple[int, int], generator: np.random.Generator) -> tuple[bytes, list[float]]:
    """Draw a white rectangle on a black image; return its file and its box."""
    start = [int(generator.integers(0, side // 2)) for side in size]
    end = [
        int(at + generator.integers(side // 4, side // 2))
        for at, side in zip(start, size, strict=True)
    ]
    image = np.zeros((size[1], size[0], 3), np.uint8)
    image[start[1] : end[1], start[0] : end[0]] = 255
    scale = STORED / max(size)
    stored = Image.fromarray(image).resize([round(side * scale) for side in size])
    file = io.BytesIO()
    stored.save(file, "JPEG", quality=98)
    return file.getvalue(), [float(each) for each in (*start, *end)]


def rectangles(train: int = 9, val: int = 4, *, shift: float = 0.0) -> PreparedDataset:
    """Return a dataset in memory with images of several sizes, and 2 expressions about each.

    Args:
        train: Number of images of train.
        val: Number of images of val.
        shift: Added to all numbers of the targets.
    """
    generator = np.random.default_rng(0)
    images, rows = [], {"train": [], "val": []}
    for image_id in range(train + val):
        size = SIZES[image_id % len(SIZES)]
        file, box = rectangle(size, generator)
        images.append(
            {"image_id": image_id, "file_name": "", "width": size[0], "height": size[1]}
            | {"image": {"bytes": file, "path": None}}
        )
        split = rows["train" if image_id < train else "val"]
        for place in range(2):
            split.append(
                {"expression_id": 2 * image_id + place, "ref_id": image_id, "image_id": image_id}
                | {"annotation_id": 0, "text": TEXTS[(image_id + 2 * place) % len(TEXTS)]}
                | {
                    "target": [each + shift for each in box],
                    "category": "",
                    "candidate_ids": [],
                    "ious": [],
                    "rivals": 0,
                }
            )
    tables = {"images": pa.Table.from_pylist(images, schema=arrow_schema(IMAGES_WITH_PIXELS))}
    for name, split in rows.items():
        schema = arrow_schema(EXPRESSIONS)
        tables[f"expressions/{name}"] = pa.Table.from_pylist(split, schema=schema)
    proposer = {"kind": "none"}
    settings = {"views": {}, "whole_images": STORED}
    settings |= {"proposer": proposer, "train_proposer": proposer}
    manifest = {"splits": list(rows), "settings": settings, "corpus": "rectangles"}
    return PreparedDataset(Path("rectangles"), manifest | {"data_hash": "0"}, tables)


def box_task(
    predictor: str = "clip-vg",
    *,
    dataset: PreparedDataset | None = None,
    training: TrainingOptions = TRAINING,
    box: BoxOptions = BOX,
    model: str = "tiny-vit",
) -> BoxRegressionTask:
    encoder = load_encoder(model, image_size=SIDE)
    accelerator = Accelerator(cpu=True)
    return BoxRegressionTask(
        accelerator, encoder, dataset or rectangles(), predictor, training, box
    )


def box_trainer(run: Path, predictor: str = "clip-vg", **changes) -> Trainer:
    training, box = changes.pop("training", TRAINING), changes.pop("box", BOX)
    training = changed(training, **changes)
    task = box_task(predictor, training=training, box=box)
    return Trainer(task.accelerator, task, *loop_options(training), run, num_workers=0)
