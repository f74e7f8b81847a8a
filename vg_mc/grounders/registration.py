"""Registration of grounders: name, options class and build function, and the context for building.

Modules that define a registration import heavy libraries inside functions, since ``--help`` reads
their options.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Generic, Literal, TypeVar

from vg_mc.grounders.protocol import AnyGrounder
from vg_mc.system.launch import Precision
from vg_mc.system.options import AT_LEAST_0, AT_LEAST_1

if TYPE_CHECKING:
    from vg_mc.models.features.extraction import TextFeatures
    from vg_mc.system.processes import Processes

TEXTS_AT_ONCE = 256  # texts per forward pass


@dataclass(frozen=True)
class EncodingOptions:
    """Options for encoding images and texts."""

    features: Path | None = None
    """Folder of the feature cache, which later evaluations of the same images and models reuse."""

    batch_size: Annotated[int, AT_LEAST_1] | None = None
    """Images per forward pass; by default 256 on a GPU and 32 on a CPU."""

    mixed_precision: Precision = "no"
    """Precision of the forward pass."""

    num_workers: Annotated[int, AT_LEAST_0] | None = None
    """Processes that decode images, per process that encodes; by default 1 on a CPU, and enough to
    keep a GPU busy."""


Options = TypeVar("Options")


@dataclass(frozen=True, kw_only=True)
class Context:
    """Resources from which a grounder is built, besides its options.

    Attributes:
        processes: The processes that share the work, and their device.
        model: The value of ``--model``; empty for a grounder without a model.
        views: The available views of candidates, with their properties; the first is the default.
        image_size: Side of candidate images in pixels; None if the model decides.
        corpus: Returns texts from which word frequencies are computed.
        spacy_model: The spaCy model that finds subjects.
        seed: Seed of all random choices.
        precision: Precision of the forward pass.
        batch_size: Number of images per forward pass.
        num_workers: Number of processes that decode images.
        features: Folder of the feature cache; None for no cache.
        data_hash: Hash of the dataset, part of the key of the cache.
    """

    processes: "Processes"
    model: str
    views: Mapping[str, Mapping[str, Any]]
    image_size: int | None
    corpus: Callable[[], list[str]]
    spacy_model: str
    seed: int
    precision: str = "no"
    batch_size: int = 64
    num_workers: int = 0
    features: Path | None = None
    data_hash: str = ""

    @property
    def first_view(self) -> str:
        """The default view."""
        return next(iter(self.views))

    def text_features(self) -> "TextFeatures":
        """Load the text tower of the model, or a sentence encoder."""
        from vg_mc.models.features.extraction import TextFeatures
        from vg_mc.models.loading import load_text_encoder

        encoder = load_text_encoder(self.model, image_size=self.image_size)
        return TextFeatures(self.processes, encoder.to(self.processes.device), TEXTS_AT_ONCE)


@dataclass(frozen=True)
class NoOptions:
    """Options class of a grounder without options."""


def _nothing(_: object, __: Context) -> None:
    """Accept any options."""


@dataclass(frozen=True, kw_only=True)
class Registration(Generic[Options]):
    """A grounder that can be selected by name.

    Attributes:
        name: The value of ``--grounder``.
        options: The options class; grounders may share one.
        build: Builds the grounder.
        model: The modality that its ``--model`` must encode; None if it takes no model.
        scores_are_logits: Whether a softmax over its logits gives probabilities; False if the
            logits are ranks.
        predicts_boxes: Whether it predicts boxes and takes no candidates.
        check: Raises `BadInputError` for invalid options, before anything is loaded.
        detail: Returns the part of its default name that distinguishes variants in tables.
        variants: Returns the options of each of its rows, usually one, and a suffix of the row's
            name, which is also appended to names given by the user.
    """

    name: str
    options: type[Options]
    build: Callable[[Options, Context], AnyGrounder]
    model: Literal["images", "texts"] | None = None
    scores_are_logits: bool = False
    predicts_boxes: bool = False
    check: Callable[[Options, Context], None] = _nothing
    detail: Callable[[Options], str] = lambda _: ""
    variants: Callable[[Options], Sequence[tuple[Options, str]]] = lambda options: [(options, "")]
