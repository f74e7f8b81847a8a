"""The dataset card: a README.md with contents, protocol, usage and licences of a prepared dataset.

Its YAML header maps files to tables for the Hugging Face hub and `load_dataset`, so that the folder
can be loaded locally or after an upload without further configuration.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from vg_mc.images.views import name_in_files
from vg_mc.prepared.dataset import PreparedDataset
from vg_mc.prepared.manifest import ORIENTATION, WHOLE_IMAGES, Manifest, format_properties, views_of
from vg_mc.prepared.schema import picture_columns
from vg_mc.proposers.description import ProposerDescription
from vg_mc.system.atomic import whole_file, write_whole_text

Json = dict[str, Any]

EXAMPLE = "marker.jpg"

CARD = """---
{head}---
# {corpus}: referring expressions {task}

{contents}

| split | images | expressions | candidates | boxes per image | proposal recall | no proposals |
|---|--:|--:|--:|--:|--:|--:|
{rows}

Rejected records: {rejected} (listed in `rejected.jsonl`). Data hash: `{data_hash}`.{boxes}

## Protocol

- A candidate is correct if its IoU with the target exceeds 0.5. Proposal recall is the share of
  expressions with a correct candidate: it is an upper bound of the accuracy.
- Every expression of a split counts; an expression without proposals counts as wrong.
- Models are selected on a validation split. Only the selected model is evaluated on test splits.
- Proposals of the split `train`: {train_proposer}.
- Proposals of the other splits: {proposer}.
- A detector that was trained on all of COCO has seen the test images of RefCOCO, RefCOCO+ and
  RefCOCOg; `python -m vg_mc audit` reports such detectors, and images that datasets share.

## Use

```python
from datasets import load_from_disk

expressions = load_from_disk("expressions/{split}")  # text, target (xyxy), candidate_ids, ious
expression = expressions[0]
{code}
```

`load_dataset(folder, "expressions")` reads the same table, from this folder or from the hub; the
other tables are read in the same way. `candidate_ids` are row numbers of `candidates`; `images`
lists the source images. `python -m vg_mc verify` compares every byte with `manifest.json`.

## Licences

Images and expressions keep the licences of their sources: COCO's images are under Flickr's terms of
use and its annotations under CC BY 4.0; drawn scenes have no third-party rights. The proposer
`yolo` runs a model of ultralytics, which is under AGPL-3.0.
"""


CANDIDATES_TEXT = """\
{example}Each candidate image shows one region proposal. It has {image_size} x {image_size} pixels;
images are resized with the mode `{fit}`. The task is to choose the candidate that an expression
refers to.

| view | column | properties |
|---|---|---|
{views}"""

CANDIDATES_CODE = """\
candidates = load_from_disk("candidates")  # image_id, box (xyxy), score, category, picture
pictures = [candidates[i]["picture"] for i in expression["candidate_ids"]]"""

IMAGES_TEXT = """\
Whole images: the column `image` of `images` has each image once, as a JPEG file whose longer side
has {side} pixels; a smaller image is not enlarged. Boxes are in pixels of the original image, so
they are multiplied by `image.width / width` along x and `image.height / height` along y."""

IMAGES_CODE = """\
images = load_from_disk("images")  # image_id, file_name, width, height, image
image = images[images["image_id"][:].index(expression["image_id"])]["image"]"""


def write_examples(folder: Path, splits: Sequence[str], views: Iterable[str]) -> None:
    """Write every view of one candidate as example images for the card.

    The candidate is the one with the highest IoU of the first expression that has candidates.
    Nothing is written if no expression has any.
    """
    settings = {"views": dict.fromkeys(views)}
    dataset = PreparedDataset(folder, {"splits": list(splits), "settings": settings})
    for split in splits:
        expressions = dataset.expressions(split)
        for ids, ious in zip(expressions.candidate_ids, expressions.ious, strict=True):
            if len(ids):
                for view, name in _examples(settings["views"]).items():
                    (picture,) = dataset.picture_bytes(ids[[ious.argmax()]], view)
                    with whole_file(folder / name) as partial:
                        partial.write_bytes(picture)
                return


def _examples(views: Iterable[str]) -> dict[str, str]:
    """Return the file name of the example image of each view."""
    first, *further = views
    return {first: EXAMPLE} | {view: f"view-{name_in_files(view)}.jpg" for view in further}


def write_card(folder: Path, manifest: Manifest) -> Path:
    """Write README.md of the dataset that `manifest` describes, and return its path."""
    settings, views = manifest["settings"], views_of(manifest)
    whole = settings.get(WHOLE_IMAGES)
    contents, code = [], []
    if views:
        contents.append(_candidates_text(folder, settings, views))
        code.append(CANDIDATES_CODE)
    if whole is not None:
        contents.append(IMAGES_TEXT.format(side=whole))
        code.append(IMAGES_CODE)
    head = _head(manifest["counts"], with_candidates=bool(views))
    text = CARD.format(
        head=yaml.safe_dump(head, sort_keys=False),
        corpus=manifest["corpus"],
        task="as multiple choice" if views else "and whole images",
        contents="\n\n".join(contents),
        code="\n".join(code),
        rows="\n".join(_row(split, counts) for split, counts in manifest["counts"].items()),
        train_proposer=ProposerDescription.read(settings["train_proposer"]),
        proposer=ProposerDescription.read(settings["proposer"]),
        rejected=manifest["rejected"],
        boxes=_source_boxes(manifest),
        data_hash=manifest["data_hash"][:16],
        split=manifest["splits"][0],
    )
    write_whole_text(folder / "README.md", text)
    return folder / "README.md"


def _source_boxes(manifest: Manifest) -> str:
    """Return how the boxes of the source were read; empty for a format with a single convention."""
    frame = f", of images as {manifest[ORIENTATION]}" if ORIENTATION in manifest else ""
    return f"\nBoxes of the source: {manifest['boxes']}{frame}." if "boxes" in manifest else ""


def _candidates_text(folder: Path, settings: Json, views: Mapping[str, Json]) -> str:
    shown = [
        f"![A candidate as {view}]({name})\n"
        for view, name in _examples(views).items()
        if (folder / name).is_file()
    ]
    return CANDIDATES_TEXT.format(
        example="".join([*shown, "\n" if shown else ""]),
        image_size=settings["image_size"],
        fit=settings["fit"],
        views="\n".join(
            f"| {view} | `{column}` | {format_properties(properties)} |"
            for (view, properties), column in zip(
                views.items(), picture_columns(views), strict=True
            )
        ),
    )


def _head(counts: Json, *, with_candidates: bool) -> Json:
    parts = [
        # The hub only accepts word characters in names of splits.
        {"split": re.sub(r"\W", "_", split), "path": f"expressions/{split}/*.arrow"}
        for split, count in counts.items()
        if count["expressions"]  # `load_dataset` fails for all splits if one has no rows
    ]
    candidates = {"config_name": "candidates", "data_files": "candidates/*.arrow"}
    return {
        "license": "other",
        "task_categories": [*["multiple-choice"][:with_candidates], "image-text-to-text"],
        "tags": ["visual-grounding", "referring-expression-comprehension"],
        "configs": [
            {"config_name": "expressions", "data_files": parts, "default": True},
            *[candidates][:with_candidates],
            {"config_name": "images", "data_files": "images/*.arrow"},
        ],
    }


def _row(split: str, counts: dict[str, float]) -> str:
    return (
        f"| {split} | {counts['images']:,} | {counts['expressions']:,} | {counts['candidates']:,} "
        f"| {counts['boxes_per_image']:.1f} | {counts['proposal_recall']:.3f} "
        f"| {counts['without_proposals']:,} |"
    )
