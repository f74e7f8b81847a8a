"""Files of a saved box predictor; this module does not load PyTorch."""

from pathlib import Path

HEAD_FILE, SETTINGS_FILE = "head.safetensors", "box_predictor.json"


def is_box_predictor(folder: Path) -> bool:
    """Return whether a folder holds a saved box predictor."""
    return (folder / SETTINGS_FILE).is_file()
