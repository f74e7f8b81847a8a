"""Model card of a box predictor: results, usage, data, licences and settings."""

import json
from collections.abc import Mapping
from pathlib import Path

import yaml

from vg_mc.models.box_predictors.protocol import BoxPredictor
from vg_mc.models.origin import origin_of
from vg_mc.prepared.manifest import Manifest
from vg_mc.system.versions import versions
from vg_mc.training.model_card import NAME, card_head, licences
from vg_mc.training.pointing_code import library_of
from vg_mc.training.tasks.protocol import Validation

CARD = """---
{head}---
# {start} with the box predictor {predictor}

The model predicts the box to which a referring expression refers, without region proposals. The
encoder in this folder is a standard `{library}` model; the head is in `head.safetensors` and is
described in `box_predictor.json`.

| split | accuracy (IoU > 0.5) | mean IoU | expressions | epoch |
|---|--:|--:|--:|--:|
| val | {accuracy:.4f} | {mean_iou:.4f} | {expressions:,} | {epoch} |

All {expressions:,} expressions of val are counted. The epoch was selected by this accuracy, so it
is slightly higher than on unseen expressions.

## Use

```python
from vg_mc import Grounder

grounder = Grounder.from_pretrained("path/of/this/folder")
(answer,) = grounder.ground("photo.jpg", ["the man in red on the left"])
print(answer.box)  # left, top, right, bottom in pixels of the photo
```

`vg_mc.models.box_predictors.building.load_box_predictor` returns the PyTorch module, and
`evaluate.py --grounder box --model FOLDER` scores it.

## Data

- Corpus `{corpus}`, data hash `{data_hash}`.
- Whole images of up to {whole} pixels, {fit} to {size} x {size} pixels.

## Licences

{licences}

Images and expressions keep the licences of their sources. The training code is under Apache-2.0.

## Training

```json
{settings}
```

```json
{versions}
```
"""


def write_box_card(
    folder: Path,
    model: BoxPredictor,
    manifest: Manifest,
    settings: Mapping[str, object],
    *,
    epoch: str,
    validation: Validation,
) -> None:
    """Write the card of a box predictor into its folder.

    Args:
        folder: Temporary folder of the model.
        model: The model in `folder`.
        manifest: Manifest of the dataset for training and validation.
        settings: Options of the run.
        epoch: Epoch of the model and number of epochs.
        validation: Result on the validation split.
    """
    origin, scores = origin_of(model.encoder.name), validation.entry
    head = card_head(model.encoder, origin, manifest, validation.score)
    text = CARD.format(
        head=yaml.safe_dump(head, sort_keys=False),
        start=origin.name,
        predictor=model.definition.predictor,
        library=library_of(model.encoder),
        accuracy=scores["accuracy"],
        mean_iou=scores["mean_iou"],
        expressions=scores["expressions"],
        epoch=epoch,
        corpus=manifest["corpus"],
        data_hash=manifest["data_hash"],
        whole=model.definition.whole_images,
        fit=model.definition.fit,
        size=model.encoder.image_size,
        licences=licences(origin),
        settings=json.dumps(settings, indent=2, default=str),
        versions=json.dumps(versions(), indent=2),
    )
    (folder / NAME).write_text(text, encoding="utf-8", newline="\n")
