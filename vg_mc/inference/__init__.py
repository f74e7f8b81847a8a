"""Pointing at objects in photos that no annotation describes: a fine-tuned model at work.

Pictures are drawn, compressed and encoded by the functions that prepare and evaluate use, so that a
photo gets the answer that its prepared dataset would.
"""

from vg_mc.inference.answers import Answer
from vg_mc.inference.grounder import Grounder
from vg_mc.inference.queries import Question

__all__ = ["Answer", "Grounder", "Question"]
