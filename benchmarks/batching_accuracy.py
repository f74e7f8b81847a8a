"""The command ``python -m benchmarks.batching_accuracy``: accuracy by expression and by image.

Both ways of batching train on scenes from random weights with the same budget of encoded candidate
images and otherwise equal settings. Two runs are executed at a time, with one thread each. One
table is printed.
"""

import json
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from statistics import mean, stdev
from tempfile import TemporaryDirectory
from typing import Literal

from tabulate import tabulate

from benchmarks.report import describe_machine
from benchmarks.scripts import run_script
from vg_mc.commands.config import parse_config

WAYS = {"expression": ("--batch-size", "32"), "image": ("--batch-size", "16")}
MARKER = ("--color", "#ff00ff", "--opacity", "0.3", "--outline", "2")  # as in the demo
AT_A_TIME = 2
GOAL = 0.8


@dataclass(frozen=True)
class BatchingConfig:
    """Compare batching by expression and by image at the same budget of encoded pictures."""

    model: str = "tiny-resnet"
    """The model, as for finetune.py."""

    scenes: int = 1500
    """Number of training scenes; a tenth as many are used for validation."""

    expression_epochs: int = 3
    """Epochs of batching by expression, which define the budget."""

    seeds: tuple[int, ...] = (0, 1, 2)
    """Random seeds of initial weights and sampling."""

    learning_rates: tuple[float, ...] = (1e-3, 2e-3)
    """Maximum learning rates; each way is trained with all of them."""

    ways: tuple[Literal["expression", "image"], ...] = ("expression", "image")
    """The ways of batching to train; the budget is the same."""

    output: Path | None = None
    """Folder of the runs; by default a temporary one."""


@dataclass(frozen=True, slots=True)
class Trial:
    """A run: a way of batching, a learning rate and a seed."""

    way: str
    learning_rate: float
    seed: int
    epochs: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result of a run.

    Attributes:
        curve: Encoded candidate images and accuracy on val after each epoch.
        minutes: Time of the whole run, including start and validations.
    """

    trial: Trial
    curve: list[tuple[int, float]]
    minutes: float

    @property
    def accuracy(self) -> float:
        """Accuracy on val at the end of the budget."""
        return self.curve[-1][1]

    def pictures_to(self, goal: float) -> int | None:
        """Return the candidate images encoded until the first epoch that reached `goal`."""
        return next((pictures for pictures, accuracy in self.curve if accuracy >= goal), None)


def main(argv: Sequence[str] | None = None) -> None:
    """Run the command."""
    config = parse_config(BatchingConfig, argv)
    print(describe_machine("python -m benchmarks.batching_accuracy"))
    with TemporaryDirectory(prefix="vg_mc-batching-") as temporary:
        home = config.output or Path(temporary)
        prepared = prepare(config, home)
        epochs = epochs_of_same_budget(prepared, config.expression_epochs)
        trials = [
            Trial(way, rate, seed, epochs[way])
            for rate in config.learning_rates
            for way in config.ways
            for seed in config.seeds
        ]
        with ThreadPoolExecutor(AT_A_TIME) as pool:
            outcomes = list(pool.map(lambda trial: train(config, trial, prepared, home), trials))
    print(table_of(outcomes))


def prepare(config: BatchingConfig, home: Path) -> Path:
    """Draw and prepare the scenes; return the prepared dataset."""
    run_script(
        "prepare_data.py", "--corpus", "scenes", "--annotations", home / "scenes", "--scenes",
        config.scenes, "--image-size", 64, *MARKER,
        "--output", home / "prepared", "--overwrite",
    )  # fmt: skip
    return home / "prepared"


def epochs_of_same_budget(prepared: Path, expression_epochs: int) -> dict[str, int]:
    """Return the epochs of each way for about the same number of encoded candidate images."""
    from vg_mc.prepared.dataset import open_prepared
    from vg_mc.records import TRAIN_SPLIT
    from vg_mc.training.batching.sampling import trainable

    expressions = open_prepared(prepared).expressions(TRAIN_SPLIT)
    rows = trainable(expressions)
    by_expression = sum(min(4, len(expressions.candidate_ids[row])) for row in rows)
    by_image = len({candidate for row in rows for candidate in expressions.candidate_ids[row]})
    image_epochs = round(expression_epochs * by_expression / by_image)
    print(f"{by_expression:,} pictures an epoch by expression, {by_image:,} by image", flush=True)
    return {"expression": expression_epochs, "image": image_epochs}


def train(config: BatchingConfig, trial: Trial, prepared: Path, home: Path) -> Outcome:
    """Execute one run in a separate process."""
    run = home / f"{trial.way}-{trial.learning_rate}-{trial.seed}"
    ran = run_script(
        "finetune.py", "--dataset", prepared, "--output", run, "--model", config.model,
        "--batching", trial.way, *WAYS[trial.way], "--epochs", trial.epochs,
        "--learning-rate", trial.learning_rate, "--seed", trial.seed,
        "--weight-decay", 0.05, "--batch-norm", "trained", "--num-workers", 0, threads=1,
    )  # fmt: skip
    outcome = Outcome(trial, read_curve(run / "metrics.jsonl"), ran.seconds / 60)
    print(f"{trial}: {outcome.accuracy:.3f}, {outcome.minutes:.1f} min", flush=True)
    return outcome


def read_curve(metrics: Path) -> list[tuple[int, float]]:
    """Read candidate images and accuracy at each validation from the log of a run."""
    curve, pictures = [], 0
    for line in metrics.read_text().splitlines():
        entry = json.loads(line)
        pictures += entry.get("pictures", 0)
        if "split" in entry:
            curve.append((pictures, entry["accuracy"]))
    return curve


def table_of(outcomes: Iterable[Outcome]) -> str:
    """Return a table with one row per way and learning rate: mean and deviation over seeds."""
    groups: dict[tuple[str, float], list[Outcome]] = {}
    for outcome in outcomes:
        trial = outcome.trial
        groups.setdefault((trial.way, trial.learning_rate), []).append(outcome)
    rows = [_row(way, rate, group) for (way, rate), group in groups.items()]
    return tabulate(rows, "keys", tablefmt="github", disable_numparse=True)


def _row(way: str, rate: float, group: list[Outcome]) -> dict[str, str]:
    accuracies = [outcome.accuracy for outcome in group]
    spread = stdev(accuracies) if len(accuracies) > 1 else 0.0
    reached = [outcome.pictures_to(GOAL) for outcome in group]
    shares = [
        outcome.minutes * pictures / outcome.curve[-1][0]
        for outcome, pictures in zip(group, reached, strict=True)
        if pictures is not None
    ]
    pictures = [count for count in reached if count is not None]
    return {
        "batching": way,
        "learning rate": f"{rate:g}",
        "epochs": str(group[0].trial.epochs),
        "pictures": f"{mean(outcome.curve[-1][0] for outcome in group):,.0f}",
        "accuracy on val": f"{mean(accuracies):.3f} ± {spread:.3f}",
        "minutes": f"{mean(outcome.minutes for outcome in group):.1f}",
        f"runs that reach {GOAL}": f"{len(pictures)} of {len(group)}",
        "pictures until then": f"{mean(pictures):,.0f}" if pictures else "",
        "minutes until then": f"{mean(shares):.1f}" if shares else "",
    }


if __name__ == "__main__":
    main()
