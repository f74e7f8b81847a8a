"""Subsets of expressions that are scored in addition to the whole split.

A file lists expression ids: one per line, or as a JSON list. In lines, text after # is a comment.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from vg_mc.errors import BadInputError
from vg_mc.metrics.similarity import SemanticSimilarity
from vg_mc.predictions import Predictions
from vg_mc.scoring.split_report import SplitReport, score

NAMED = 5  # maximum number of unknown ids in a message


@dataclass(frozen=True, slots=True)
class Subset:
    """A subset of expressions.

    Attributes:
        name: Name in tables: the file name without extension.
        expression_ids: Ids of the expressions.
    """

    name: str
    expression_ids: frozenset[int]


def read_subsets(files: Sequence[Path]) -> list[Subset]:
    """Read files of expression ids.

    Raises:
        BadInputError: If a file cannot be read or is invalid, or two files have the same name.
    """
    names = [file.stem for file in files]
    for file in files:
        if names.count(file.stem) > 1:
            raise BadInputError(f"duplicate subset name {file.stem!r}; rename a file", file=file)
    return [Subset(file.stem, frozenset(_ids(file))) for file in files]


def score_all(
    answered: Sequence[Predictions],
    subsets: Sequence[Subset],
    similarities: Sequence[SemanticSimilarity | None],  # one for each of `answered`
) -> list[SplitReport]:
    """Score all predictions, each followed by its subsets that are not empty."""
    reports = []
    for predictions, similarity in zip(answered, similarities, strict=True):
        reports.append(score(predictions, similarity=similarity))
        for subset in subsets:
            members = np.isin(predictions.examples.expression_ids, sorted(subset.expression_ids))
            if members.any():
                rows = np.flatnonzero(members)
                part = None if similarity is None else similarity.taken(rows)
                chosen = predictions.taken(rows)
                reports.append(score(chosen, subset=subset.name, similarity=part))
    return reports


def unknown_ids(subset: Subset, answered: Sequence[Predictions]) -> list[int]:
    """Return the sorted ids of a subset that do not occur in any predictions."""
    known = {
        id_ for predictions in answered for id_ in predictions.examples.expression_ids.tolist()
    }
    return sorted(subset.expression_ids - known)


def subset_remarks(subsets: Sequence[Subset], answered: Sequence[Predictions]) -> dict[str, str]:
    """Describe for each subset how many ids were answered, with some of the missing ids."""
    return {f"subset {subset.name}": _remark(subset, answered) for subset in subsets}


def remarks_text(remarks: Mapping[str, str]) -> list[str]:
    """Format remarks for a terminal, one line each."""
    return [f"{name}: {remark}" for name, remark in remarks.items()]


def _remark(subset: Subset, answered: Sequence[Predictions]) -> str:
    unknown = unknown_ids(subset, answered)
    count = f"{len(subset.expression_ids)} ids"
    if not unknown:
        return f"{count}, all answered"
    named = ", ".join(map(str, unknown[:NAMED])) + (", …" if len(unknown) > NAMED else "")
    return f"{count}, {len(unknown)} of them not in any answered split: {named}"


def _ids(file: Path) -> list[int]:
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BadInputError(f"expected a text file in UTF-8: {error}", file=file) from error
    listed = _json_ids(text, file) if file.suffix == ".json" else _line_ids(text, file)
    if not listed:
        raise BadInputError("expected expression ids, found none", file=file)
    return listed


def _line_ids(text: str, file: Path) -> list[int]:
    ids = []
    for number, line in enumerate(text.splitlines(), start=1):
        word = line.split("#")[0].strip()
        if not word:
            continue
        if not word.isascii() or not word.isdigit():
            problem = f"expected an expression id, found {word!r}"
            raise BadInputError(problem, file=file, record=f"line {number}")
        ids.append(int(word))
    return ids


def _json_ids(text: str, file: Path) -> list[int]:
    try:
        listed = json.loads(text)
    except ValueError as error:
        raise BadInputError(f"expected JSON: {error}", file=file) from error
    if not isinstance(listed, list):
        problem = f"expected a list of expression ids, found {type(listed).__name__}"
        raise BadInputError(problem, file=file)
    for place, found in enumerate(listed):
        if not isinstance(found, int) or isinstance(found, bool):
            problem = f"expected an expression id, found {found!r}"
            raise BadInputError(problem, file=file, record=f"entry {place}")
    return listed
