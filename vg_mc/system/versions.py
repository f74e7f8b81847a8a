"""Which code made a result: versions of the libraries that decide on numbers, and our commit."""

import platform
import subprocess
from importlib.metadata import version
from pathlib import Path

__version__ = "0.1.0"

LIBRARIES = (
    "torch",
    "transformers",
    "open_clip_torch",
    "accelerate",
    "datasets",
    "pillow",
    "numpy",
)


def versions() -> dict[str, str]:
    """Return name and version of everything that a number may depend on."""
    libraries = {name: version(name) for name in LIBRARIES}
    return {
        "vg_mc": __version__,
        "commit": commit(),
        "python": platform.python_version(),
    } | libraries


def commit() -> str:
    """Return the commit of the checkout that runs, or "unknown" outside of one.

    A commit that ends in "-dirty" had changes on top of it.
    """
    try:
        # An environment may lie in somebody else's checkout: is this file part of it?
        _git("ls-files", "--error-unmatch", Path(__file__).name)
        return _git("describe", "--always", "--dirty", "--abbrev=40", "--exclude=*")
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def _git(*arguments: str) -> str:
    outcome = subprocess.run(
        ["git", *arguments], cwd=Path(__file__).parent, capture_output=True, text=True, check=True
    )
    return outcome.stdout.strip()
