"""Sampling of the candidates of each training example, and their soft targets."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from vg_mc.metrics import covered, is_right
from vg_mc.system.options import Range
from vg_mc.training.batching.batches import Indices

if TYPE_CHECKING:
    from vg_mc.prepared.dataset import Expressions

Batching = Literal["expression", "image"]
Targets = Literal["hard", "iou"]
Proposals = Literal["annotations", "detected", "both"]


@dataclass(frozen=True, slots=True)
class ExampleOptions:
    """Training examples: which candidates an expression is trained with."""

    batching: Batching = "expression"
    """What fills a batch: expressions, each with sampled candidates (as in clip-refcoco), or
    images, all of whose candidates answer all of their expressions."""

    candidates: Annotated[int, Range(2)] = 4
    """With batching by expression: number of candidates, the positive included."""

    max_candidates: Annotated[int, Range(2)] | None = None
    """With batching by image: most candidates of an image, all its positives and others sampled
    anew each epoch; all by default."""

    targets: Targets = "hard"
    """Positives: the candidate with the highest IoU, or all with an IoU above 0.5, weighted by
    their IoU."""

    train_proposals: Proposals = "both"
    """Proposals of the training split that are used as candidates."""

    @property
    def most_candidates(self) -> int | None:
        """Most candidates of an expression or an image; None without a limit."""
        return self.candidates if self.batching == "expression" else self.max_candidates


class Question(NamedTuple):
    """A training example with C candidates, the best one first."""

    candidate_ids: Indices  # (C,)
    shares: NDArray[np.float64]  # (C,), soft targets; sum to 1

    def only(self, kept: NDArray[np.bool_]) -> "Question":
        """Return the example with the candidates `kept`, which must include the target."""
        shares = self.shares[kept]
        return Question(self.candidate_ids[kept], shares / shares.sum())


def trainable(expressions: "Expressions") -> Indices:
    """Return the expressions with at least one positive and one negative."""
    teaches = covered(expressions.ious) & _has_wrong(expressions)
    return np.flatnonzero(teaches).astype(np.int64)


def left_out(expressions: "Expressions") -> tuple[int, int]:
    """Count the expressions that are skipped: without a positive, and with positives only."""
    coverable = covered(expressions.ious)
    return int((~coverable).sum()), int((coverable & ~_has_wrong(expressions)).sum())


def _has_wrong(expressions: "Expressions") -> NDArray[np.bool_]:
    return np.array([not is_right(ious).all() for ious in expressions.ious], dtype=np.bool_)


def drawn_from(
    expressions: "Expressions", annotated: NDArray[np.bool_], proposals: Proposals
) -> "Expressions":
    """Return `expressions` with candidates of one kind only.

    `annotated` is True for each candidate id that is an annotation and False for detections.
    """
    if proposals == "both":
        return expressions
    kept = [annotated[ids] == (proposals == "annotations") for ids in expressions.candidate_ids]
    return replace(
        expressions,
        candidate_ids=[ids[row] for ids, row in zip(expressions.candidate_ids, kept, strict=True)],
        ious=[ious[row] for ious, row in zip(expressions.ious, kept, strict=True)],
    )


def choose(
    expressions: "Expressions", rows: Indices, options: ExampleOptions, *, seed: int, epoch: int
) -> list[Question]:
    """Return the training examples of the expressions `rows`.

    With batching by image, all expressions of an image must be in `rows`.
    """
    questions = [_whole(expressions, row, options.targets) for row in rows]
    most = options.most_candidates
    if most is None:
        return questions
    if options.batching == "expression":
        keys = [[seed, epoch, int(key)] for key in expressions.expression_ids[rows]]
        return [_sampled(each, most, key) for each, key in zip(questions, keys, strict=True)]
    image_ids = expressions.image_ids[rows]
    for image_id in np.unique(image_ids):
        here = np.flatnonzero(image_ids == image_id)
        key = [seed, epoch, int(image_id)]
        kept = _kept([questions[place] for place in here], most, key)
        for place in here:
            questions[place] = questions[place].only(np.isin(questions[place].candidate_ids, kept))
    return questions


def _whole(expressions: "Expressions", row: int, targets: Targets) -> Question:
    """Return the example with all candidates; hard targets exclude all positives but the best."""
    ids, ious = expressions.candidate_ids[row], expressions.ious[row]
    best = int(np.argmax(ious))
    right = is_right(ious)
    if targets == "hard":
        # Other boxes on the same object are correct too and must not become negatives.
        asked = ~right
        right = np.arange(len(ids)) == best
    else:
        asked = np.arange(len(ids)) != best
    order = np.concatenate([[best], np.flatnonzero(asked)])
    shares = np.where(right, ious, 0.0)[order]
    return Question(ids[order], shares / shares.sum())


def _sampled(question: Question, most: int, key: Sequence[int]) -> Question:
    """Keep the best candidate and `most` - 1 random others."""
    others = len(question.candidate_ids) - 1
    if others <= most - 1:
        return question
    drawn = np.random.default_rng(key).choice(others, most - 1, replace=False)
    return question.only(np.concatenate([[0], 1 + drawn]))


def _kept(questions: Sequence[Question], most: int, key: Sequence[int]) -> Indices:
    """Return the candidates to keep for an image: all targets and, up to `most`, random others.

    Targets are never dropped, so an image with more than `most` targets exceeds the limit.
    """
    asked = np.unique(np.concatenate([question.candidate_ids for question in questions]))
    targets = np.unique([question.candidate_ids[0] for question in questions])
    others = np.setdiff1d(asked, targets)
    wanted = max(0, most - len(targets))
    if len(others) <= wanted:
        return asked
    drawn = np.random.default_rng(key).choice(others, wanted, replace=False)
    return np.concatenate([targets, drawn])
