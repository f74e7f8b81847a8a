"""Inference on single images: find the box that an expression refers to.

Candidate images are drawn, compressed and encoded by the same functions as in preparation and
evaluation, so that the answers are the same as for a prepared dataset.
"""

from vg_mc.inference.answers import Answer
from vg_mc.inference.grounder import Grounder
from vg_mc.inference.queries import Question

__all__ = ["Answer", "Grounder", "Question"]
