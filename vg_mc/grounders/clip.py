"""Options and registration of the grounder ``clip``, which uses a dual encoder."""

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
    """Options of the grounder clip."""

    views: tuple[str, ...] = ()
    """Views that are encoded. The default is the first view of a prepared dataset; for single
    images it is the marker with which the model was trained."""

    each_view: bool = False
    """Evaluate each of the views separately, one row each, instead of combining them."""

    prompts: tuple[str, ...] = (PLACE,)
    """Prompt templates such as "a photo of {}"; {} is replaced by the expression, {subject} by its
    subject, which spaCy finds."""

    combine: Combination = "mean"
    """How the logits of several views and prompt templates are combined."""

    subtract: Annotated[int, AT_LEAST_0] = 0
    """Subtract from each logit of a candidate its mean over this many other expressions of the
    corpus; 0 subtracts nothing."""

    flip: bool = False
    """Flip candidate images horizontally and swap left and right in expressions, for example for
    an additional member of an ensemble."""


def _variants(options: ClipOptions) -> list[tuple[ClipOptions, str]]:
    mirrored = ", mirrored" if options.flip else ""
    if not options.each_view:
        return [(options, mirrored)]
    views = [present_name(name) for name in options.views]
    if not views:
        raise BadInputError("expected the names of views in --views", record="--each-view")
    return [(replace(options, views=(view,)), f", {view}{mirrored}") for view in views]


def _check(options: ClipOptions, context: Context) -> None:
    views = _views(options, context)
    if len(set(views)) < len(views):
        problem = f"expected each view once, not {', '.join(options.views)}"
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
    """Return the names of the views to encode, by default the first one.

    Raises:
        BadInputError: If a view is not available.
    """
    views = [present_name(name) for name in options.views] or [context.first_view]
    for view in views:
        if view not in context.views:
            problem = f"unknown view {view!r}; available: {', '.join(context.views)}"
            raise BadInputError(problem, record="--views")
    return views


def _facts(options: ClipOptions, context: Context) -> dict[str, str]:
    from vg_mc.prepared.manifest import format_properties

    views = _views(options, context)
    facts = {
        "model": context.model,
        "precision": "fp32" if context.precision == "no" else context.precision,
        "views": "; ".join(f"{view}: {format_properties(context.views[view])}" for view in views),
        "flip": "mirrored, left and right swapped in the texts" if options.flip else "no",
        "prompts": "; ".join(options.prompts),
    }
    if len(views) * len(options.prompts) > 1:
        facts["combined"] = f"{options.combine} of the logits over all views and prompt templates"
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
