"""Members of an ensemble: read from folders, matched by split and told apart by name."""

from collections.abc import Sequence
from pathlib import Path

from vg_mc.errors import BadInputError
from vg_mc.predictions.evaluations import read_evaluation
from vg_mc.predictions.table import Predictions


def read_members(
    folders: Sequence[Path], splits: Sequence[str], ensemble: str
) -> list[list[Predictions]]:
    """Read the predictions of all members.

    Args:
        folders: One per member, of an evaluation or of one split of it.
        splits: Splits to read; all if empty.
        ensemble: Name of the ensemble, which no member may have.

    Returns:
        A list of members for each split.

    Raises:
        BadInputError: If there are fewer than two members, they answer different splits, or a
            split is missing.
    """
    if len(folders) < 2:
        problem = f"an ensemble needs two or more --predictions, not {len(folders)}"
        raise BadInputError(problem)
    evaluations = [_chosen_splits(folder, splits) for folder in folders]
    first = evaluations[0]
    for folder, evaluation in zip(folders, evaluations, strict=True):
        if evaluation.keys() != first.keys():
            problem = f"answers {list(evaluation)}, but {folders[0]} {list(first)}"
            raise BadInputError(problem, file=folder)
    return [
        _distinguished([evaluation[split] for evaluation in evaluations], folders, ensemble)
        for split in first
    ]


def read_fit_members(
    fit_on: Sequence[Path], folders: Sequence[Path], members: Sequence[Predictions], ensemble: str
) -> list[Predictions]:
    """Read the members' predictions of the split that weights are fitted on.

    Args:
        fit_on: Folders of one split each, in the order of the members; none where nothing is
            fitted.
        folders: Those that `members` were read from.
        members: The members' predictions of another split.
        ensemble: Name of the ensemble.

    Raises:
        BadInputError: If they are of other members or another order, or the split is ambiguous.
    """
    found = [_only_split(folder) for folder in fit_on]
    if len(found) == len(members):
        found = _distinguished(found, folders, ensemble)
    expected, names = [each.name for each in members], [each.name for each in found]
    if fit_on and expected != names:
        problem = f"expected predictions of {expected}, in this order, not of {names}"
        raise BadInputError(problem, record="--fit-on")
    return found


def _distinguished(
    members: Sequence[Predictions], folders: Sequence[Path], ensemble: str
) -> list[Predictions]:
    """Add its folder to the name of every member that shares its name with another or with all."""
    names = [ensemble, *(member.name for member in members)]
    return [
        member.renamed(f"{member.name} ({folder})") if names.count(member.name) > 1 else member
        for member, folder in zip(members, folders, strict=True)
    ]


def _chosen_splits(folder: Path, splits: Sequence[str]) -> dict[str, Predictions]:
    found = read_evaluation(folder)
    absent = sorted(set(splits) - set(found))
    if absent:
        raise BadInputError(f"no split {absent[0]!r}; there are {', '.join(found)}", file=folder)
    return {split: found[split] for split in found if split in splits or not splits}


def _only_split(folder: Path) -> Predictions:
    found = read_evaluation(folder)
    if len(found) != 1:
        problem = f"holds {', '.join(found)}: name the folder of one split, such as val"
        raise BadInputError(problem, file=folder, record="--fit-on")
    return next(iter(found.values()))
