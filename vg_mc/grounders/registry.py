"""The registry of all grounders, their options, and the selection by name.

To add a grounder, write a module with a `Registration` and add it to `GROUNDERS`. If it has a new
options class, add a field of this class to `GrounderOptions`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

from vg_mc.errors import BadInputError
from vg_mc.grounders.baselines import BASELINES
from vg_mc.grounders.box_model import BOX
from vg_mc.grounders.center import NEAREST_CENTER
from vg_mc.grounders.center_box import CENTER_BOX, WHOLE_IMAGE, CenterBoxOptions
from vg_mc.grounders.clip import CLIP, ClipOptions
from vg_mc.grounders.mean_box import MEAN_BOX
from vg_mc.grounders.protocol import AnyGrounder
from vg_mc.grounders.pseudo_query import PSEUDO_QUERY, PseudoQueryOptions
from vg_mc.grounders.registration import Context, Registration
from vg_mc.grounders.subject_match import SUBJECT_MATCH, SubjectMatchOptions
from vg_mc.system.options import AT_LEAST_0

GROUNDERS: dict[str, Registration[Any]] = {
    one.name: one
    for one in (
        *(CLIP, *BASELINES, NEAREST_CENTER),
        *(CENTER_BOX, WHOLE_IMAGE, MEAN_BOX, BOX),
        *(*SUBJECT_MATCH, *PSEUDO_QUERY),
    )
}
WITH_MODEL = frozenset(name for name, one in GROUNDERS.items() if one.model is not None)
_NEEDING_MODEL = ", ".join(sorted(WITH_MODEL))
GROUNDER_HELP = f"Grounder: {', '.join(GROUNDERS)}; {_NEEDING_MODEL} require --model."


@dataclass(frozen=True)
class GrounderOptions:
    """Options of all grounders."""

    clip: ClipOptions = field(default_factory=ClipOptions)
    subject_match: SubjectMatchOptions = field(default_factory=SubjectMatchOptions)
    pseudo_query: PseudoQueryOptions = field(default_factory=PseudoQueryOptions)
    center_box: CenterBoxOptions = field(default_factory=CenterBoxOptions)

    spacy_model: str = "en_core_web_sm"
    """Name or folder of the spaCy model that finds subjects."""

    seed: Annotated[int, AT_LEAST_0] = 0
    """Seed of the grounder random and of the captions for --subtract."""

    def of(self, registration: Registration[Any]) -> Any:  # noqa: ANN401 - of any class
        """Return the options of one grounder."""
        for group in vars(self).values():
            if isinstance(group, registration.options):
                return group
        return registration.options()


@dataclass(frozen=True)
class Selected:
    """A selected grounder, one row of a result table, before anything is loaded.

    Attributes:
        grounder: The registration of the grounder.
        model: The value of ``--model``; empty for a grounder without a model.
        options: Options of this grounder.
        name: Name in tables.
    """

    grounder: Registration[Any]
    model: str
    options: Any
    name: str

    def check(self, context: Context) -> None:
        """Check the options before anything is loaded.

        Raises:
            BadInputError: If an option is invalid.
        """
        self.grounder.check(self.options, context)

    def build(self, context: Context) -> AnyGrounder:
        """Build the grounder."""
        return self.grounder.build(self.options, context)


def select(
    grounders: Sequence[str],
    models: Sequence[str],
    options: GrounderOptions = GrounderOptions(),
    names: Sequence[str] = (),
) -> list[Selected]:
    """Select grounders by name.

    A grounder with a model gives one row per model; options may give several variants of a row.

    Args:
        grounders: Names in `GROUNDERS`, each at most once.
        models: Values of ``--model``.
        options: Options of all grounders.
        names: Names of the rows in tables, in order; by default derived from the selection.

    Raises:
        BadInputError: If a name is unknown or repeated, a required model is missing, a model or
            captioner has no effect, or the number of `names` does not match.
    """
    _check_selection(grounders, models, options)
    chosen = [
        (one, model, options.of(one))
        for one in (GROUNDERS[name] for name in grounders)
        for model in (models if one.model is not None else ("",))
    ]
    if names and len(names) != len(chosen):
        problem = f"expected a name for each of the {len(chosen)} grounders, found {len(names)}"
        raise BadInputError(problem, record="--name")
    titles = [*names] or [_title(*one) for one in chosen]
    return [
        Selected(grounder, model, variant, title + suffix)
        for (grounder, model, own), title in zip(chosen, titles, strict=True)
        for variant, suffix in grounder.variants(own)
    ]


def _check_selection(
    grounders: Sequence[str], models: Sequence[str], options: GrounderOptions
) -> None:
    for name in grounders:
        if name not in GROUNDERS:
            problem = f"unknown grounder {name!r}; available: {', '.join(GROUNDERS)}"
            raise BadInputError(problem, record="--grounder")
        if grounders.count(name) > 1:
            raise BadInputError(
                f"expected each grounder once, found {name!r} twice", record="--grounder"
            )
        _check_models(GROUNDERS[name], models)
    if models and not WITH_MODEL.intersection(grounders):
        problem = f"has no effect without the grounder {' or '.join(sorted(WITH_MODEL))}"
        raise BadInputError(problem, record="--model")
    if options.pseudo_query.captioner is not None:
        reading = sorted(one.name for one in PSEUDO_QUERY)
        if not set(reading).intersection(grounders):
            problem = f"has no effect without the grounder {' or '.join(reading)}"
            raise BadInputError(problem, record="--captioner")


def _check_models(grounder: Registration[Any], models: Sequence[str]) -> None:
    if grounder.model is not None and not models:
        problem = f"the grounder {grounder.name} requires --model"
        raise BadInputError(problem, record="--grounder")
    if grounder.model == "images":
        from vg_mc.models.loading import check_sees_pictures

        for model in models:
            check_sees_pictures(model)


def _title(grounder: Registration[Any], model: str, options: Any) -> str:  # noqa: ANN401
    """Return the default name in tables, which omits the grounder if its model encodes images."""
    from vg_mc.models.loading import SENTENCE

    own = "" if grounder.model == "images" else grounder.name
    parts = (own, short_name(model.removeprefix(SENTENCE)), short_name(grounder.detail(options)))
    return ", ".join(part for part in parts if part)


def short_name(model: str) -> str:
    """Return a short name of a model for tables.

    A folder is named by its last component, a folder ``RUN/best`` by that of the run.
    """
    if not model or not Path(model).is_dir():
        return model
    folder = Path(model).resolve()
    return folder.parent.name if folder.name == "best" and folder.parent.name else folder.name
