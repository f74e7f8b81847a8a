"""The description of a proposer, as an entry of a manifest and as text."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from vg_mc.proposers.choice import ProposerChoice
from vg_mc.proposers.registry import KINDS
from vg_mc.records import ANNOTATIONS

_PHRASES = {
    "source": "{}",
    "confidence": "from confidence {}",
    "nms": "NMS {}",
    "max_proposals": "at most {} boxes",
    "when_empty": "{} where empty",
    "device": "on {}",
    "detector_size": "at {} pixels",
}
_OMITTED = ("when_empty", "none")


@dataclass(frozen=True)
class ProposerDescription:
    """Settings of a proposer, or of the members of a union.

    Attributes:
        kinds: Kinds of the members, one for a single proposer.
        members: Settings of each member. Manifests of older versions have a single entry with the
            settings of all members.
    """

    kinds: tuple[str, ...]
    members: Sequence[Mapping[str, Any]]

    @classmethod
    def of(cls, choice: ProposerChoice) -> Self:
        """Create the description of a proposer; files are listed without their folders."""
        kinds = tuple(member.kind for member in choice.members)
        members = [
            {"kind": member.kind, **KINDS[member.kind].settings(member)}
            for member in choice.members
        ]
        return cls(kinds, members)

    @classmethod
    def read(cls, entry: Mapping[str, Any]) -> Self:
        """Create the description from an entry written by `to_manifest`."""
        return cls(tuple(entry["kind"].split("+")), entry.get("members", [entry]))

    def to_manifest(self) -> dict[str, Any]:
        """Return the entry of a manifest."""
        if len(self.members) == 1:
            return dict(self.members[0])
        return {"kind": "+".join(self.kinds), "members": [dict(one) for one in self.members]}

    @property
    def annotated(self) -> bool:
        """Whether annotated boxes are among the proposals."""
        return ANNOTATIONS in self.kinds

    @property
    def trained(self) -> bool:
        """Whether the boxes depend on images that a detector was trained on."""
        return any(kind not in KINDS or KINDS[kind].trained for kind in self.kinds)

    def __str__(self) -> str:
        """Return the settings as text, without those that have no effect."""
        return " + ".join(map(_in_words, self.members))


def _in_words(settings: Mapping[str, Any]) -> str:
    described = [
        _PHRASES.get(name, f"{name.replace('_', ' ')} {{}}").format(value)
        for name, value in settings.items()
        if name != "kind" and value is not None and (name, value) != _OMITTED
    ]
    return ", ".join([str(settings["kind"]), *described])
