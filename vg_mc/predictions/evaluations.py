"""Folders of predictions as people name them: one split, or a whole evaluation."""

from collections.abc import Iterable
from pathlib import Path

from vg_mc.errors import BadInputError
from vg_mc.predictions.parquet import FILE_NAME, read_predictions
from vg_mc.predictions.table import Predictions


def is_one_split(folder: Path) -> bool:
    """Say whether `folder` holds the predictions of a single split."""
    return (folder / FILE_NAME).is_file()


def read_evaluation(folder: Path) -> dict[str, Predictions]:
    """Read what a folder of one split holds, or else what the folders right below it hold.

    Returns:
        Predictions by split, validation before tests.

    Raises:
        BadInputError: If there are none, one is not as it should be, or two are of one split.
    """
    folders = [folder] if is_one_split(folder) else sorted(filter(is_one_split, _below(folder)))
    if not folders:
        problem = f"no {FILE_NAME} is here, nor in a folder below; evaluate.py writes one per split"
        raise BadInputError(problem, file=folder)
    found: dict[str, Predictions] = {}
    for place in folders:
        predictions = read_predictions(place)
        if predictions.split in found:
            problem = f"answers split {predictions.split!r}, as another folder here does"
            raise BadInputError(problem, file=place)
        found[predictions.split] = predictions
    return {split: found[split] for split in usual_order(found)}


def read_evaluations(folder: Path) -> list[dict[str, Predictions]]:
    """Read one evaluation, or those of several models, each with a folder of its own in `folder`.

    Returns:
        Predictions by split, for each model in the order of the folders' names.

    Raises:
        BadInputError: As for `read_evaluation`.
    """
    if is_one_split(folder) or any(map(is_one_split, _below(folder))):
        return [read_evaluation(folder)]
    models = [path for path in sorted(_below(folder)) if any(map(is_one_split, _below(path)))]
    return [read_evaluation(model) for model in models] or [read_evaluation(folder)]


def usual_order(splits: Iterable[str]) -> list[str]:
    """Sort splits, each once, validation before tests."""
    return sorted(set(splits), key=_usual_order)


def _below(folder: Path) -> list[Path]:
    return [path for path in folder.iterdir() if path.is_dir()] if folder.is_dir() else []


def _usual_order(split: str) -> tuple[bool, str]:
    return split.startswith("test"), split
