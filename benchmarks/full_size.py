"""``python -m benchmarks.full_size``: the eight official evaluation splits at their real size.

Every split is prepared with one and with two workers, each time by the command that a user would
type, in a process of its own; then a tiny model answers all of them. Prints a table of each.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from tabulate import tabulate

from benchmarks.official_splits import OfficialSplit, make_splits
from benchmarks.report import describe_machine
from benchmarks.scripts import ROOT, Ran, run_script
from vg_mc.commands.config import parse_config
from vg_mc.prepared.dataset import open_prepared

WORKERS = (1, 2)
EVALUATED_SIZE = 64  # pixels: what the tiny model is made for
MODEL = "tiny-resnet"


@dataclass(frozen=True)
class FullSizeConfig:
    """Prepare and evaluate the official evaluation splits at their real size."""

    splits: Path = ROOT.parent / "shared" / "data" / "official_eval_splits"
    """Folder of the lists that MiniGPT-4 publishes, a JSON file per split."""

    scratch: Path | None = None
    """Where to work, 3 GB; a folder that is removed afterwards by default."""

    image_size: int = 224
    """Side of the pictures that are prepared."""


def main(argv: Sequence[str] | None = None) -> None:
    """Run the command."""
    config = parse_config(FullSizeConfig, argv)
    print(describe_machine("python -m benchmarks.full_size"))
    with TemporaryDirectory(prefix="vg_mc-full-size-") as temporary:
        scratch = config.scratch or Path(temporary)
        splits = make_splits(config.splits, scratch)
        rows = [
            prepare_split(split, scratch, config.image_size, workers)
            for split in splits
            for workers in WORKERS
        ]
        print(_table(rows))
        print(_table([evaluate_split(split, scratch) for split in splits]))


def prepare_split(
    split: OfficialSplit, scratch: Path, image_size: int, workers: int
) -> dict[str, str]:
    """Prepare a split and return its row of the table."""
    output = scratch / f"prepared-{split.name}-{image_size}-{workers}"
    ran = run_script(
        "prepare_data.py", "--corpus", "table", "--annotations", split.table,
        "--images", scratch / "photos", "--proposer", "stored", "--proposals", split.detections,
        "--output", output, "--image-size", image_size, "--num-workers", workers, "--overwrite",
    )  # fmt: skip
    dataset = open_prepared(output)
    pictures = int(dataset.manifest["candidates"]["total"])
    images = len(set(dataset.expressions(split.split).image_ids.tolist()))
    size = sum(file.stat().st_size for file in output.rglob("*") if file.is_file())
    return {
        "split": split.name,
        "workers": str(workers),
        **_rates(
            ran,
            images=images,
            pictures=pictures,
            expressions=len(dataset.expressions(split.split)),
        ),
        "MB on disk": f"{size / 1e6:.0f}",
        "bytes/picture": f"{size / pictures:,.0f}",
        "data": dataset.data_hash[:8],
    }


def evaluate_split(split: OfficialSplit, scratch: Path) -> dict[str, str]:
    """Let the tiny model answer a split and return its row of the table."""
    prepared = prepare_split(split, scratch, EVALUATED_SIZE, WORKERS[-1])
    ran = run_script(
        "evaluate.py", "--dataset", scratch / f"prepared-{split.name}-{EVALUATED_SIZE}-2",
        "--model", MODEL, "--split", split.split, "--output", scratch / f"answers-{split.name}",
    )  # fmt: skip
    pictures, expressions = (
        int(prepared[count].replace(",", "")) for count in ("pictures", "expressions")
    )
    return {"split": split.name, **_rates(ran, pictures=pictures, expressions=expressions)}


def _rates(ran: Ran, **amounts: int) -> dict[str, str]:
    counts = {unit: f"{amount:,}" for unit, amount in amounts.items()}
    rates = {f"{unit}/s": f"{amount / ran.seconds:,.0f}" for unit, amount in amounts.items()}
    return counts | {"s": f"{ran.seconds:.1f}"} | rates | {"MB at peak": f"{ran.megabytes:,}"}


def _table(rows: list[dict[str, str]]) -> str:
    alignment = ["left"] + ["right"] * (len(rows[0]) - 1)
    table = tabulate(rows, "keys", tablefmt="github", colalign=alignment, disable_numparse=True)
    return f"{table}\n"


if __name__ == "__main__":
    main()
