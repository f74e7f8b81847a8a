"""The command ``python -m benchmarks``, which runs benchmarks and writes docs/benchmarks.md."""

import shlex
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks import evaluation, external_answers, preparation, scoring, training
from benchmarks.comparison import Aim, Comparison, carry_out
from benchmarks.made_up import SCENES
from benchmarks.models import CPU
from benchmarks.report import describe_machine, page, section
from benchmarks.rounds import ROUNDS
from benchmarks.sizes import FULL, QUICK, QUICK_SIDE
from vg_mc.commands.config import parse_config

ROOT = Path(__file__).parent.parent
RATIO = "times the expressions per second"
EVALUATING = Aim(RATIO, evaluation.ratio, least=7)
TRAINING = Aim(RATIO, training.ratio_by_image, least=3)


@dataclass(frozen=True)
class BenchmarkConfig:
    """Measure speed and memory against a baseline implementation, and check the results."""

    quick: bool = False
    """Run all code in seconds, as a test; the figures are meaningless."""

    refer: Path = ROOT.parent / "shared" / "data" / "refcoco_mini"
    """Corpus of real images in the layout of the REFER toolkit, with refs(unc).p and
    yolo26m_dets.json; skipped if it does not exist, and with --quick."""

    output: Path = ROOT / "docs" / "benchmarks.md"
    """Path of the page."""


def main(argv: Sequence[str] | None = None) -> None:
    """Run the command."""
    config = parse_config(BenchmarkConfig, argv)
    arguments = sys.argv[1:] if argv is None else argv
    machine = describe_machine(shlex.join(["python", "-m", "benchmarks", *arguments]))
    findings = []
    with TemporaryDirectory(prefix="vg_mc-benchmarks-") as scratch:
        for comparison in comparisons(config, Path(scratch)):
            findings.append(
                carry_out(comparison, Path(scratch), rounds=1 if config.quick else ROUNDS)
            )
            print(f"\n{section(findings[-1])}", flush=True)
    config.output.parent.mkdir(parents=True, exist_ok=True)
    config.output.write_text(page(findings, machine), encoding="utf-8")
    print(f"written: {config.output}")


def comparisons(config: BenchmarkConfig, scratch: Path) -> list[Comparison]:
    """Return all comparisons to measure."""
    size = QUICK if config.quick else FULL
    hardware = replace(CPU, matrix_side=QUICK_SIDE) if config.quick else CPU
    chosen = [preparation.of_made_up_photos(scratch, size.photos)]
    if not config.quick and (config.refer / preparation.DETECTIONS).exists():
        chosen.append(preparation.of_real_photos(config.refer))
    elif not config.quick:
        print(f"no real images in {config.refer}; only synthetic ones are used")
    chosen += [evaluation.of_model(task, scratch, (EVALUATING,)) for task in size.evaluations]
    chosen += [evaluation.of_memory(size.memory_photos, scratch), scoring.of_split(*size.scored)]
    chosen.append(external_answers.of_split(*size.scored, scratch))
    for task in size.trainings:
        aims = (TRAINING,) if task.shape is SCENES else ()
        chosen.append(training.of_model(task, scratch, hardware, aims))
    return chosen


if __name__ == "__main__":
    main()
