"""Where the weights of a model come from, as far as this machine can tell without asking anybody.

A fine-tuned model inherits the terms of the model that it started from, so its card must name both.
"""

import re
from dataclasses import dataclass
from pathlib import Path

import yaml
from huggingface_hub import metadata_load, try_to_load_from_cache
from open_clip.pretrained import get_pretrained_cfg

RANDOM_STARTS = ("tiny-vit", "tiny-resnet")
HUB_ID = re.compile(r"[\w.-]+/[\w.-]+")


@dataclass(frozen=True, slots=True)
class Origin:
    """What a model started from.

    Attributes:
        name: As the user called it; of a folder only the last two parts, and none of the machine.
        is_random: Whether it started from no weights of anybody.
        hub_id: Its name on the hub, empty where unknown.
        licence: As its own card says, empty where unknown.
    """

    name: str
    is_random: bool = False
    hub_id: str = ""
    licence: str = ""


def origin_of(name: str) -> Origin:
    """Return the origin of what `load_encoder` loads under `name`."""
    if name in RANDOM_STARTS:
        return Origin(name, is_random=True)
    folder = Path(name)
    if folder.is_dir():
        head = _head(folder / "README.md")
        shown = "/".join(folder.resolve().parts[-2:])
        return Origin(shown, hub_id=_text(head, "base_model"), licence=_text(head, "license"))
    if name.startswith("open_clip:"):
        hub_id = _hub_id_of_open_clip(name.removeprefix("open_clip:"))
        return Origin(name, is_random=hub_id is None, hub_id=hub_id or "", licence=_cached(hub_id))
    return Origin(name, hub_id=name, licence=_cached(name))


def _hub_id_of_open_clip(name: str) -> str | None:
    """Return the name on the hub, empty where there is none; None for a random start."""
    if name.startswith("hf-hub:"):
        return name.removeprefix("hf-hub:")
    architecture, _, tag = name.partition("/")
    if not tag:
        return None
    published = get_pretrained_cfg(architecture, tag).get("hf_hub", "")
    found = HUB_ID.match(published)  # some name a file behind the model
    return found[0] if found else ""


def _cached(hub_id: str | None) -> str:
    card = try_to_load_from_cache(hub_id, "README.md") if hub_id else None
    return _text(_head(Path(card)), "license") if isinstance(card, str) else ""


def _head(card: Path) -> dict[str, object]:
    """Read the head of a card; strangers write cards, and a wrong one tells nothing."""
    try:
        return metadata_load(card) or {}
    except (OSError, ValueError, yaml.YAMLError):
        return {}


def _text(head: dict[str, object], key: str) -> str:
    value = head.get(key)
    return value if isinstance(value, str) else ""
