"""A proposer in words: the same part of a sentence on cards, in tables and on pages."""

import re
from collections.abc import Mapping

_PHRASES = {
    "source": "{}",
    "confidence": "from confidence {}",
    "nms": "NMS {}",
    "max_proposals": "at most {} boxes",
    "when_empty": "{} where empty",
    "device": "on {}",
    "detector_size": "at {} pixels",
}
_UNSAID = ("when_empty", "none")

# Evaluations once kept names and values as they came: "kind yolo source best.pt nms None".
_NAMES = "kind|jitter|seed|source|confidence|nms|max_proposals|when_empty|device|detector_size"
_OLD_NAME = re.compile(rf"(?:^| )({_NAMES}|transformers|ultralytics) ")


def proposer_in_words(settings: Mapping[str, object]) -> str:
    """Tell the settings of a proposer, as a manifest has them; what changes nothing is left out."""
    said = [
        _PHRASES.get(name, f"{name.replace('_', ' ')} {{}}").format(value)
        for name, value in settings.items()
        if name != "kind" and value is not None and (name, value) != _UNSAID
    ]
    return ", ".join([str(settings["kind"]), *said])


def reworded(proposals: str) -> str:
    """Return what `proposer_in_words` says of a proposer that an older evaluation wrote down."""
    if not proposals.startswith("kind "):
        return proposals
    _, *parts = _OLD_NAME.split(proposals)
    settings = dict(zip(parts[::2], parts[1::2], strict=True))
    return proposer_in_words({name: said for name, said in settings.items() if said != "None"})
