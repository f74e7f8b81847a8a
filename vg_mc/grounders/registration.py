"""What the file of a grounder registers: a name, a class of options, and how to build it.

Such a file imports heavy libraries inside its functions only, since its options are read for
``--help``.
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

TEXTS_AT_ONCE = 256  # in a forward pass


@dataclass(frozen=True)
class EncodingOptions:
    """How images and texts are encoded."""

    features: Path | None = None
    """Folder that keeps what is encoded, for later evaluations of the same pictures and models."""

    batch_size: Annotated[int, AT_LEAST_1] | None = None
    """Pictures per forward pass; by default 256 on a GPU and 32 on a CPU."""

    mixed_precision: Precision = "no"
    """Arithmetic of the forward pass."""

    num_workers: Annotated[int, AT_LEAST_0] | None = None
    """Processes that decode pictures, per process that encodes; by default 1, with a GPU as many as
    it takes to feed it."""


Options = TypeVar("Options")


@dataclass(frozen=True, kw_only=True)
class Context:
    """What a grounder may be built from besides its own options.

    Attributes:
        processes: The processes that share the work, and their device.
        model: The value of ``--model``, empty for a grounder that takes none.
        views: The views in which candidates are available, with their properties; the first is the
            default.
        image_size: Side of candidate images; None if the model decides.
        corpus: Returns texts that tell how frequent words are.
        spacy_model: The model that finds subjects.
        seed: Of all random choices.
        precision: Of the forward pass.
        batch_size: Images per forward pass.
        num_workers: Processes that decode images.
        features: Folder of the feature cache; None for no cache.
        data_hash: Names the dataset in the cache.
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
        """The view that is shown unless the user names others."""
        return next(iter(self.views))

    def text_features(self) -> "TextFeatures":
        """Load the text tower of the model, or a sentence encoder."""
        from vg_mc.models.features.extraction import TextFeatures
        from vg_mc.models.loading import load_text_encoder

        encoder = load_text_encoder(self.model, image_size=self.image_size)
        return TextFeatures(self.processes, encoder.to(self.processes.device), TEXTS_AT_ONCE)


@dataclass(frozen=True)
class NoOptions:
    """The options of a grounder that has none."""


def _nothing(_: object, __: Context) -> None:
    """Accept any options."""


@dataclass(frozen=True, kw_only=True)
class Registration(Generic[Options]):
    """A grounder by name.

    Attributes:
        name: The value of ``--grounder``.
        options: The class of its options; grounders may share one.
        build: Builds it.
        model: What its ``--model`` must be able to read; None if it takes no model.
        scores_are_logits: Whether a softmax over its logits gives probabilities. It does not where
            logits are ranks.
        check: Raises `BadInputError` for options that make no sense, before anything is loaded.
        detail: Part of its default name in tables that tells variants apart.
        variants: Returns the options of each of its rows, usually of one, with the part of the
            row's name that is added even if the user names the grounder.
    """

    name: str
    options: type[Options]
    build: Callable[[Options, Context], AnyGrounder]
    model: Literal["images", "texts"] | None = None
    scores_are_logits: bool = False
    check: Callable[[Options, Context], None] = _nothing
    detail: Callable[[Options], str] = lambda _: ""
    variants: Callable[[Options], Sequence[tuple[Options, str]]] = lambda options: [(options, "")]
