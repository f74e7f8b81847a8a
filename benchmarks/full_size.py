"""The command ``python -m benchmarks.full_size``: the official evaluation splits at full size.

Every split is prepared with one and with two workers by the command line tool, in a separate
process; then a tiny model is evaluated on all of them. Two tables are printed.
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
EVALUATED_SIZE = 64  # input size of the tiny model in pixels
MODEL = "tiny-resnet"


@dataclass(frozen=True)
class FullSizeConfig:
    """Prepare and evaluate the official evaluation splits at full size."""

    splits: Path = ROOT.parent / "shared" / "data" / "official_eval_splits"
    """Folder of the lists published by MiniGPT-4, one JSON file per split."""

    scratch: Path | None = None
    """Working folder of 3 GB; by default a temporary one."""

    image_size: int = 224
    """Side of prepared candidate images in pixels."""


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
    """Evaluate the tiny model on a split and return its row of the table."""
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
