"""Names of splits, as they occur in files, folders and columns.

Programs call the validation split ``val``, ``valid``, ``validation`` or ``dev``, and name files
after it: ``refcoco_val.jsonl``, ``instances_train2017.json``, ``valid/_annotations.coco.json``.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from vg_mc.errors import BadInputError
from vg_mc.records import Corpus

FLAG = "--rename-split"

_KNOWN = {name.lower(): name for name in ("train", "val", "test", "testA", "testB", "testC")}
_KNOWN |= dict.fromkeys(("valid", "validation", "dev"), "val")

_WORDS = "|".join(_KNOWN)
_LAST = re.compile(rf"(?:(.*)[-_. ])?({_WORDS})(?:20\d\d)?", re.IGNORECASE)
_FIRST = re.compile(rf"({_WORDS})(?:20\d\d)?[-_. ](.*)", re.IGNORECASE)
_SHARD = re.compile(r"-\d{5}-of-\d{5}(?:-[0-9a-f]{16})?$")  # as Hugging Face datasets writes them
_OF_A_CORPUS = re.compile(rf"(RefCOCO(?:\+|g|p|plus)?|RefCLEF)[ _-]({_WORDS})", re.IGNORECASE)


class _Found(NamedTuple):
    """A split in a name, and the rest of the name."""

    split: str
    rest: str


def known_split(name: str) -> str | None:
    """Return the usual name of a split; None for a name that is not a synonym of one."""
    return _KNOWN.get(name.strip().lower())


def splits_of_files(files: Sequence[Path]) -> dict[Path, str]:
    """Return the split of every file: in its name, else that of its folder, else its whole name.

    Files that differ in the rest of their names, such as ``refcoco_val`` and ``refcocog_val``,
    belong to different corpora, and keep their whole names as splits.
    """
    stems = {file: _SHARD.sub("", file.stem) for file in files}
    found = {file: _in_file(file, stem) for file, stem in stems.items()}
    rests = {one.rest for one in found.values() if one is not None and one.rest}
    return {
        file: stems[file] if one is None or (one.rest and len(rests) > 1) else one.split
        for file, one in found.items()
    }


def _in_file(file: Path, stem: str) -> _Found | None:
    if last := _LAST.fullmatch(stem):
        return _Found(_KNOWN[last[2].lower()], last[1] or "")
    if first := _FIRST.fullmatch(stem):
        return _Found(_KNOWN[first[1].lower()], first[2])
    folder = known_split(file.parent.name)
    return None if folder is None else _Found(folder, "")


def files_of_splits(
    split_of: Mapping[Path, str], splits: Sequence[str], folder: Path
) -> list[Path]:
    """Return the files of some splits, all files without any.

    Raises:
        BadInputError: If there is no file of a split.
    """
    there = set(split_of.values())
    missing = [split for split in splits if split not in there]
    if missing:
        problem = f"no split is called {', '.join(missing)}; there are {', '.join(sorted(there))}"
        raise BadInputError(problem, file=folder, record="--splits")
    return [file for file, split in split_of.items() if not splits or split in splits]


def with_known_splits(corpus: Corpus, renamed: Mapping[str, str]) -> Corpus:
    """Rename splits as asked, and synonyms of val where this does not merge two splits.

    Args:
        corpus: A corpus as it was read.
        renamed: New names by old names.

    Raises:
        BadInputError: If the corpus has no split of an old name.
    """
    splits = dict.fromkeys(one.split for one in corpus.expressions)
    missing = [old for old in renamed if old not in splits]
    if missing:
        problem = f"no split is called {', '.join(missing)}; the splits are {', '.join(splits)}"
        raise BadInputError(problem, record=FLAG)
    names = {**_synonyms(splits), **renamed}
    changed = {old: names[old] for old in splits if names.get(old, old) != old}
    if not changed:
        return corpus
    expressions = [
        replace(one, split=changed[one.split]) if one.split in changed else one
        for one in corpus.expressions
    ]
    notes = [f"the split {old!r} is read as {new}" for old, new in changed.items()]
    return replace(corpus, expressions=expressions, notes=[*corpus.notes, *notes])


def _synonyms(splits: Collection[str]) -> dict[str, str]:
    """Return usual names of splits; a name that two of them would get is not used."""
    corpora = {name: found for name in splits if (found := _OF_A_CORPUS.fullmatch(name))}
    of_one = len({found[1].lower() for found in corpora.values()}) == 1
    names = {}
    for split in splits:
        name = corpora[split][2] if of_one and split in corpora else split
        names[split] = known_split(name) or split
    taken = list(names.values())
    return {old: new for old, new in names.items() if taken.count(new) == 1}


def renamed_splits(texts: Sequence[str]) -> dict[str, str]:
    """Parse ``old=new`` of every text.

    Raises:
        BadInputError: If a text is not of this form.
    """
    renamed = {}
    for text in texts:
        old, _, new = text.partition("=")
        if not (old and new):
            raise BadInputError(
                f"expected old=new, such as holdout=test, not {text!r}", record=FLAG
            )
        renamed[old] = new
    return renamed
