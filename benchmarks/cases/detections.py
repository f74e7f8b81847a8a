"""Detections as other programs write them, in commands that use stored detections."""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

from benchmarks.cases.boxes import UPRIGHT, color_of, prepare, right_candidates
from benchmarks.cases.case import REFUSED, Case
from vg_mc.commands.config import parse_config
from vg_mc.commands.predict import PredictConfig, run

NAMED = "12 of 12 (bowl: red, car: green, dog: blue)"
WRONG_FORMAT = f"{REFUSED}--proposals-format"


def cases() -> Iterator[Case]:
    """Yield a case for each file and each reading of it."""
    yield _stored("coco-results-category-id", "results.json", NAMED)
    yield _stored("coco-results-category-id", "results-named.json", NAMED)
    yield _stored("detections-integer-score", "results.json", NAMED)
    yield _stored("sahi-result-json", "result.json", NAMED)
    yield _stored("ultralytics-predictions-json", "predictions.json", NAMED)
    yield _stored("ultralytics-predictions-json", "predictions-numbers.json", NAMED)
    things = "(thing: blue/green/red)"
    yield _stored("transformers-pipeline-detections", "results.json", f"12 of 12 {things}")
    centered, corners = "detections-centre-format", "detections-corners-few-a-photo"
    yield _stored(centered, "results.json --proposals-format cxcywh", NAMED.replace("12", "24"))
    yield _stored(centered, "results.json", WRONG_FORMAT)
    yield _stored(corners, "results.json --proposals-format xyxy", f"24 of 24 {things}")
    yield _stored(corners, "results.json", WRONG_FORMAT)
    yield _predicted(corners, "results.json --proposals-format xyxy", "8 red")
    yield _predicted(corners, "results.json", WRONG_FORMAT)
    yield _predicted("transformers-pipeline-detections", "results.json", "4 red")


def _stored(name: str, file_and_flags: str, expected: str) -> Case:
    flags = "--corpus table --annotations {}/corpus.json --images {}/images"
    flags += f" --proposer stored --train-proposer stored --proposals {{}}/{file_and_flags}"
    return Case(
        name,
        f"prepare_data.py --proposer stored --proposals {file_and_flags}",
        partial(_candidates, flags.split()),
        expected,
    )


def _candidates(flags: list[str], folder: Path, scratch: Path) -> str:
    return right_candidates(prepare(folder, scratch, flags), UPRIGHT)


def _predicted(name: str, file_and_flags: str, expected: str) -> Case:
    command = f"vg_mc predict images --proposer stored --proposals {file_and_flags}"
    return Case(name, command, partial(_most_confident, file_and_flags.split()), expected)


def _most_confident(file_and_flags: list[str], folder: Path, scratch: Path) -> str:
    """Return the colors of the most confident detections, one per image."""
    file, *flags = file_and_flags
    stored = ["--proposer", "stored", "--proposals", str(folder / file), *flags]
    named = ["--grounder", "most-confident", "--output", str(scratch)]
    predict([str(folder / "images"), "it", *stored, *named])
    lines = (scratch / "answers.jsonl").read_text(encoding="utf-8").splitlines()
    colors = Counter(color_of(json.loads(line)["box"]) for line in lines)
    return ", ".join(f"{count} {color}" for color, count in sorted(colors.items()))


def predict(flags: Sequence[str]) -> None:
    """Run the command predict."""
    run(parse_config(PredictConfig, flags))
