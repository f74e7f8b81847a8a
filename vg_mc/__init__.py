"""Referring expression comprehension as multiple choice among region proposals, with CLIP."""

from typing import TYPE_CHECKING

from vg_mc.system.versions import __version__

if TYPE_CHECKING:
    from vg_mc.inference import Answer, Grounder, Question

__all__ = ["Answer", "Grounder", "Question", "__version__"]


def __getattr__(name: str) -> object:
    """Import the classes of `vg_mc.inference` on first access, since importing torch is slow."""
    if name not in {"Answer", "Grounder", "Question"}:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from vg_mc import inference

    return getattr(inference, name)
