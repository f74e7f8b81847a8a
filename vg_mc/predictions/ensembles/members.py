"""Reader of the members of an ensemble: predictions from folders, matched by split.

Members with equal names get the name of their folder as a suffix.
"""

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
        folders: One folder per member, of an evaluation or of one split of it.
        splits: Splits to read; all if empty.
        ensemble: Name of the ensemble; members with this name are renamed.

    Returns:
        A list of members for each split.

    Raises:
        BadInputError: If there are fewer than two members, they have different splits, or a split
            is missing.
    """
    if len(folders) < 2:
        problem = f"expected two or more --predictions, found {len(folders)}"
        raise BadInputError(problem)
    evaluations = [_chosen_splits(folder, splits) for folder in folders]
    first = evaluations[0]
    for folder, evaluation in zip(folders, evaluations, strict=True):
        if evaluation.keys() != first.keys():
            problem = f"expected splits {list(first)} as in {folders[0]}, found {list(evaluation)}"
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
        fit_on: Folders of one split each, in the order of the members; empty if nothing is fitted.
        folders: The folders that `members` were read from.
        members: The members' predictions of another split.
        ensemble: Name of the ensemble.

    Raises:
        BadInputError: If the names or their order differ from `members`, or a folder has several
            splits.
    """
    found = [_only_split(folder) for folder in fit_on]
    if len(found) == len(members):
        found = _distinguished(found, folders, ensemble)
    expected, names = [each.name for each in members], [each.name for each in found]
    if fit_on and expected != names:
        problem = f"expected predictions of {expected} in this order, found {names}"
        raise BadInputError(problem, record="--fit-on")
    return found


def _distinguished(
    members: Sequence[Predictions], folders: Sequence[Path], ensemble: str
) -> list[Predictions]:
    """Append the folder to each name that several members or a member and the ensemble share."""
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
        problem = f"expected the folder of one split, such as val, found {', '.join(found)}"
        raise BadInputError(problem, file=folder, record="--fit-on")
    return next(iter(found.values()))
