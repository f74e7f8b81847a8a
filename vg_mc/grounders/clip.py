"""The grounder ``clip``: a dual encoder compares candidate images with the expression."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated

from vg_mc.errors import BadInputError
from vg_mc.grounders.protocol import Combination
from vg_mc.grounders.registration import Context, Registration
from vg_mc.images import present_name
from vg_mc.system.options import AT_LEAST_0
from vg_mc.text.prompts import PLACE, check_prompts, subjects_for

if TYPE_CHECKING:
    from vg_mc.grounders.dual_encoder import DualEncoderGrounder


@dataclass(frozen=True)
class ClipOptions:
    """What the grounder clip looks at and reads."""

    views: tuple[str, ...] = ()
    """Views that the grounder clip looks at: of a prepared dataset, by default its first; of a
    photo, by default the marker that the run of the model was trained with."""

    each_view: bool = False
    """Answer with each of the views by itself, as a row of its own, instead of combining them."""

    prompts: tuple[str, ...] = (PLACE,)
    """How it words expressions, like "a photo of {}"; {} stands for the expression, {subject} for
    its subject alone, which spaCy finds."""

    combine: Combination = "mean"
    """What becomes of its logits, where it looks at several views or reads several wordings."""

    subtract: Annotated[int, AT_LEAST_0] = 0
    """From each logit the mean over so many other captions of the corpus is subtracted."""

    flip: bool = False
    """Ask about the mirrored pictures, left and right swapped: one more member of an ensemble."""


def _variants(options: ClipOptions) -> list[tuple[ClipOptions, str]]:
    mirrored = ", mirrored" if options.flip else ""
    if not options.each_view:
        return [(options, mirrored)]
    views = [present_name(name) for name in options.views]
    if not views:
        raise BadInputError("expected --views, to answer with each of them", record="--each-view")
    return [(replace(options, views=(view,)), f", {view}{mirrored}") for view in views]


def _check(options: ClipOptions, context: Context) -> None:
    views = _views(options, context)
    if len(set(views)) < len(views):
        problem = f"expected each once, not {', '.join(options.views)}"
        raise BadInputError(problem, record="--views")
    check_prompts(options.prompts)


def _build(options: ClipOptions, context: Context) -> "DualEncoderGrounder":
    from vg_mc.grounders.dual_encoder import DualEncoderGrounder
    from vg_mc.models.features.cache import FeatureBank
    from vg_mc.models.features.identity import model_hash
    from vg_mc.models.loading import load_encoder

    encoder = load_encoder(context.model, image_size=context.image_size)
    encoder = encoder.to(context.processes.device)
    bank, known_hash = None, ""
    if context.features is not None:
        known_hash = model_hash(encoder, context.precision)
        bank = FeatureBank(
            context.features,
            model_hash=known_hash,
            data_hash=context.data_hash,
            first_view=context.first_view,
        )
    return DualEncoderGrounder(
        accelerator=context.processes,
        encoder=encoder,
        precision=context.precision,
        known_hash=known_hash,
        facts=_facts(options, context),
        batch_size=context.batch_size,
        num_workers=context.num_workers,
        mirrored=options.flip,
        bank=bank,
        views=_views(options, context),
        prompts=options.prompts,
        subject_of=subjects_for(options.prompts, context.spacy_model),
        combine=options.combine,
        captions=options.subtract,
        seed=context.seed,
    )


def _views(options: ClipOptions, context: Context) -> Sequence[str]:
    """Return the names of the views to show, by default the first.

    Raises:
        BadInputError: If one is not available.
    """
    views = [present_name(name) for name in options.views] or [context.first_view]
    for view in views:
        if view not in context.views:
            problem = f"no view {view!r}; there are {', '.join(context.views)}"
            raise BadInputError(problem, record="--views")
    return views


def _facts(options: ClipOptions, context: Context) -> dict[str, str]:
    from vg_mc.prepared.manifest import spelled

    views = _views(options, context)
    facts = {
        "model": context.model,
        "precision": "fp32" if context.precision == "no" else context.precision,
        "views": "; ".join(f"{view}: {spelled(context.views[view])}" for view in views),
        "flip": "mirrored, left and right swapped in the texts" if options.flip else "no",
        "prompts": "; ".join(options.prompts),
    }
    if len(views) * len(options.prompts) > 1:
        facts["combined"] = f"{options.combine} of the logits of all views in all wordings"
    if options.subtract:
        facts["subtracted"] = f"mean over {options.subtract} captions, seed {context.seed}"
    return facts


CLIP = Registration(
    name="clip",
    options=ClipOptions,
    build=_build,
    model="images",
    scores_are_logits=True,
    check=_check,
    variants=_variants,
)
