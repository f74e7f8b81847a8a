"""The command ``python -m benchmarks.ensemble_weighting``: gain of each weighting over seeds.

For each seed, a tiny ResNet and a tiny ViT are trained on scenes. Weights are fitted on val; testA
and testB are reported. One table is printed: means over the seeds, and the gain over the best
member.
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
    """Prepared scenes of 64 pixels with the splits train, val, testA and testB."""

    epochs: int = 12
    """Epochs of each member; all other settings are those of its recipe."""

    seeds: tuple[int, ...] = (0, 1, 2)
    """Random seeds of the members' initial weights and sampling."""

    output: Path | None = None
    """Folder of the runs, in which existing runs MEMBER-SEED are not trained again; by default a
    temporary one."""


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
    """Train one member by its recipe, and evaluate it on all splits."""
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
    """Return a table with one row per member and weighting: accuracies by seed and mean gain."""
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
