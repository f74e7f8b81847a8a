"""Evaluating: expressions answered per second, from prepared pictures to logits."""

from functools import partial
from pathlib import Path

import numpy as np

from benchmarks.comparison import Comparison, Measured, Stopwatch, Way
from benchmarks.models import EVALUATION, Task, open_task, prepare_task

PLAIN, OURS = "plain, batches of one sentence", "ours"
ANSWERS = "logits.npz"
BATCH_SIZE = 64
LARGEST_DIFFERENCE = 1e-3  # of logits, in float32


def of_model(task: Task, scratch: Path) -> Comparison:
    """Compare on made-up photos of 7.5 expressions and 10 candidates each."""
    return Comparison(
        title=f"Evaluating {task.model}, {task.evaluation_photos} photos",
        unit="expressions",
        set_up=partial(prepare_task, task, scratch),
        ways=(
            Way(PLAIN, partial(plain_way, task, scratch)),
            Way(OURS, partial(our_way, task, scratch), against=PLAIN),
        ),
        check=check,
        needs_torch=True,
    )


def plain_way(task: Task, scratch: Path, folder: Path) -> Measured:
    """Answer sentence by sentence; each decodes and encodes its candidates again."""
    from benchmarks.plain.evaluating import answer
    from vg_mc.encoders import load_encoder

    dataset = open_task(task, scratch)
    encoder = load_encoder(task.model, image_size=task.image_size)
    expressions = dataset.expressions(EVALUATION)
    questions = list(zip(expressions.texts, expressions.candidate_ids, strict=True))
    logits = []
    answer(encoder.model, encoder.tokenizer, "", dataset.picture_bytes(questions[0][1]))
    stopwatch = Stopwatch()
    for text, candidate_ids in questions:
        pictures = dataset.picture_bytes(candidate_ids)
        logits.append(answer(encoder.model, encoder.tokenizer, text, pictures).numpy())
    measured = stopwatch.stop(len(questions))
    np.savez(folder / ANSWERS, *logits)
    return measured


def our_way(task: Task, scratch: Path, folder: Path) -> Measured:
    """Predict as evaluate.py does: each picture and each text is encoded once."""
    import torch
    from accelerate import Accelerator

    from vg_mc.encoders import load_encoder
    from vg_mc.evaluation import predict

    dataset = open_task(task, scratch)
    encoder = load_encoder(task.model, image_size=task.image_size)
    accelerator = Accelerator(cpu=True)
    with torch.inference_mode():
        first = dataset.expressions(EVALUATION).candidate_ids[0]
        encoder.encode_images(torch.from_numpy(dataset.pictures(first)).permute(0, 3, 1, 2))
    stopwatch = Stopwatch()
    predictions = predict(
        accelerator, encoder, dataset, EVALUATION, batch_size=BATCH_SIZE, num_workers=0
    )
    measured = stopwatch.stop(len(predictions))
    np.savez(folder / ANSWERS, *predictions.logits)
    return measured


def check(folder: Path) -> str:
    """Compare logits and chosen candidates."""
    plain, ours = (dict(np.load(folder / name / ANSWERS)) for name in (PLAIN, OURS))
    assert plain.keys() == ours.keys()
    difference = max(float(np.abs(plain[row] - ours[row]).max()) for row in plain)
    assert difference < LARGEST_DIFFERENCE, f"logits differ by {difference}"
    same = sum(plain[row].argmax() == ours[row].argmax() for row in plain)
    assert same == len(plain), f"only {same} of {len(plain)} expressions are answered alike"
    return (
        f"All {len(plain)} expressions are answered alike; "
        f"the largest difference of two logits is {difference:.1e}."
    )
