"""Versions of this package, its commit and the libraries that affect results."""

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
    """Return the names and versions of everything that a result may depend on."""
    libraries = {name: version(name) for name in LIBRARIES}
    return {
        "vg_mc": __version__,
        "commit": commit(),
        "python": platform.python_version(),
    } | libraries


def commit() -> str:
    """Return the commit of the running checkout, or "unknown" outside of one.

    It ends in "-dirty" if there are uncommitted changes.
    """
    try:
        # The environment may be inside of another checkout, so check that it tracks this file.
        _git("ls-files", "--error-unmatch", Path(__file__).name)
        return _git("describe", "--always", "--dirty", "--abbrev=40", "--exclude=*")
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def _git(*arguments: str) -> str:
    outcome = subprocess.run(
        ["git", *arguments], cwd=Path(__file__).parent, capture_output=True, text=True, check=True
    )
    return outcome.stdout.strip()
