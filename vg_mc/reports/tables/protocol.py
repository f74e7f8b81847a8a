"""How numbers came about: without it they cannot be compared with anybody's."""

from collections.abc import Sequence
from typing import Protocol

from vg_mc.metrics import RIGHT_ABOVE
from vg_mc.metrics.resampling import ROUNDS
from vg_mc.predictions import Provenance


class Described(Protocol):
    """Rows of a table, and the predictions that they are computed from."""

    @property
    def provenance(self) -> Provenance:
        """What was answered, and by what."""
        ...


def protocol_of(rows: Sequence[Described]) -> dict[str, str]:
    """Return how the numbers of a table came about; facts that differ name their models.

    Args:
        rows: All rows of the table, ensembles included; models are told apart by their names.
    """
    origins = [row.provenance for row in rows]
    protocol = {
        "right": f"IoU > {RIGHT_ABOVE}; the first of equal logits is the answer",
        "denominators": (
            "all expressions of the split, also those without proposals; "
            "covered ones for 'acc where covered', answered ones for 'calibration error'"
        ),
        "intervals": f"95 %, percentiles of {ROUNDS:,} draws of photos",
        "data": _told(origins, [each.data_hash for each in origins]),
    }
    facts = [facts_of(each) for each in origins]
    for fact in sorted({fact for each in facts for fact in each}):
        protocol[fact] = _told(origins, [each.get(fact) for each in facts])
    return protocol


def facts_of(provenance: Provenance) -> dict[str, str]:
    """Render the provenance of predictions, by the headings of tables; what is unknown is left out.

    The name, the split and the data hash are not part of it.
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
    """Spell a value once where all share it, and else say whose each one is."""
    if len(set(values)) == 1:
        return values[0] or ""
    names = [each.name for each in origins]
    if len(set(zip(names, values, strict=True))) > len(set(names)):  # one name, two values
        names = [f"{each.name} on {each.split}" for each in origins]
    parts = []
    for value in dict.fromkeys(values):
        whose = dict.fromkeys(name for name, its in zip(names, values, strict=True) if its == value)
        if value is not None:
            parts.append(f"{', '.join(whose)}: {value}")
    return "; ".join(parts)
