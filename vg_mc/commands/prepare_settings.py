"""From the flags of ``prepare_data.py`` to settings: what each may be, and what fits together."""

from dataclasses import replace
from typing import TYPE_CHECKING

from vg_mc.faults import BadInputError
from vg_mc.hub_folders import MODEL, local_or_fetched
from vg_mc.preparation.settings import (
    EVERY_OVERLAP,
    KINDS,
    MOST_JITTER,
    UNITED_OVERLAP,
    Drawing,
    PreparationSettings,
    ProposerChoice,
    united,
)
from vg_mc.records import TRAIN_SPLIT, Corpus
from vg_mc.views import View, choose_views

NOT_ASKED = "it is for the proposer {}, which no split is to get"

if TYPE_CHECKING:
    from vg_mc.commands.prepare_data import PrepareConfig  # which imports this module


def check_flags(config: "PrepareConfig") -> None:
    """Refuse flags that make no sense, alone or together, before any work is done.

    Raises:
        BadInputError: Naming the first such flag.
    """
    for name in ("image_size", "detector_size", "num_workers", "scenes", "max_proposals"):
        value = getattr(config, name)
        if value is not None and value < 1:
            flag = f"--{name.replace('_', '-')}"
            raise BadInputError(f"expected 1 or more, not {value}", record=flag)
    for name in ("confidence", "nms"):
        value = getattr(config, name)
        if value is not None and not 0 <= value <= 1:
            raise BadInputError(f"expected 0 to 1, not {value}", record=f"--{name}")
    for_train = kinds_of(config.train_proposer, "--train-proposer")
    asked = {*for_train, *kinds_of(config.proposer, "--proposer")}
    _check_sources(config, asked)
    _check_jitter(config, for_train)
    _views(config)


def _check_sources(config: "PrepareConfig", asked: set[str]) -> None:
    """Look for a flag without its proposer, a proposer without its flag, a missing file."""
    for kind, flag, given in (
        ("yolo", "--weights", config.weights),
        ("transformers", "--detector", config.detector),
        ("stored", "--proposals", config.proposals),
    ):
        if kind in asked and given is None:
            raise BadInputError(f"the proposer {kind} needs {flag}", record="--proposer")
        if kind not in asked and given is not None:
            raise BadInputError(NOT_ASKED.format(kind), record=flag)
        if given is not None and flag != "--detector" and not given.is_file():
            raise BadInputError("there is no such file", file=given, record=flag)
    if config.detector_size is not None and "yolo" not in asked:
        raise BadInputError(NOT_ASKED.format("yolo"), record="--detector-size")


def kinds_of(text: str, flag: str) -> tuple[str, ...]:
    """Take ``yolo+stored`` apart.

    Raises:
        BadInputError: If a kind is unknown, or named twice.
    """
    kinds = tuple(text.split("+"))
    for kind in kinds:
        if kind not in KINDS:
            problem = f"no proposer is called {kind!r}; there are {', '.join(KINDS)}"
            raise BadInputError(f"{problem}, and several joined by +", record=flag)
    if len(set(kinds)) < len(kinds):
        raise BadInputError(f"expected each proposer once, not {text}", record=flag)
    return kinds


def _check_jitter(config: "PrepareConfig", for_train: tuple[str, ...]) -> None:
    if not 0 <= config.jitter < MOST_JITTER:
        problem = f"expected 0 to less than {MOST_JITTER}, not {config.jitter}"
        raise BadInputError(problem, record="--jitter")
    if config.jitter and "annotations" not in for_train:
        problem = f"it moves annotated boxes, and train gets those of {config.train_proposer}"
        raise BadInputError(problem, record="--jitter")
    if config.seed < 0:
        raise BadInputError(f"expected 0 or more, not {config.seed}", record="--seed")


def settings_of(config: "PrepareConfig", corpus: Corpus) -> PreparationSettings:
    """Turn flags into settings; a detector of the hub is fetched.

    Raises:
        BadInputError: If it cannot be.
    """
    return PreparationSettings(
        drawing=Drawing(views=_views(config), image_size=config.image_size, fit=config.fit),
        train_proposer=united(
            tuple(
                _proposer(kind, config, jitter=config.jitter)
                for kind in kinds_of(config.train_proposer, "--train-proposer")
            )
        ),
        proposer=united(
            tuple(_proposer(kind, config) for kind in kinds_of(config.proposer, "--proposer"))
        ),
        splits=tuple(dict.fromkeys(config.splits)) or splits_of(corpus),
        skip_bad=config.on_error == "skip",
    )


def splits_of(corpus: Corpus) -> tuple[str, ...]:
    """Return the splits of a corpus, train first, the others in the order of their records."""
    found = dict.fromkeys(expression.split for expression in corpus.expressions)
    return tuple(sorted(found, key=lambda split: split != TRAIN_SPLIT))


def _views(config: "PrepareConfig") -> dict[str, View]:
    properties = {
        name: getattr(config, name) for name in ("color", "opacity", "outline", "context")
    }
    changes = {name: value for name, value in properties.items() if value is not None}
    try:
        return choose_views(config.views, changes)
    except ValueError as error:
        raise BadInputError(str(error), record="--views") from error


def _proposer(kind: str, config: "PrepareConfig", jitter: float = 0.0) -> ProposerChoice:
    if kind == "annotations":
        return ProposerChoice(kind, jitter=jitter, seed=config.seed if jitter else 0)
    choice = ProposerChoice(
        kind,
        config.weights if kind == "yolo" else config.proposals,
        confidence=config.confidence,
        device=config.device,
        nms=_overlap(config),
        max_proposals=config.max_proposals,
        when_empty=config.when_empty,
    )
    if kind == "transformers" and config.detector is not None:
        folder = local_or_fetched(config.detector, "model", MODEL)
        is_id = folder != config.detector
        model = config.detector.as_posix() if is_id else folder.resolve().name
        return replace(choice, source=folder, model=model)
    return replace(choice, detector_size=config.detector_size) if kind == "yolo" else choice


def _overlap(config: "PrepareConfig") -> float:
    """Return the highest IoU of two detections: one for all, so that proposers can be compared."""
    if config.nms is not None:
        return config.nms
    several = "+" in config.proposer or "+" in config.train_proposer
    return UNITED_OVERLAP if several else EVERY_OVERLAP
