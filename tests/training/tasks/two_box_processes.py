"""What tests let one or two processes do: train a box predictor, from images or cached features."""

import sys
from dataclasses import replace
from pathlib import Path

from tests.training.tiny_boxes import BOX, TRAINING, box_task
from tests.training.tiny_run import changed, loop_options
from vg_mc.models.box_predictors.options import ClipVgOptions
from vg_mc.system.launch import start_accelerator
from vg_mc.training.loop import Trainer

WITHOUT_DROPOUT = replace(
    BOX,
    heads=replace(
        BOX.heads,
        clip_vg=ClipVgOptions(fusion_layers=2, fusion_width=32, fusion_heads=4, fusion_dropout=0.0),
    ),
)


def train(run: Path, features: Path | None = None, **changes) -> Trainer:
    training = changed(TRAINING, ema=0.9, **changes)
    task = box_task(training=training, box=replace(WITHOUT_DROPOUT, features=features))
    trainer = Trainer(task.accelerator, task, *loop_options(training), run, num_workers=0)
    trainer.fit()
    return trainer


if __name__ == "__main__":
    start_accelerator("no")
    folders = [Path(each) for each in sys.argv[1:]]
    train(*folders, train="none" if len(folders) > 1 else "all")
