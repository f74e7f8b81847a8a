"""Token features of dual encoders: image tokens of chosen layers, and projected text tokens.

Layers are the blocks of the image tower, numbered from 1: transformer layers or, in a ResNet,
stages. Their outputs are taken as they are, without final normalisation or projection.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from math import isqrt
from typing import TYPE_CHECKING, Any, NamedTuple

from torch import Tensor, nn

from vg_mc.errors import BadInputError
from vg_mc.models.dual_encoder import TokenBatch
from vg_mc.models.trainable.parts import parts_of

if TYPE_CHECKING:
    from vg_mc.models.huggingface import HuggingFaceEncoder
    from vg_mc.models.loading import Encoder
    from vg_mc.models.openclip import OpenClipEncoder


class ImageTokens(NamedTuple):
    """Output of one layer of an image tower.

    Attributes:
        tokens: Prefix tokens, such as the class token, followed by the grid in row-major order.
        grid: Height and width of the grid.
    """

    tokens: Tensor  # (N, P + height * width, W)
    grid: tuple[int, int]

    @property
    def prefix_count(self) -> int:
        """Number of prefix tokens."""
        return self.tokens.shape[1] - self.grid[0] * self.grid[1]

    @property
    def feature_map(self) -> Tensor:  # (N, W, height, width)
        """The grid without prefix tokens, as a feature map."""
        height, width = self.grid
        patches = self.tokens[:, self.prefix_count :].transpose(1, 2)
        return patches.reshape(*patches.shape[:2], height, width)


class ClipTokens:
    """Features of single tokens of a dual encoder, all of them differentiable.

    It shares the weights of the encoder and stores nothing else.

    Attributes:
        layer_count: Number of layers of the image tower.
    """

    def __init__(self, encoder: "Encoder") -> None:
        """Find the layers of the image tower.

        Raises:
            BadInputError: If they are unknown.
        """
        self._encoder = encoder
        depths = {part.block: part.depth for part in _image_parts(encoder) if part.block}
        self._layers = sorted(depths, key=lambda name: -depths[name])
        self.layer_count = len(self._layers)

    def image_tokens(
        self,
        pictures: Tensor,  # (N, 3, H, W) uint8
        layers: Sequence[int],
    ) -> list[ImageTokens]:
        """Return the outputs of layers, from 1 to `layer_count`, in the order of `layers`.

        Raises:
            ValueError: If a layer does not exist.
        """
        unknown = [layer for layer in layers if not 1 <= layer <= self.layer_count]
        if unknown:
            raise ValueError(f"expected layers from 1 to {self.layer_count}, got {unknown[0]}")
        modules = {
            layer: self._encoder.get_submodule(self._layers[layer - 1]) for layer in set(layers)
        }
        with _recorded(modules) as outputs:
            self._encoder.encode_images(pictures)
        return [_as_tokens(outputs[layer]) for layer in layers]

    def text_tokens(self, tokens: TokenBatch) -> tuple[Tensor, Tensor]:
        """Return projected token features (B, T, D), not normalised, and their mask (B, T), bool.

        Raises:
            BadInputError: If the text tower does not project single tokens.
        """
        from vg_mc.models.openclip import OpenClipEncoder

        if isinstance(self._encoder, OpenClipEncoder):
            features = _openclip_text_tokens(self._encoder, tokens.token_ids)
        else:
            features = _huggingface_text_tokens(self._encoder, tokens)
        return features, tokens.attention_mask.to(features.device, non_blocking=True).bool()


def _image_parts(encoder: "Encoder") -> Iterator[Any]:
    return (part for part in parts_of(encoder).values() if part.tower == "image")


@contextmanager
def _recorded(modules: dict[int, nn.Module]) -> Iterator[dict[int, Tensor]]:
    """Record the outputs of modules while the context is active."""
    outputs: dict[int, Tensor] = {}

    def record(layer: int) -> Any:  # noqa: ANN401  # a hook
        def hook(_module: nn.Module, _inputs: object, output: Any) -> None:  # noqa: ANN401
            outputs[layer] = output[0] if isinstance(output, tuple) else output

        return hook

    hooks = [module.register_forward_hook(record(layer)) for layer, module in modules.items()]
    try:
        yield outputs
    finally:
        for hook in hooks:
            hook.remove()


def _as_tokens(output: Tensor) -> ImageTokens:
    """Return a feature map (N, W, H, W') or tokens (N, T, W) as `ImageTokens`."""
    if output.ndim == 4:
        return ImageTokens(output.flatten(2).transpose(1, 2), (output.shape[2], output.shape[3]))
    side = isqrt(output.shape[1])  # images are square, and prefix tokens few
    return ImageTokens(output, (side, side))


def _huggingface_text_tokens(encoder: "HuggingFaceEncoder", tokens: TokenBatch) -> Tensor:
    model = encoder.model
    if model.config.model_type not in ("clip", "siglip", "siglip2"):
        raise BadInputError("does not project single text tokens", file=encoder.name)
    mask = tokens.attention_mask.to(model.device, non_blocking=True) if encoder.needs_mask else None
    hidden = model.text_model(
        input_ids=tokens.token_ids.to(model.device, non_blocking=True), attention_mask=mask
    ).last_hidden_state
    projection = getattr(model, "text_projection", None) or model.text_model.head
    features: Tensor = projection(hidden)
    return features


def _openclip_text_tokens(encoder: "OpenClipEncoder", token_ids: Tensor) -> Tensor:
    """Run the text tower without pooling; open_clip itself has no such option."""
    tower = getattr(encoder.model, "text", encoder.model)
    if not hasattr(tower, "ln_final") or getattr(tower, "cls_emb", None) is not None:
        raise BadInputError("does not project single text tokens", file=encoder.name)
    count, dtype = token_ids.shape[1], tower.transformer.get_cast_dtype()
    embeddings = tower.token_embedding(token_ids.to(encoder.normalize.mean.device)).to(dtype)
    positions = tower.positional_embedding[:count].to(dtype)
    mask = None if tower.attn_mask is None else tower.attn_mask[:count, :count]
    hidden = tower.ln_final(tower.transformer(embeddings + positions, attn_mask=mask))
    projection = tower.text_projection
    if projection is None:
        return hidden  # type: ignore[no-any-return]
    return projection(hidden) if isinstance(projection, nn.Linear) else hidden @ projection  # type: ignore[no-any-return]
