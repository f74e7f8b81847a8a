"""Benchmarks of statistics: all metrics of a split and their intervals, from random logits."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.comparison import Aim, Comparison, Measured, Stopwatch, Way

if TYPE_CHECKING:
    from vg_mc.predictions import Predictions

PLAIN, OURS = "baseline, a loop over samples", "vg_mc"
INTERVALS = "intervals.npz"
NUMBERS = ("accuracy", "proposal_recall", "mean_iou")  # metrics that the baseline computes
CANDIDATES = 10
CATEGORIES = ["person", "dog", "car", "chair"]
MOST_SECONDS = 10.0
LARGEST_DIFFERENCE = 5e-3  # tolerance of limits: the two use different random seeds


def of_split(expressions: int, photos: int) -> Comparison:
    """Compare on random answers with 10 candidates each."""
    return Comparison(
        title=f"Scoring {expressions:,} expressions on {photos:,} images, 1,000 samples",
        unit="intervals",
        set_up=_nothing,
        ways=(
            Way(PLAIN, partial(plain_way, expressions, photos)),
            Way(OURS, partial(our_way, expressions, photos), against=PLAIN),
        ),
        check=check,
        needs_torch=True,
        aims=(
            Aim("seconds for all metrics", lambda found: found[OURS].seconds, most=MOST_SECONDS),
        ),
    )


def _nothing() -> None:
    pass


def made_up(expressions: int, photos: int) -> "Predictions":
    """Generate predictions: overlaps, scores and logits are sampled with a fixed seed."""
    from vg_mc.predictions import Choices, Examples, Predictions, Provenance

    generator = np.random.default_rng(0)
    image_ids = np.sort(generator.integers(photos, size=expressions))
    logits = list(generator.normal(size=(expressions, CANDIDATES)).astype(np.float32))
    sides = generator.uniform(20, 200, size=(expressions, 2))
    targets = np.hstack([np.full((expressions, 2), 10.0), 10 + sides])
    categories = generator.choice(CATEGORIES, size=(expressions, CANDIDATES + 1))
    # A box as high as the target and inside it has the ratio of their widths as IoU.
    boxes = np.repeat(targets[:, None], CANDIDATES, axis=1)
    ious = generator.beta(1, 3, size=(expressions, CANDIDATES))
    boxes[..., 2] = boxes[..., 0] + ious * (boxes[..., 2] - boxes[..., 0])
    examples = Examples(
        expression_ids=np.arange(expressions),
        texts=["the man on the left"] * expressions,
        image_ids=image_ids,
        targets=targets,
        categories=categories[:, 0].tolist(),
        distractors=generator.integers(-1, 5, size=expressions),
        image_sizes=np.tile([640, 480], (expressions, 1)),
    )
    choices = Choices(
        candidate_ids=list(CANDIDATES * image_ids[:, None] + np.arange(CANDIDATES)),
        boxes=list(boxes),
        logits=logits,
        scores=list(np.sort(generator.random(size=(expressions, CANDIDATES)))[:, ::-1]),
        categories=categories[:, 1:].tolist(),
    )
    return Predictions(examples, choices, Provenance("made-up", "val", ""))


def plain_way(expressions: int, photos: int, folder: Path) -> Measured:
    """Bootstrap three metrics over images in a loop."""
    from benchmarks.plain.scoring import intervals
    from vg_mc.metrics.resampling import ROUNDS
    from vg_mc.predictions.outcomes import candidate_ious

    predictions = made_up(expressions, photos)
    stopwatch = Stopwatch()
    choices, examples = predictions.choices, predictions.examples
    overlaps = candidate_ious(choices, examples.targets)
    answers = zip(overlaps, choices.logits, strict=True)
    ious = np.array([row[logits.argmax()] for row, logits in answers])
    best = np.array([row.max() for row in overlaps])
    columns = [(ious > 0.5).astype(float), (best > 0.5).astype(float), ious]
    limits = intervals(columns, examples.image_ids, ROUNDS)
    measured = stopwatch.stop(len(columns))
    np.savez(folder / INTERVALS, **dict(zip(NUMBERS, limits, strict=True)))
    return measured


def our_way(expressions: int, photos: int, folder: Path) -> Measured:
    """Score as evaluate.py does: all metrics, curves and groups on the same samples."""
    from vg_mc.scoring import score

    predictions = made_up(expressions, photos)
    stopwatch = Stopwatch()
    report = score(predictions)
    curves = (report.accuracy_curve, report.oracle_curve, report.proposal_curve)
    groups = sum(map(len, report.breakdowns.values()))
    amount = (
        len(report.numbers) + sum(len(curve.estimates) for curve in curves if curve) + 2 * groups
    )
    measured = stopwatch.stop(amount)
    limits = {
        name: np.array([report.numbers[name].low, report.numbers[name].high]) for name in NUMBERS
    }
    np.savez(folder / INTERVALS, **limits)  # type: ignore[arg-type]  # a name is not an option
    return measured


def check(folder: Path) -> str:
    """Compare the limits of the intervals that both computed."""
    plain, ours = (dict(np.load(folder / name / INTERVALS)) for name in (PLAIN, OURS))
    difference = max(float(np.abs(plain[name] - ours[name]).max()) for name in NUMBERS)
    assert difference < LARGEST_DIFFERENCE, f"limits differ by {difference}"
    return (
        f"The intervals of {', '.join(NUMBERS)} have the same limits up to {difference:.4f}; "
        "the two use different random seeds."
    )
