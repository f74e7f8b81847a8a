"""What ``evaluate.py`` may be told."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from vg_mc.system.launch import Precision


@dataclass(frozen=True)
class EvaluateConfig:
    """Let models choose among all candidates of every expression, and score them."""

    dataset: Path
    """Prepared dataset."""

    output: Path
    """Folder of the results: a table, a page, and SPLIT below it; with several answerers, each has
    its page and splits in NAME."""

    grounder: tuple[str, ...] = ("clip",)
    """What answers: clip, or without a model subject-match, pseudo-query, biggest-box,
    most-confident, random; subject-match-model and pseudo-query-model compare texts by a model.
    Several share one table."""

    model: tuple[str, ...] = ()
    """For clip, as for finetune.py; RUN/best is the model that a run kept. Grounders that end in
    -model also take sentence:ID_OR_FOLDER, an encoder of texts. Several share one table."""

    split: tuple[str, ...] = ("val",)
    """Splits to answer."""

    name: tuple[str, ...] = ()
    """What tables call each model, then each other grounder; RUN for RUN/best by default."""

    subset: tuple[Path, ...] = ()
    """Files of expression ids (lines or a JSON list), scored as rows of their own."""

    flip: bool = False
    """Ask about the mirrored pictures, left and right swapped: one more member of an ensemble."""

    views: tuple[str, ...] = ()
    """Views of the dataset that the grounder clip looks at; by default its first."""

    prompts: tuple[str, ...] = ("{}",)
    """How it words expressions, like "a photo of {}"; {} stands for the expression, {subject} for
    its subject alone, which spaCy finds."""

    combine: Literal["mean", "sum", "max"] = "mean"
    """What becomes of its logits, where it looks at several views or reads several wordings."""

    subtract: int = 0
    """From each logit the mean over so many other captions of the corpus is subtracted."""

    text_similarity: Literal["exact", "vectors"] = "exact"
    """How subject-match compares the subject with category names: the same name or a synonym, or
    the cosine of spaCy's vectors, which need a model that has some, like en_core_web_md."""

    place_words: bool = False
    """Words like "left" and "second from right" decide between candidates that subject-match finds
    equal."""

    captioner: str | None = None
    """What describes candidates for pseudo-query, instead of colour and category: a captioner of
    transformers, by its hub id (owner/name, or owner/name@revision) or its folder."""

    caption_view: str = "crop"
    """View of the dataset that the captioner describes."""

    spacy_model: str = "en_core_web_sm"
    """The spaCy model that finds subjects, by name or its folder."""

    features: Path | None = None
    """Folder that keeps what is encoded, for later evaluations of the same pictures and models."""

    batch_size: int | None = None
    """Pictures per forward pass; by default 256 on a GPU and 32 on a CPU."""

    mixed_precision: Precision = "no"
    """Arithmetic of the forward pass."""

    num_workers: int | None = None
    """Processes that decode pictures, per process that encodes; by default 1, with a GPU as many as
    it takes to feed it."""

    examples: int = 24
    """Expressions of each split that are shown, as many of every verdict."""

    images: Path | None = None
    """Folder of the photos, to show them on the page instead of a candidate's picture."""

    seed: int = 0
    """Seed of the grounder random, and of the captions to subtract."""
