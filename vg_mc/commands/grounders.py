"""What ``--grounder`` offers: each name, and how it is built when it is asked for.

A grounder is added by a function here that imports its class, and a line in `GROUNDERS`. That of
pictures is apart: evaluate.py builds it for the views of a dataset, predict for what it draws.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from vg_mc.commands.request import Request
from vg_mc.commands.word_grounders import pseudo_query, subject_match
from vg_mc.errors import BadInputError

if TYPE_CHECKING:
    from vg_mc.grounders.protocol import Scorer


PICTURES = "clip"  # the grounder that looks at pictures by a model


class Answerer(NamedTuple):
    """One row of the table, before anything is loaded.

    Attributes:
        grounder: Its name in `GROUNDERS`.
        model: What `--model` says, empty for a grounder that takes none.
        name: How tables call it.
    """

    grounder: str
    model: str
    name: str


def answerers(
    grounders: Sequence[str], models: Sequence[str], captioner: str | None = None
) -> list[Answerer]:
    """Return one answerer per grounder, for a grounder with a model one per model.

    Raises:
        BadInputError: If a name is unknown or comes twice, or models are missing or of no use, or
            the captioner is.
    """
    from vg_mc.models.loading import check_sees_pictures

    for name in grounders:
        if name not in (PICTURES, *GROUNDERS):
            known = ", ".join((PICTURES, *GROUNDERS))
            problem = f"no grounder is called {name!r}; there are {known}"
            raise BadInputError(problem, record="--grounder")
        if grounders.count(name) > 1:
            raise BadInputError(f"the grounder {name!r} is named twice", record="--grounder")
        if name in WITH_MODEL and not models:
            raise BadInputError(f"the grounder {name} needs --model", record="--grounder")
        if name == PICTURES:
            for model in models:
                check_sees_pictures(model)
    if models and not WITH_MODEL.intersection(grounders):
        problem = f"it is for the grounder {' or '.join(sorted(WITH_MODEL))}, which is not asked"
        raise BadInputError(problem, record="--model")
    if captioner is not None and not DESCRIBING.intersection(grounders):
        problem = f"it is for the grounder {' or '.join(sorted(DESCRIBING))}, which is not asked"
        raise BadInputError(problem, record="--captioner")
    return [
        Answerer(name, model, _shown_name(name, model, captioner))
        for name in grounders
        for model in (models if name in WITH_MODEL else ("",))
    ]


def _shown_name(grounder: str, model: str, captioner: str | None) -> str:
    from vg_mc.models.loading import SENTENCE

    name = short_name(model.removeprefix(SENTENCE)) if model else ""
    if grounder == PICTURES:
        return name
    describing = short_name(captioner) if captioner and grounder in DESCRIBING else ""
    return ", ".join(part for part in (grounder, name, describing) if part)


def short_name(model: str) -> str:
    """Return what tables call `model`: a folder by its name, a run's best model by the run's."""
    if not Path(model).is_dir():
        return model
    folder = Path(model).resolve()
    return folder.parent.name if folder.name == "best" and folder.parent.name else folder.name


def _biggest_box(_: Request) -> "Scorer":
    from vg_mc.grounders.baselines import BiggestBox

    return BiggestBox()


def _most_confident(_: Request) -> "Scorer":
    from vg_mc.grounders.baselines import MostConfident

    return MostConfident()


def _random(request: Request) -> "Scorer":
    from vg_mc.grounders.baselines import RandomChoice

    return RandomChoice(request.config.seed)


GROUNDERS: dict[str, Callable[[Request], "Scorer"]] = {
    "biggest-box": _biggest_box,
    "most-confident": _most_confident,
    "random": _random,
    "subject-match": subject_match,
    "subject-match-model": subject_match,
    "pseudo-query": pseudo_query,
    "pseudo-query-model": pseudo_query,
}
# One answerer for each --model.
WITH_MODEL = frozenset({"clip", "subject-match-model", "pseudo-query-model"})
# Those that put candidates in words.
DESCRIBING = frozenset({"pseudo-query", "pseudo-query-model"})
