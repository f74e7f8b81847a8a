"""What a grounder that looks at no picture by a model may be built from."""

from collections.abc import Callable, Collection
from typing import TYPE_CHECKING, NamedTuple

from vg_mc.flags.evaluate import EvaluateConfig
from vg_mc.flags.predict import PredictConfig

if TYPE_CHECKING:
    from vg_mc.grounders.pseudo_query import Describer
    from vg_mc.system.processes import Processes


class Request(NamedTuple):
    """What a grounder may be built from.

    Attributes:
        config: The flags.
        processes: Who shares the work, and where it is done.
        model: What `--model` says, empty for a grounder that takes none.
        image_size: Of the pictures beside the texts; None where no model has to take them.
        views: Names of what is drawn of each candidate.
        corpus: Returns the texts that say how rare words are.
        captions: Returns what a captioner says of candidates, and facts about it; None where
            colour and category are to describe them.
    """

    config: EvaluateConfig | PredictConfig
    processes: "Processes"
    model: str
    image_size: int | None
    views: Collection[str]
    corpus: Callable[[], list[str]]
    captions: Callable[[], tuple["Describer", dict[str, str]]] | None = None
