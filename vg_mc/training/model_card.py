"""Model card of a fine-tuned model: results, usage, data, licences and settings.

The metadata name the library that loads the model and the model it was fine-tuned from. The card
contains no image, because the images of a corpus may not be redistributed. The marker is given by
its parameters, and the program in the card draws it.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from vg_mc.models.origin import Origin, origin_of
from vg_mc.prepared.manifest import Manifest
from vg_mc.proposers.description import ProposerDescription
from vg_mc.system.options import flat
from vg_mc.system.versions import versions
from vg_mc.training.options import TrainingOptions
from vg_mc.training.pointing_code import library_of, pointing_code
from vg_mc.training.tasks.protocol import Validation

if TYPE_CHECKING:
    from vg_mc.models.loading import Encoder

NAME = "README.md"

CARD = """---
{head}---
# {start}, fine-tuned for referring expression comprehension

Each region proposal is drawn on a copy of the image as a shaded, outlined box. The model selects
the copy that matches the expression best: referring expression comprehension as multiple choice. It
is a standard `{library}` model.

| split | accuracy (IoU > 0.5) | expressions | chance | oracle accuracy (proposal recall) | epoch |
|---|--:|--:|--:|--:|--:|
| val | {accuracy:.4f} | {expressions:,} | {chance:.4f} | {recall:.4f} | {epoch} of {epochs} |

All {expressions:,} expressions of val are counted; those without proposals count as wrong. The
epoch was selected by this accuracy, so it is slightly higher than on unseen expressions.

## Use

Requires `torch`, `pillow`, `{library}` and the boxes of any detector.

```python
{code}```

## Data

- Corpus `{corpus}`, data hash `{data_hash}`.
- Candidate images of {size} x {size} pixels ({fit}); marker: colour {color}, opacity {opacity:.4f},
  outline {outline} pixels.
- Proposals of train: {train_proposer}; of val: {proposer}.
- A detector that was trained on the whole of COCO has seen the images of RefCOCO's test splits.

## Licences

{licences}

Images and expressions keep the licences of their sources: COCO's images are under Flickr's terms of
use and its annotations under CC BY 4.0; drawn scenes have no third-party rights. The program above
and the training code are under Apache-2.0.

## Training

```json
{settings}
```

```json
{versions}
```
"""


def write_model_card(
    folder: Path,
    encoder: "Encoder",
    manifest: Manifest,
    options: TrainingOptions,
    epoch: int,
    validation: Validation,
    arithmetic: Mapping[str, object],
) -> None:
    """Write the card of a model into its folder.

    Args:
        folder: Temporary folder of the model.
        encoder: The model in `folder`.
        manifest: Manifest of the dataset for training and validation.
        options: Options of the run.
        epoch: Epoch of the model, counted from 1.
        validation: Result on the validation split.
        arithmetic: Precision and number of processes, which also affect the weights.
    """
    origin, drawing, scores = origin_of(encoder.name), manifest["settings"], validation.entry
    marker = drawing["marker"]
    head = card_head(encoder, origin, manifest, validation.score)
    text = CARD.format(
        head=yaml.safe_dump(head, sort_keys=False),
        start=origin.name,
        library=library_of(encoder),
        accuracy=scores["accuracy"],
        expressions=scores["expressions"],
        chance=scores["chance"],
        recall=scores["proposal_recall"],
        epoch=epoch,
        epochs=options.schedule.epochs,
        code=pointing_code(encoder, drawing),
        corpus=manifest["corpus"],
        data_hash=manifest["data_hash"],
        size=encoder.image_size,
        fit=drawing["fit"],
        color=tuple(marker["color"]),
        opacity=marker["opacity"],
        outline=marker["outline"],
        train_proposer=ProposerDescription.read(drawing["train_proposer"]),
        proposer=ProposerDescription.read(drawing["proposer"]),
        licences=licences(origin),
        settings=json.dumps({**flat(options), **arithmetic}, indent=2),
        versions=json.dumps(versions(), indent=2),
    )
    (folder / NAME).write_text(text, encoding="utf-8", newline="\n")


def card_head(
    encoder: "Encoder", origin: Origin, manifest: Manifest, accuracy: float
) -> dict[str, Any]:
    """Return the metadata for the hub, without licence or base model where they are unknown."""
    head: dict[str, Any] = {
        "library_name": library_of(encoder),
        "tags": ["clip", "visual-grounding", "referring-expression-comprehension"],
    }
    if origin.licence:
        head["license"] = origin.licence
    elif not origin.is_random:
        head |= {"license": "other", "license_name": "that-of-the-start-model"}
    if origin.hub_id:
        head["base_model"] = origin.hub_id
    metric = {"type": "accuracy", "name": "accuracy (IoU > 0.5)", "value": accuracy}
    result = {
        "task": {"type": "visual-grounding"},
        # No hub id, since another dataset may have the same one.
        "dataset": {"name": manifest["corpus"], "type": "prepared", "split": "val"},
        "metrics": [metric],
    }
    return head | {"model-index": [{"name": origin.name, "results": [result]}]}


def licences(origin: Origin) -> str:
    """Describe the licence of the weights."""
    if origin.is_random:
        return "The weights were initialised at random; whoever trained them chooses their licence."
    told = f" Its card says `{origin.licence}`." if origin.licence else ""
    start = origin.hub_id or origin.name
    return f"The weights are under the licence of the base model `{start}`.{told}"
