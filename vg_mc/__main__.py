"""Entry point of all commands: ``python -m vg_mc <command> [flags]``."""

import sys
from collections.abc import Sequence
from importlib import import_module

COMMANDS = {
    "prepare_data": "draw candidate images from annotations and images",
    "finetune": "fine-tune a model to choose among candidates",
    "tune": "search hyperparameters of a training",
    "evaluate": "evaluate a grounder on splits of a prepared dataset",
    "score": "evaluate predicted boxes or replies of any other system",
    "ensemble": "average the logits of several evaluations",
    "compare": "compare many results, with significance tests and published figures",
    "calibrate": "fit the temperature that calibrates a model's probabilities",
    "predict": "ground expressions in your own images, and draw the results",
    "verify": "compare the files of a prepared dataset with its manifest",
    "audit": "find images and expressions shared by datasets, and detectors trained on test images",
    "recall": "compare the proposal recall of prepared datasets",
    "show": "write a page of random records of a prepared dataset",
    "detections": "export the detections of a prepared dataset",
    "demo": "run all steps on generated scenes, in a few minutes",
}


def overview() -> str:
    """Return the list of commands, one line each."""
    lines = [f"  {name:<14}{summary}" for name, summary in COMMANDS.items()]
    return "\n".join(["usage: python -m vg_mc <command> [flags]", "", *lines])


def main(argv: Sequence[str] | None = None) -> None:
    """Run the module of a command with the remaining arguments."""
    arguments = sys.argv[1:] if argv is None else argv
    if not arguments or arguments[0] in {"-h", "--help"}:
        print(overview())
        return
    command, *flags = arguments
    if command not in COMMANDS:
        sys.exit(f"{overview()}\n\nno command {command!r}")
    sys.argv[0] = f"python -m vg_mc {command}"  # the program name in its --help
    # Import only this command: together they import every library of the package.
    import_module(f"vg_mc.commands.{command}").main(flags)


if __name__ == "__main__":
    main()
