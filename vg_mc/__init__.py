"""Referring expression comprehension as multiple choice: CLIP picks the drawn region proposal."""

from typing import TYPE_CHECKING

from vg_mc.system.versions import __version__

if TYPE_CHECKING:
    from vg_mc.inference import Answer, Grounder, Question

__all__ = ["Answer", "Grounder", "Question", "__version__"]


def __getattr__(name: str) -> object:
    """Import what points at objects when it is first asked for: torch takes seconds."""
    if name not in {"Answer", "Grounder", "Question"}:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from vg_mc import inference

    return getattr(inference, name)
