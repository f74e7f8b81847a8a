"""Scores of stored predictions: numbers per split, group and subset, and comparisons.

No model is needed for any of these.
"""

from vg_mc.scoring.comparison import Comparison, compare
from vg_mc.scoring.ratios import SplitScores, split_scores
from vg_mc.scoring.split_report import Curve, SplitReport, score
from vg_mc.scoring.subsets import Subset, read_subsets, score_all

__all__ = [
    "Comparison",
    "Curve",
    "SplitReport",
    "SplitScores",
    "Subset",
    "compare",
    "read_subsets",
    "score",
    "score_all",
    "split_scores",
]
