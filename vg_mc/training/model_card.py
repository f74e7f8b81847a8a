"""The card of a trained model: what a stranger who finds the folder ``best/`` needs to know.

Its head tells Hugging Face's hub which library loads the folder and what the model started from.
It shows no photo: those of a corpus are not ours to publish. The marker is told by its numbers, and
the program of the card draws it.
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
# {start}, fine-tuned to point at what an expression describes

Every region proposal is drawn on a copy of the photo as a shaded, outlined box. The model says
which copy the expression fits best: referring expression comprehension as multiple choice. It is a
plain model of `{library}`.

| split | accuracy (IoU > 0.5) | expressions | chance | ceiling (proposal recall) | epoch |
|---|--:|--:|--:|--:|--:|
| val | {accuracy:.4f} | {expressions:,} | {chance:.4f} | {recall:.4f} | {epoch} of {epochs} |

All {expressions:,} expressions of val count, one without proposals as wrong. By this accuracy the
epoch was chosen, so it is a little higher than on expressions that nobody has looked at.

## Use

It needs `torch`, `pillow` and `{library}`, and boxes of any detector.

```python
{code}```

## Data

- Corpus `{corpus}`, data hash `{data_hash}`.
- Pictures of {size} x {size} pixels ({fit}); marker: colour {color}, opacity {opacity:.4f}, outline
  {outline} pixels.
- Proposals of train: {train_proposer}; of val: {proposer}.
- A detector that was trained on the whole of COCO has seen the photos of RefCOCO's test splits.

## Licences

{licences}

Photos and expressions keep the licences of their sources: COCO's photos are under Flickr's terms of
use and its annotations under CC BY 4.0; drawn scenes carry no rights of others. The program above
and the code that trained this model are under Apache-2.0.

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
    """Write the card of a model into the folder that it is saved in.

    Args:
        folder: Not yet visible under its name, so the card is written plainly.
        encoder: The model that is in the folder.
        manifest: Of the dataset that it was trained and validated on.
        options: Of the run.
        epoch: The epoch whose model it is, counted from 1.
        validation: Its result on the validation split.
        arithmetic: What else determines the weights: the precision, the processes.
    """
    origin, drawing, scores = origin_of(encoder.name), manifest["settings"], validation.entry
    marker = drawing["marker"]
    head = _head(encoder, origin, manifest, validation.score)
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
        licences=_licences(origin),
        settings=json.dumps({**flat(options), **arithmetic}, indent=2),
        versions=json.dumps(versions(), indent=2),
    )
    (folder / NAME).write_text(text, encoding="utf-8", newline="\n")


def _head(
    encoder: "Encoder", origin: Origin, manifest: Manifest, accuracy: float
) -> dict[str, Any]:
    """Describe the model to the hub; a licence or a start that is not known is not claimed."""
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
        # A name and not an id: the hub may know another corpus by it.
        "dataset": {"name": manifest["corpus"], "type": "prepared", "split": "val"},
        "metrics": [metric],
    }
    return head | {"model-index": [{"name": origin.name, "results": [result]}]}


def _licences(origin: Origin) -> str:
    if origin.is_random:
        return "The weights started at random: their licence is the choice of whoever trained them."
    told = f" Its card says `{origin.licence}`." if origin.licence else ""
    start = origin.hub_id or origin.name
    return f"The weights follow the licence of the model that they started from, `{start}`.{told}"
