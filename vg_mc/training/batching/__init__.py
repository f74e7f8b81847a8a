"""Batches of multiple-choice questions, and which picture and which text each question needs.

Two ways to fill a batch. By expression, as clip-refcoco does it: a sentence, its target and a few
other candidates, drawn anew each epoch. By image: all candidates of an image are encoded once and
answer all of its sentences, which gives several times the supervision per encoded picture.

Every draw depends on (seed, epoch, expression or image id) alone, so that a run is the same for any
number of workers and processes, and after a resume.
"""

from vg_mc.training.batching.batches import Batch, Indices, MicroBatch
from vg_mc.training.batching.examples import QuestionMaker
from vg_mc.training.batching.plan import Units, in_turn, plan_epoch, units_of
from vg_mc.training.batching.sampling import (
    Asking,
    Batching,
    Proposals,
    Targets,
    choose,
    drawn_from,
    left_out,
    trainable,
)

__all__ = [
    "Asking",
    "Batch",
    "Batching",
    "Indices",
    "MicroBatch",
    "Proposals",
    "QuestionMaker",
    "Targets",
    "Units",
    "choose",
    "drawn_from",
    "in_turn",
    "left_out",
    "plan_epoch",
    "trainable",
    "units_of",
]
