"""The evaluation protocol of a table: the facts needed to compare its numbers with others."""

from collections.abc import Sequence
from typing import Protocol

from vg_mc.metrics import RIGHT_ABOVE
from vg_mc.metrics.resampling import ROUNDS
from vg_mc.predictions import Provenance


class Described(Protocol):
    """An object with provenance, such as a row of a table or predictions."""

    @property
    def provenance(self) -> Provenance:
        """The origin of the answers."""
        ...


def protocol_of(rows: Sequence[Described]) -> dict[str, str]:
    """Return the evaluation protocol of a table.

    Facts that differ between rows are listed with the names of their grounders.

    Args:
        rows: All rows of the table, including ensembles.
    """
    origins = [row.provenance for row in rows]
    protocol = {
        "right": f"IoU > {RIGHT_ABOVE}; the first of equal logits is the answer",
        "denominators": (
            "all expressions of the split, including those without proposals; for 'acc where "
            "covered' those with a correct proposal, for 'calibration error' those with an answer"
        ),
        "intervals": f"95 %, percentiles of {ROUNDS:,} bootstrap samples of images",
        "data": _told(origins, [each.data_hash for each in origins]),
    }
    facts = [facts_of(each) for each in origins]
    for fact in sorted({fact for each in facts for fact in each}):
        protocol[fact] = _told(origins, [each.get(fact) for each in facts])
    return protocol


def facts_of(provenance: Provenance) -> dict[str, str]:
    """Return the known facts of the provenance of predictions, by the headings of tables.

    The name, the split and the data hash are not included.
    """
    proposals = provenance.proposals
    facts = {
        "corpus": provenance.corpus,
        "proposals": "" if proposals is None else str(proposals),
        "detector saw test photos": provenance.detector_exposure,
        "model hash": provenance.model_hash,
        "members": " + ".join(provenance.members),
        "weighting": provenance.weighting,
        **provenance.notes,
    }
    return {name: fact for name, fact in facts.items() if fact}


def _told(origins: Sequence[Provenance], values: Sequence[str | None]) -> str:
    """Format a value once if all origins share it, and otherwise each value with its names."""
    if len(set(values)) == 1:
        return values[0] or ""
    names = [each.name for each in origins]
    if len(set(zip(names, values, strict=True))) > len(set(names)):  # the same name with two values
        names = [f"{each.name} on {each.split}" for each in origins]
    parts = []
    for value in dict.fromkeys(values):
        whose = dict.fromkeys(name for name, its in zip(names, values, strict=True) if its == value)
        if value is not None:
            parts.append(f"{', '.join(whose)}: {value}")
    return "; ".join(parts)
