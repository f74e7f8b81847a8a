"""Reader of folders with predictions of one split, one evaluation, or several evaluations."""

from collections.abc import Iterable
from pathlib import Path

from vg_mc.errors import BadInputError
from vg_mc.predictions.parquet import FILE_NAME, read_predictions
from vg_mc.predictions.table import Predictions


def is_one_split(folder: Path) -> bool:
    """Return True if `folder` contains the predictions of a single split."""
    return (folder / FILE_NAME).is_file()


def read_evaluation(folder: Path) -> dict[str, Predictions]:
    """Read the predictions in a folder of one split, or in the direct subfolders of `folder`.

    Returns:
        Predictions by split, validation before test splits.

    Raises:
        BadInputError: If there are no predictions, a file is invalid, or two are of the same split.
    """
    folders = [folder] if is_one_split(folder) else sorted(filter(is_one_split, _below(folder)))
    if not folders:
        problem = f"no {FILE_NAME} here or in a subfolder; evaluate.py and vg_mc score write it"
        raise BadInputError(problem, file=folder)
    found: dict[str, Predictions] = {}
    for place in folders:
        predictions = read_predictions(place)
        if predictions.split in found:
            problem = (
                f"split {predictions.split!r} is also in another folder of this evaluation; "
                "move one of them, or name the folder of one split"
            )
            raise BadInputError(problem, file=place)
        found[predictions.split] = predictions
    return {split: found[split] for split in usual_order(found)}


def read_evaluations(folder: Path) -> list[dict[str, Predictions]]:
    """Read one evaluation, or those of several models in subfolders of `folder`.

    Returns:
        Predictions by split for each model, in the order of the folder names.

    Raises:
        BadInputError: As for `read_evaluation`.
    """
    if is_one_split(folder) or any(map(is_one_split, _below(folder))):
        return [read_evaluation(folder)]
    models = [path for path in sorted(_below(folder)) if any(map(is_one_split, _below(path)))]
    return [read_evaluation(model) for model in models] or [read_evaluation(folder)]


def usual_order(splits: Iterable[str]) -> list[str]:
    """Return the splits without duplicates and sorted, validation before test splits."""
    return sorted(set(splits), key=_usual_order)


def _below(folder: Path) -> list[Path]:
    return [path for path in folder.iterdir() if path.is_dir()] if folder.is_dir() else []


def _usual_order(split: str) -> tuple[bool, str]:
    return split.startswith("test"), split
