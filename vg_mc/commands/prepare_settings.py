"""From the flags of ``prepare_data.py`` to settings: what each may be, and what fits together."""

from dataclasses import fields

from vg_mc.boxes.transforms import LongerSide
from vg_mc.errors import BadInputError
from vg_mc.flags.predict import PredictConfig
from vg_mc.flags.prepare_data import PrepareConfig
from vg_mc.images import View, choose_views
from vg_mc.prepared.build.settings import Drawing, PreparationSettings
from vg_mc.proposers.choice import (
    DETECTORS,
    MOST_JITTER,
    NO_CANDIDATES,
    ProposerChoice,
    united,
)
from vg_mc.proposers.naming import Finding, check_finding, kinds_of, member_of
from vg_mc.records import TRAIN_SPLIT, Corpus
from vg_mc.system.launch import require_device


def check_flags(config: PrepareConfig) -> None:
    """Refuse flags that make no sense, alone or together, before any work is done.

    Raises:
        BadInputError: Naming the first such flag.
    """
    for name in ("image_size", "num_workers", "scenes", "whole_images"):
        value = getattr(config, name)
        if value is not None and value < 1:
            flag = f"--{name.replace('_', '-')}"
            raise BadInputError(f"expected 1 or more, not {value}", record=flag)
    for_train = kinds_of(config.train_proposer, "--train-proposer")
    asked = {*for_train, *kinds_of(config.proposer, "--proposer")}
    if asked == {NO_CANDIDATES} and config.whole_images is None:
        problem = f"a dataset without candidates needs --whole-images, not {NO_CANDIDATES} alone"
        raise BadInputError(problem, record="--proposer")
    check_finding(finding_of(config), asked)
    if asked & set(DETECTORS):
        require_device(config.device)
    _check_jitter(config, for_train)
    _views(config)


def _check_jitter(config: PrepareConfig, for_train: tuple[str, ...]) -> None:
    if not 0 <= config.jitter < MOST_JITTER:
        problem = f"expected 0 to less than {MOST_JITTER}, not {config.jitter}"
        raise BadInputError(problem, record="--jitter")
    if config.jitter and "annotations" not in for_train:
        problem = f"it moves annotated boxes, and train gets those of {config.train_proposer}"
        raise BadInputError(problem, record="--jitter")
    if config.seed < 0:
        raise BadInputError(f"expected 0 or more, not {config.seed}", record="--seed")


def settings_of(config: PrepareConfig, corpus: Corpus) -> PreparationSettings:
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
        whole_images=None if config.whole_images is None else LongerSide(config.whole_images),
    )


def splits_of(corpus: Corpus) -> tuple[str, ...]:
    """Return the splits of a corpus, train first, the others in the order of their records."""
    found = dict.fromkeys(expression.split for expression in corpus.expressions)
    return tuple(sorted(found, key=lambda split: split != TRAIN_SPLIT))


def _views(config: PrepareConfig) -> dict[str, View]:
    properties = {
        name: getattr(config, name) for name in ("color", "opacity", "outline", "context")
    }
    changes = {name: value for name, value in properties.items() if value is not None}
    try:
        return choose_views(config.views, changes)
    except ValueError as error:
        raise BadInputError(str(error), record="--views") from error


def _proposer(kind: str, config: PrepareConfig, jitter: float = 0.0) -> ProposerChoice:
    if kind == NO_CANDIDATES:
        return ProposerChoice(kind)
    if kind == "annotations":
        return ProposerChoice(kind, jitter=jitter, seed=config.seed if jitter else 0)
    finding = finding_of(config)
    # One overlap for all, so that proposers can be compared.
    several = "+" in config.proposer or "+" in config.train_proposer
    return member_of(kind, finding, finding.overlap(several=several))


def finding_of(config: PrepareConfig | PredictConfig) -> Finding:
    """Return what the flags say of detections."""
    return Finding(**{one.name: getattr(config, one.name) for one in fields(Finding)})
