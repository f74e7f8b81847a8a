"""Benchmarks of evaluation: expressions per second, from prepared images to logits."""

from functools import partial
from pathlib import Path

import numpy as np

from benchmarks.comparison import Aim, Comparison, Measured, Stopwatch, Way
from benchmarks.models import (
    EVALUATION,
    EvaluationTask,
    Questions,
    open_questions,
    prepare_questions,
)

PLAIN, OURS = "baseline, batches of one expression", "vg_mc"
ANSWERS = "logits.npz"
BATCH_SIZE = 32  # images or texts; larger batches exceed the processor cache
LARGEST_DIFFERENCE = 1e-3  # of logits, in float32

TINY, TINY_SIZE = "tiny-resnet", 64
WINDOW = 256  # candidate images in memory; small, so that there are many windows
MOST_GROWTH = 10.0  # growth of memory from few to many images, %


def of_model(task: EvaluationTask, scratch: Path, aims: tuple[Aim, ...] = ()) -> Comparison:
    """Compare on synthetic images with 7.5 expressions and 10 candidates each."""
    return Comparison(
        title=f"Evaluating {task.model}, {task.photos} images, baseline {task.plain_photos}",
        unit="expressions",
        set_up=partial(prepare_questions, task.questions, scratch),
        ways=(
            Way(PLAIN, partial(plain_way, task, scratch)),
            Way(OURS, partial(our_way, task.model, task.questions, None, scratch), against=PLAIN),
        ),
        check=check,
        needs_torch=True,
        aims=aims,
    )


def of_memory(photos: tuple[int, int], scratch: Path) -> Comparison:
    """Compare the memory of few images with that of many."""
    few, many = (Questions(TINY_SIZE, 0, count) for count in photos)

    def growth(measured: dict[str, Measured]) -> float:
        before, after = (measured[_photos(each)].memory_peak for each in (few, many))
        return 100 * (after / before - 1)

    return Comparison(
        title=f"Evaluating increasing numbers of images, in windows of {WINDOW} candidates",
        unit="expressions",
        set_up=partial(_prepare_all, (few, many), scratch),
        ways=tuple(
            Way(_photos(each), partial(our_way, TINY, each, WINDOW, scratch))
            for each in (few, many)
        ),
        check=check_memory,
        needs_torch=True,
        aims=(
            Aim(f"growth of memory at {photos[1] / photos[0]:g} times the images, %", growth,
                most=MOST_GROWTH),
        ),
    )  # fmt: skip


def ratio(measured: dict[str, Measured]) -> float:
    """Return the ratio of expressions per second to those of the baseline."""
    return measured[OURS].rate / measured[PLAIN].rate


def _photos(questions: Questions) -> str:
    return f"vg_mc, {questions.evaluation_photos} images"


def _prepare_all(every: tuple[Questions, ...], scratch: Path) -> None:
    for questions in every:
        prepare_questions(questions, scratch)


def plain_way(task: EvaluationTask, scratch: Path, folder: Path) -> Measured:
    """Answer one expression at a time; each decodes and encodes its candidates again."""
    from benchmarks.plain.evaluating import answer
    from vg_mc.models.loading import load_encoder

    dataset = open_questions(task.questions, scratch)
    encoder = load_encoder(task.model, image_size=task.image_size)
    expressions = dataset.expressions(EVALUATION)
    photos = dict.fromkeys(expressions.image_ids.tolist())
    asked = np.isin(expressions.image_ids, list(photos)[: task.plain_photos])
    questions = [
        (expressions.texts[row], expressions.candidate_ids[row]) for row in np.flatnonzero(asked)
    ]
    logits = []
    answer(encoder.model, encoder.tokenizer, "", dataset.picture_bytes(questions[0][1]))
    stopwatch = Stopwatch()
    for text, candidate_ids in questions:
        pictures = dataset.picture_bytes(candidate_ids)
        logits.append(answer(encoder.model, encoder.tokenizer, text, pictures).numpy())
    measured = stopwatch.stop(len(questions))
    np.savez(folder / ANSWERS, *logits)
    return measured


def our_way(
    model: str, questions: Questions, window: int | None, scratch: Path, folder: Path
) -> Measured:
    """Predict as evaluate.py does: each candidate image and each text is encoded once."""
    import torch
    from accelerate import Accelerator

    from vg_mc.grounders.dual_encoder import WINDOW as USUAL
    from vg_mc.models.loading import load_encoder
    from vg_mc.predictions.run import predict

    dataset = open_questions(questions, scratch)
    encoder = load_encoder(model, image_size=questions.image_size)
    accelerator = Accelerator(cpu=True)
    with torch.no_grad():
        first = dataset.expressions(EVALUATION).candidate_ids[0]
        encoder.encode_images(torch.from_numpy(dataset.pictures(first)).permute(0, 3, 1, 2))
    stopwatch = Stopwatch()
    predictions = predict(
        accelerator,
        encoder,
        dataset,
        EVALUATION,
        batch_size=BATCH_SIZE,
        num_workers=0,
        window=window or USUAL,
    )
    measured = stopwatch.stop(len(predictions))
    np.savez(folder / ANSWERS, *predictions.choices.logits)
    return measured


def check(folder: Path) -> str:
    """Compare logits and chosen candidates of the expressions answered by the baseline."""
    plain, ours = (dict(np.load(folder / name / ANSWERS)) for name in (PLAIN, OURS))
    assert plain.keys() <= ours.keys()
    difference = max(float(np.abs(plain[row] - ours[row]).max()) for row in plain)
    assert difference < LARGEST_DIFFERENCE, f"logits differ by {difference}"
    same = sum(plain[row].argmax() == ours[row].argmax() for row in plain)
    assert same == len(plain), f"only {same} of {len(plain)} expressions have the same answer"
    return (
        f"All {len(plain)} expressions answered by both have the same answer; "
        f"the largest difference of two logits is {difference:.1e}."
    )


def check_memory(folder: Path) -> str:
    """Compare the answers for the images that are in both."""
    few, many = sorted((dict(np.load(file)) for file in folder.glob(f"*/{ANSWERS}")), key=len)
    difference = max(float(np.abs(few[row] - many[row]).max()) for row in few)
    assert difference < LARGEST_DIFFERENCE, f"logits differ by {difference}"
    return f"The {len(few)} expressions of the first images have the same logits in both."
