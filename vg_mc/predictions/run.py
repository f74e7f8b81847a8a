"""Computation of the predictions of a grounder for a split of a prepared dataset."""

from dataclasses import replace
from itertools import islice

import numpy as np
from accelerate import Accelerator
from numpy.typing import NDArray

from vg_mc.grounders.dual_encoder import WINDOW, DualEncoderGrounder
from vg_mc.grounders.protocol import AnyGrounder, BoxPredictor, Chooser
from vg_mc.models.dual_encoder import DualEncoder
from vg_mc.models.features.cache import FeatureBank
from vg_mc.predictions.answers import Choices, PredictedBoxes
from vg_mc.predictions.examples import examples_of
from vg_mc.predictions.provenance import Provenance
from vg_mc.predictions.table import Predictions
from vg_mc.prepared.dataset import Expressions, PreparedDataset
from vg_mc.prepared.detector_exposure import exposure
from vg_mc.proposers.description import ProposerDescription
from vg_mc.records import TRAIN_SPLIT
from vg_mc.system.versions import versions

Ids = NDArray[np.int64]
TRUNCATED = "truncated"  # note on expressions that are longer than the model reads


def answer(scorer: AnyGrounder, dataset: PreparedDataset, split: str) -> Predictions:
    """Answer every expression of `split` by scoring its candidates or predicting a box.

    Expressions without candidates are kept without logits, and count as wrong. Boxes and texts are
    those of the source image, even if the grounder uses flipped images or other texts.
    """
    expressions = dataset.expressions(split)
    answers = (
        PredictedBoxes(*scorer.predict(dataset, expressions))
        if isinstance(scorer, BoxPredictor)
        else _choices(scorer, dataset, expressions)
    )
    provenance = Provenance(
        name=scorer.name,
        split=split,
        data_hash=dataset.data_hash,
        notes={**scorer.facts, **_truncation(scorer, expressions)},
    )
    return Predictions(examples_of(dataset, expressions), answers, provenance)


def _truncation(scorer: AnyGrounder, expressions: Expressions) -> dict[str, str]:
    note = scorer.truncation(expressions) if isinstance(scorer, DualEncoderGrounder) else ""
    return {TRUNCATED: note} if note else {}


def _choices(scorer: Chooser, dataset: PreparedDataset, expressions: Expressions) -> Choices:
    return Choices(
        candidate_ids=expressions.candidate_ids,
        boxes=[dataset.boxes(ids) for ids in expressions.candidate_ids],
        logits=scorer.logits(dataset, expressions),
        scores=[dataset.scores(ids) for ids in expressions.candidate_ids],
        categories=_candidate_categories(dataset, expressions),
    )


def described(
    predictions: Predictions, dataset: PreparedDataset, model_hash: str = ""
) -> Predictions:
    """Add images, proposals and versions of the dataset to the provenance."""
    settings = dataset.manifest["settings"]
    is_train = predictions.split == TRAIN_SPLIT
    proposer = settings["train_proposer" if is_train else "proposer"]
    exposed = exposure(dataset)
    drawn = {"pictures": f"{settings.get('fit')} to {settings.get('image_size')} pixels"}
    notes = (drawn if dataset.has_candidates else {}) | {
        "versions": ", ".join(f"{name} {version}" for name, version in versions().items()),
    }
    provenance = replace(
        predictions.provenance,
        corpus=dataset.manifest["corpus"],
        proposals=ProposerDescription.read(proposer),
        model_hash=model_hash,
        detector_exposure=f"{exposed.name.lower()}: {exposed}",
        notes=notes | dict(predictions.provenance.notes),
    )
    return replace(predictions, provenance=provenance)


def predict(
    accelerator: Accelerator,
    encoder: DualEncoder,
    dataset: PreparedDataset,
    split: str,
    *,
    batch_size: int,
    num_workers: int,
    mirrored: bool = False,
    bank: FeatureBank | None = None,
    window: int = WINDOW,
) -> Predictions:
    """Answer `split` with a dual encoder and the first view of the candidates."""
    scorer = DualEncoderGrounder(
        accelerator=accelerator,
        encoder=encoder,
        batch_size=batch_size,
        num_workers=num_workers,
        views=[dataset.first_view],
        mirrored=mirrored,
        bank=bank,
        window=window,
    )
    return answer(scorer, dataset, split)


def _candidate_categories(dataset: PreparedDataset, expressions: Expressions) -> list[list[str]]:
    """Return the categories of each expression's candidates, with a single table lookup."""
    all_ids = np.concatenate([np.empty(0, np.int64), *expressions.candidate_ids])
    names = iter(dataset.candidate_categories(all_ids))
    return [list(islice(names, len(ids))) for ids in expressions.candidate_ids]
