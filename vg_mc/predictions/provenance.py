"""Provenance of predictions: typed values for programs, and notes for readers.

Tables and pages render it (`vg_mc.reports.tables.protocol`); rendered text is never parsed.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from vg_mc.proposers.description import ProposerDescription


@dataclass(frozen=True, slots=True)
class Provenance:
    """Data, model and settings that predictions are based on.

    Attributes:
        name: Name of the model or ensemble in tables.
        split: The split that was answered.
        data_hash: Identifies the prepared dataset, images included.
        corpus: Name of the corpus, empty if unknown.
        proposals: Proposer of the candidates; None if unknown, or for a model without candidates.
        detector_exposure: Whether the detector was trained on the test images, empty if unknown.
        model_hash: Identifies the weights and the precision of the model, empty without weights.
        members: Names of the members of an ensemble.
        weighting: Description of the weights of members.
        notes: Further information for readers, such as prompts and versions.
    """

    name: str
    split: str
    data_hash: str
    corpus: str = ""
    proposals: ProposerDescription | None = None
    detector_exposure: str = ""
    model_hash: str = ""
    members: tuple[str, ...] = ()
    weighting: str = ""
    notes: Mapping[str, str] = field(default_factory=dict)


def to_json(provenance: Provenance) -> dict[str, Any]:
    """Return a provenance as JSON values."""
    proposals = provenance.proposals
    entry = None if proposals is None else proposals.to_manifest()
    return asdict(provenance) | {"proposals": entry}


def from_json(stored: Mapping[str, Any]) -> Provenance:
    """Convert the values of `to_json` back.

    Raises:
        KeyError: If an entry is missing.
        TypeError: If an entry is unknown or of another type.
    """
    entry = stored["proposals"]
    read = {
        **stored,
        "proposals": None if entry is None else ProposerDescription.read(entry),
        "members": tuple(stored["members"]),
        "notes": dict(stored["notes"]),
    }
    return Provenance(**read)
