"""Benchmark of replies of another system: ``vg_mc score``, from the file to the page."""

import json
import re
from functools import partial
from pathlib import Path

import numpy as np

from benchmarks.comparison import Aim, Comparison, Measured, Stopwatch, Way

PLAIN, OURS = "baseline, a loop over replies", "vg_mc score"
NUMBERS = "numbers.json"
WIDTH, HEIGHT = 640, 480
MOST_SECONDS = 30.0
MOST_MEMORY = 400  # megabytes
LARGEST_SHARE = 0.15  # of the interval, tolerance of limits: the two use different random seeds


def of_split(expressions: int, photos: int, scratch: Path) -> Comparison:
    """Compare on a list in the layout of MiniGPT-v2, and as many replies of Qwen2.5-VL."""
    folder = scratch / "replies"
    return Comparison(
        title=f"Reading and scoring {expressions:,} replies about {photos:,} images",
        unit="replies",
        set_up=partial(make_up, expressions, photos, folder),
        ways=(
            Way(PLAIN, partial(plain_way, folder)),
            Way(OURS, partial(our_way, folder), against=PLAIN),
        ),
        check=check,
        needs_torch=False,
        aims=(
            Aim("seconds from the file to the page", _seconds, most=MOST_SECONDS),
            Aim("megabytes", _memory, most=MOST_MEMORY),
        ),
    )


def _seconds(found: dict[str, Measured]) -> float:
    return found[OURS].seconds


def _memory(found: dict[str, Measured]) -> float:
    return found[OURS].memory_peak


def make_up(expressions: int, photos: int, folder: Path) -> None:
    """Write expressions, and replies with boxes that are shifted targets."""
    generator = np.random.default_rng(0)
    corners = generator.uniform(0, [WIDTH, HEIGHT], (expressions, 2, 2))
    left, right = np.sort(corners, axis=1).round().transpose(1, 0, 2)
    found = np.hstack([left, right + 1]) + generator.normal(0, 15, (expressions, 4)).round()
    rows, replies = [], []
    for number, (start, end) in enumerate(zip(left.tolist(), right.tolist(), strict=True)):
        image = f"COCO_train2014_{number % photos:012d}"
        box = [*start, end[0] - start[0] + 1, end[1] - start[1] + 1]
        text = f"the object number {number}"
        rows.append(
            {"img_id": f"{image}_{number}", "sents": text, "bbox": box,
             "width": WIDTH, "height": HEIGHT}
        )  # fmt: skip
        boxes = json.dumps([{"bbox_2d": found[number].astype(int).tolist(), "label": text}])
        replies.append({"image": image, "expression": text, "reply": f"```json\n{boxes}\n```"})
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "val.json").write_text(json.dumps(rows))
    (folder / "replies.json").write_text(json.dumps(replies))


def plain_way(source: Path, folder: Path) -> Measured:
    """Score as evaluation scripts do: a regular expression, and the IoU of one box at a time."""
    from benchmarks.plain.scoring import intervals
    from vg_mc.metrics.resampling import ROUNDS

    stopwatch = Stopwatch()
    rows = json.loads((source / "val.json").read_text())
    replies = json.loads((source / "replies.json").read_text())
    ious = np.array([_plain_iou(*pair) for pair in zip(rows, replies, strict=True)])
    images = np.unique([row["img_id"][:27] for row in rows], return_inverse=True)[1]
    right = (ious > 0.5).astype(float)
    ((low, high),) = intervals([right], images, ROUNDS).tolist()
    measured = stopwatch.stop(len(rows))
    _write(folder, right.mean(), low, high)
    return measured


def _plain_iou(row: dict[str, list[float]], reply: dict[str, str]) -> float:
    x, y, width, height = row["bbox"]
    found = re.search(r"\[(-?\d+), (-?\d+), (-?\d+), (-?\d+)\]", reply["reply"])
    assert found is not None
    left, top, right, bottom = map(int, found.groups())
    if right <= left or bottom <= top:
        return 0.0
    across = max(0.0, min(right, x + width) - max(left, x))
    down = max(0.0, min(bottom, y + height) - max(top, y))
    both = across * down
    return both / ((right - left) * (bottom - top) + width * height - both)


def our_way(source: Path, folder: Path) -> Measured:
    """Run the command: join, check, score with all metrics and groups, and write all files."""
    from vg_mc.commands.score import main

    stopwatch = Stopwatch()
    main(
        [str(source / "replies.json"), "--annotations", str(source / "val.json"), "--split", "val",
         "--boxes", "pixels", "--name", "made up", "--output", str(folder / "scored")]
    )  # fmt: skip
    result = json.loads((folder / "scored/results.json").read_text())["results"][0]
    measured = stopwatch.stop(result["scores"]["expressions"])
    _write(folder, result["scores"]["accuracy"], *result["intervals"]["accuracy"])
    return measured


def _write(folder: Path, *numbers: float) -> None:
    (folder / NUMBERS).write_text(json.dumps([float(number) for number in numbers]))


def check(folder: Path) -> str:
    """Compare accuracy and interval of both ways."""
    plain, ours = (json.loads((folder / name / NUMBERS).read_text()) for name in (PLAIN, OURS))
    assert abs(plain[0] - ours[0]) < 1e-4, (plain, ours)
    difference = max(abs(one - other) for one, other in zip(plain[1:], ours[1:], strict=True))
    assert difference < LARGEST_SHARE * (plain[2] - plain[1]), (plain, ours)
    return f"The same accuracy; limits of its interval differ by at most {difference:.4f}"
