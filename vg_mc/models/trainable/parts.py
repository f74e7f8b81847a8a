"""Classification of a dual encoder's parameters by tower and position, from their names.

All towers consist of a start (embeddings, or the stem of a ResNet), blocks, an end (norms, poolers)
and the projection into the common space, but the libraries name these differently. Partial training
and layer-wise learning rate decay depend on the position.
"""

import re
from typing import TYPE_CHECKING, Literal, NamedTuple

from torch import nn

from vg_mc.errors import BadInputError

if TYPE_CHECKING:
    from vg_mc.models.loading import Encoder

Tower = Literal["image", "text", "both"]
Place = Literal["start", "block", "end", "projection", "scale"]

TOWERS: tuple[tuple[Tower, re.Pattern[str]], ...] = (
    ("both", re.compile(r"logit_(scale|bias)$")),
    ("image", re.compile(r"(visual|vision_model|visual_projection)\.")),
    (
        "text",
        re.compile(
            r"(text|text_model|text_projection|transformer|token_embedding|ln_final)\."
            r"|(positional_embedding|text_projection)$"
        ),
    ),
)
# In CLIP's ResNets and SigLIP, pooling and projection are one module.
PROJECTION = re.compile(
    r"(visual|text)_projection|(visual|text)\.(text_projection|proj|head|attnpool|attn_pool)\b"
    r"|visual\.trunk\.(head|attn_pool)\b|(vision|text)_model\.head\b"
)
# The outermost of nested blocks is matched: a stage of a ResNet, not the layers in it.
BLOCK = re.compile(r"(?:^|\.)(?:(?:layers?|resblocks|blocks?|stages)\.|layer)(\d+)(?=\.)")
START = re.compile(
    r"embed|patch|stem\b|(cls|class|reg)_token|cls_emb|ln_pre|pre_layrnorm|norm_pre"
    r"|visual\.(trunk\.)?(conv|bn)\d"
)
END = re.compile(r"norm|ln_post|ln_final|pre_LN|pooler|transformation|final_conv", re.IGNORECASE)


class Part(NamedTuple):
    """Position of a parameter in the model.

    Attributes:
        tower: Tower that it belongs to; the logit scale and bias belong to both.
        place: Position in the tower.
        depth: Distance from the end: 0 for end, projection and scale, 1 for the last block, and so
            on; the start has the largest depth.
        block: Name of its block, empty outside of blocks.
    """

    tower: Tower
    place: Place
    depth: int
    block: str


def parts_of(encoder: "Encoder") -> dict[str, Part]:
    """Return the position of each parameter of `encoder`, by its name in ``named_parameters``.

    Raises:
        BadInputError: If a name does not match any position, or a tower has no known blocks.
    """
    prefix = "model."
    names = [name.removeprefix(prefix) for name, _ in encoder.named_parameters()]
    places = {name: _place_of(name, encoder.name) for name in names}
    blocks = {
        tower: _blocks(tower, [name for name in names if places[name] == (tower, "block")], encoder)
        for tower in ("image", "text")
    }
    parts = {}
    for name, (tower, place) in places.items():
        depth, block = 0, ""
        if place == "block":
            block = _block_of(name)
            depth = len(blocks[tower]) - blocks[tower].index(block)
        elif place == "start":
            depth = len(blocks[tower]) + 1
        parts[prefix + name] = Part(tower, place, depth, block and prefix + block)
    return parts


def layer_shares(encoder: "Encoder", decay: float) -> dict[str, float]:
    """Return the learning rate scale of each parameter, ``decay ** depth``, by name.

    Raises:
        BadInputError: If `decay` is not 1 and the position of a parameter is unknown.
    """
    if decay == 1:
        return {name: 1.0 for name, _ in encoder.named_parameters()}
    return {name: decay**part.depth for name, part in parts_of(encoder).items()}


def blocks_of(encoder: "Encoder") -> list[nn.Module]:
    """Return the blocks of both towers: layers of transformers, stages of ResNets.

    Raises:
        BadInputError: If a tower has no known blocks.
    """
    names = dict.fromkeys(part.block for part in parts_of(encoder).values() if part.block)
    return [encoder.get_submodule(name) for name in names]


def _place_of(name: str, model: str) -> tuple[Tower, Place]:
    tower = next((tower for tower, pattern in TOWERS if pattern.match(name)), None)
    if tower == "both":
        return tower, "scale"
    if tower is not None:
        if PROJECTION.match(name):
            return tower, "projection"
        if BLOCK.search(name):
            return tower, "block"
        if START.search(name):
            return tower, "start"
        if END.search(name):
            return tower, "end"
    problem = f"the position of parameter '{name}' in its tower is unknown"
    raise BadInputError(
        f"{problem}: the model can only be trained as a whole, with one learning rate", file=model
    )


def _block_of(name: str) -> str:
    match = BLOCK.search(name)
    return name[: match.end()] if match else ""


def _blocks(tower: str, names: list[str], encoder: "Encoder") -> list[str]:
    """Return the names of a tower's blocks in order."""
    if not names:
        raise BadInputError(f"the {tower} tower has no known blocks", file=encoder.name)
    numbered = {_block_of(name): int(BLOCK.search(name)[1]) for name in names}  # type: ignore[index]
    return sorted(numbered, key=lambda block: numbered[block])
