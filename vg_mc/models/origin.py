"""Source and licence of pretrained weights, for the model card; without network access.

A fine-tuned model inherits the licence terms of its base model, so its card must name both.
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
    """The weights that a training run started from.

    Attributes:
        name: As given by the user; only the last two parts of a folder or file.
        is_random: True if the weights were initialised at random.
        hub_id: Id on the hub, empty if unknown.
        licence: Licence named in the model card, empty if unknown.
    """

    name: str
    is_random: bool = False
    hub_id: str = ""
    licence: str = ""


def origin_of(name: str) -> Origin:
    """Return the origin of the model that `load_encoder` loads by this name."""
    if name in RANDOM_STARTS:
        return Origin(name, is_random=True)
    folder = Path(name)
    if folder.is_dir():
        head = _head(folder / "README.md")
        shown = "/".join(folder.resolve().parts[-2:])
        base = _hub_id(_text(head, "base_model") or _base_of_adapter(folder))
        return Origin(shown, hub_id=base, licence=_text(head, "license") or _cached(base))
    if name.startswith("open_clip:"):
        checkpoint = _checkpoint(name.removeprefix("open_clip:"))
        if checkpoint is not None:
            return checkpoint
        hub_id = _hub_id_of_open_clip(name.removeprefix("open_clip:"))
        return Origin(name, is_random=hub_id is None, hub_id=hub_id or "", licence=_cached(hub_id))
    return Origin(name, hub_id=name, licence=_cached(name))


def _hub_id_of_open_clip(name: str) -> str | None:
    """Return the hub id, empty if there is none; None for randomly initialised weights."""
    if name.startswith("hf-hub:"):
        return name.removeprefix("hf-hub:")
    architecture, _, tag = name.partition("/")
    if not tag:
        return None
    published = get_pretrained_cfg(architecture, tag).get("hf_hub", "")
    found = HUB_ID.match(published)  # some entries also name a file
    return found[0] if found else ""


def _base_of_adapter(folder: Path) -> str:
    from vg_mc.models.adapter_folders import base_of
    from vg_mc.models.folders import ADAPTER_CONFIG

    return base_of(folder) if (folder / ADAPTER_CONFIG).is_file() else ""


def _hub_id(name: str) -> str:
    """Return a name if it is a hub id, and not that of a folder of the user."""
    return name if HUB_ID.fullmatch(name) and not Path(name).is_dir() else ""


def _checkpoint(name: str) -> Origin | None:
    """Return the origin of a local checkpoint, which its training may have started from a tag's."""
    from vg_mc.models.openclip_loading import parse_builtin

    chosen = None if name.startswith("hf-hub:") else parse_builtin(name)
    if chosen is None or chosen.checkpoint is None:
        return None
    weights = f"{chosen.architecture}/{chosen.tag}" if chosen.tag else chosen.architecture
    hub_id = _hub_id_of_open_clip(weights) or ""
    shown = "/".join(chosen.checkpoint.resolve().parts[-2:])
    return Origin(f"open_clip:{weights}/{shown}", hub_id=hub_id, licence=_cached(hub_id))


def _cached(hub_id: str | None) -> str:
    card = try_to_load_from_cache(hub_id, "README.md") if hub_id else None
    return _text(_head(Path(card)), "license") if isinstance(card, str) else ""


def _head(card: Path) -> dict[str, object]:
    """Read the metadata of a model card; an invalid card has none."""
    try:
        return metadata_load(card) or {}
    except (OSError, ValueError, yaml.YAMLError):
        return {}


def _text(head: dict[str, object], key: str) -> str:
    value = head.get(key)
    return value if isinstance(value, str) else ""
