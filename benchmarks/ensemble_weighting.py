"""``python -m benchmarks.ensemble_weighting``: what each weighting of members is worth, over seeds.

On scenes, a tiny ResNet and a tiny ViT are trained for each seed. Weights are fitted on val; testA
and testB are reported. Prints one table: means over the seeds, and the gain over the best member.
"""

import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from statistics import mean
from tempfile import TemporaryDirectory

from tabulate import tabulate

from benchmarks.report import describe_machine
from benchmarks.scripts import ROOT, run_script
from vg_mc.commands.config import parse_config

MEMBERS = ("tiny-resnet", "tiny-vit")
WEIGHTINGS = ("equal", "probability", "rank", "calibrated", "fitted")
REPORTED = ("testA", "testB")
AT_A_TIME = 2

Accuracies = dict[str, dict[str, float]]  # split -> row of the table -> accuracy in percent


@dataclass(frozen=True)
class WeightingConfig:
    """Compare the weightings of an ensemble on scenes, over seeds of its members."""

    prepared: Path
    """Prepared scenes with the splits train, val, testA and testB, of 64 pixels."""

    epochs: int = 12
    """Epochs of each member, by its recipe otherwise."""

    seeds: tuple[int, ...] = (0, 1, 2)
    """Seeds of the members' starts and draws."""

    output: Path | None = None
    """Folder of the runs, where MEMBER-SEED that is there is not trained again; one that is
    removed afterwards by default."""


def main(argv: Sequence[str] | None = None) -> None:
    """Run the command."""
    config = parse_config(WeightingConfig, argv)
    print(describe_machine("python -m benchmarks.ensemble_weighting"))
    with TemporaryDirectory(prefix="vg_mc-weighting-") as temporary:
        home = config.output or Path(temporary)
        runs = [(member, seed) for seed in config.seeds for member in MEMBERS]
        with ThreadPoolExecutor(AT_A_TIME) as pool:
            list(pool.map(lambda run: train(config, home, *run), runs))
        print(table_of([answer(home, seed) for seed in config.seeds]))


def train(config: WeightingConfig, home: Path, member: str, seed: int) -> None:
    """Train one member by its recipe, and let it answer all splits."""
    run = home / f"{member}-{seed}"
    if not (run / "best").exists():
        run_script(
            "finetune.py", "--recipe", ROOT / "recipes" / "finetune" / f"demo-{member}.yaml",
            "--dataset", config.prepared, "--output", run, "--epochs", config.epochs,
            "--seed", seed, "--num-workers", 0, threads=1,
        )  # fmt: skip
    run_script(
        "evaluate.py", "--dataset", config.prepared, "--model", run / "best", "--name", member,
        "--split", "val", *REPORTED, "--output", home / f"answers-{member}-{seed}",
        "--examples", 0, threads=1,
    )  # fmt: skip


def answer(home: Path, seed: int) -> Accuracies:
    """Combine the members of one seed in every way; return all accuracies."""
    answers = [home / f"answers-{member}-{seed}" for member in MEMBERS]
    found: Accuracies = {split: {} for split in REPORTED}
    for weighting in WEIGHTINGS:
        output = home / f"{weighting}-{seed}"
        fitted = weighting in {"calibrated", "fitted"}
        fit = ("--fit-on", *(folder / "val" for folder in answers)) if fitted else ()
        run_script(
            "ensemble.py", "--predictions", *answers, "--split", *REPORTED, "--examples", 0,
            "--weighting", weighting, "--name", weighting, *fit, "--output", output,
        )  # fmt: skip
        for row in json.loads((output / "results.json").read_text())["results"]:
            found[row["split"]][row["name"]] = 100 * row["scores"]["accuracy"]
    return found


def table_of(seeds: list[Accuracies]) -> str:
    """Write a row per member and weighting: the accuracy of each seed, and the mean gain."""
    rows = []
    for split in REPORTED:
        for name in (*MEMBERS, *WEIGHTINGS):
            values = [seed[split][name] for seed in seeds]
            best = [max(seed[split][member] for member in MEMBERS) for seed in seeds]
            gains = [value - top for value, top in zip(values, best, strict=True)]
            rows.append(
                {
                    "split": split,
                    "answers": name,
                    "accuracy of each seed %": " ".join(f"{value:.2f}" for value in values),
                    "mean %": f"{mean(values):.2f}",
                    "against the best member": f"{mean(gains):+.2f}",
                    "least": f"{min(gains):+.2f}",
                }
            )
    return tabulate(rows, "keys", tablefmt="github", disable_numparse=True)


if __name__ == "__main__":
    main()
