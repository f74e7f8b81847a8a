"""From the flags of ``prepare_data.py`` to settings: what each may be, and what fits together."""

from typing import TYPE_CHECKING

from vg_mc.faults import BadInputError
from vg_mc.markers import Marker, choose_marker
from vg_mc.preparation.settings import (
    KINDS,
    MOST_JITTER,
    Drawing,
    PreparationSettings,
    ProposerChoice,
    united,
)
from vg_mc.records import TRAIN_SPLIT, Corpus

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
        if not 0 <= getattr(config, name) <= 1:
            raise BadInputError(f"expected 0 to 1, not {getattr(config, name)}", record=f"--{name}")
    for_train = kinds_of(config.train_proposer, "--train-proposer")
    asked = {*for_train, *kinds_of(config.proposer, "--proposer")}
    for kind, flag, file in (
        ("yolo", "--weights", config.weights),
        ("stored", "--proposals", config.proposals),
    ):
        if kind in asked and file is None:
            raise BadInputError(f"the proposer {kind} needs {flag}", record="--proposer")
        if kind not in asked and file is not None:
            problem = f"it is for the proposer {kind}, which no split is to get"
            raise BadInputError(problem, record=flag)
        if file is not None and not file.is_file():
            raise BadInputError("there is no such file", file=file, record=flag)
    _check_jitter(config, for_train)
    _marker(config)


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
    """Turn flags into settings."""
    return PreparationSettings(
        drawing=Drawing(marker=_marker(config), image_size=config.image_size, fit=config.fit),
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


def _marker(config: "PrepareConfig") -> Marker:
    try:
        return choose_marker(
            config.marker, color=config.color, opacity=config.opacity, outline=config.outline
        )
    except ValueError as error:
        raise BadInputError(str(error), record="--marker") from error


def _proposer(kind: str, config: "PrepareConfig", jitter: float = 0.0) -> ProposerChoice:
    if kind == "annotations":
        return ProposerChoice(kind, jitter=jitter, seed=config.seed if jitter else 0)
    source = config.weights if kind == "yolo" else config.proposals
    return ProposerChoice(
        kind,
        source,
        confidence=config.confidence,
        detector_size=config.detector_size,
        device=config.device,
        nms=config.nms,
        max_proposals=config.max_proposals,
        when_empty=config.when_empty,
    )
