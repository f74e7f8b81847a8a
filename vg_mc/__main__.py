"""Every command under one roof: ``python -m vg_mc <command> [flags]``."""

import sys
from collections.abc import Sequence
from importlib import import_module

COMMANDS = {
    "prepare_data": "turn annotations and photos into drawn candidates",
    "finetune": "fine-tune a model to choose among candidates",
    "tune": "search good settings of a training, trial by trial",
    "evaluate": "score a model on splits of a prepared dataset",
    "score": "score boxes or replies of any other system",
    "ensemble": "average the logits of several evaluations",
    "compare": "lay many results side by side, with tests and published figures",
    "calibrate": "fit the temperature that lets a model's probabilities be believed",
    "predict": "answer expressions about photos of your own, and draw the answers",
    "verify": "read every byte of a prepared dataset and name what was changed",
    "audit": "find photos and sentences that datasets share, and detectors that saw the test",
    "recall": "compare how many targets the proposals of prepared datasets cover",
    "show": "write a page of random records of a prepared dataset",
    "detections": "keep what a detector found, to prepare with it again",
    "demo": "run all of it on scenes drawn for the purpose, in a few minutes",
}


def overview() -> str:
    """Name the commands, one line each."""
    lines = [f"  {name:<14}{summary}" for name, summary in COMMANDS.items()]
    return "\n".join(["usage: python -m vg_mc <command> [flags]", "", *lines])


def main(argv: Sequence[str] | None = None) -> None:
    """Hand the arguments behind a command's name to the module of that name."""
    arguments = sys.argv[1:] if argv is None else argv
    if not arguments or arguments[0] in {"-h", "--help"}:
        print(overview())
        return
    command, *flags = arguments
    if command not in COMMANDS:
        sys.exit(f"{overview()}\n\nno command {command!r}")
    sys.argv[0] = f"python -m vg_mc {command}"  # how its --help calls the program
    # Only the one that was asked for: together they would pull in every library that we use.
    import_module(f"vg_mc.commands.{command}").main(flags)


if __name__ == "__main__":
    main()
