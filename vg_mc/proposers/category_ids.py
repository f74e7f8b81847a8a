"""Names of category ids in a file of detections, taken from the categories of the corpus.

Detectors count categories in different ways: COCO's ids run from 1 to 90 with gaps, those of
ultralytics from 0 to 79. Ids that are not those of the corpus are translated only if one way of
counting fits; a name is never guessed.
"""

from collections.abc import Collection, Mapping
from typing import NamedTuple

AS_THEY_ARE = "as they are"
FROM_0, FROM_1 = "as positions from 0", "as positions from 1"


class CategoryNames(NamedTuple):
    """The names of category ids, and how they were found."""

    names: Mapping[int, str]
    note: str | None = None


def category_names(
    ids: Collection[int], categories: Mapping[int, str], *, own: bool
) -> CategoryNames:
    """Return the names of category ids.

    Args:
        ids: All ids in the file that come without a name.
        categories: Names of the categories of the corpus that a detector may find, by id.
        own: Whether the layout defines the ids as those of the corpus, so that they are used as
            they are wherever this is possible.
    """
    if not ids:
        return CategoryNames({})
    if not categories:
        return CategoryNames({}, _unnamed(ids, "no categories of a corpus are known"))
    fitting = _readings(set(ids), categories)
    if own and AS_THEY_ARE in fitting:
        fitting = {AS_THEY_ARE: fitting[AS_THEY_ARE]}
    different = {tuple(sorted(names.items())) for names in fitting.values()}
    if len(different) != 1:
        fits = ", ".join(fitting) or "in no way"
        why = f"the {len(categories)} categories of the corpus fit {fits}"
        return CategoryNames({}, _unnamed(ids, why))
    how, names = next(iter(fitting.items()))
    first = min(ids)
    note = f"category ids are read {how} in the corpus' categories: {first} is {names[first]!r}"
    return CategoryNames(names, note)


def _readings(ids: set[int], categories: Mapping[int, str]) -> dict[str, dict[int, str]]:
    """Return the names of all ids for each way of counting that has one for each."""
    ordered = [categories[number] for number in sorted(categories)]
    ways = {
        AS_THEY_ARE: categories,
        FROM_0: dict(enumerate(ordered)),
        FROM_1: dict(enumerate(ordered, 1)),
    }
    return {
        how: {number: names[number] for number in ids}
        for how, names in ways.items()
        if ids <= names.keys()
    }


def _unnamed(ids: Collection[int], why: str) -> str:
    listed = ", ".join(map(str, sorted(ids)[:5])) + (", ..." if len(ids) > 5 else "")
    return f"category ids {listed} have no names, since {why}; store category_name to name them"
