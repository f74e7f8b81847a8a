"""The dataset card: what a stranger who finds the folder needs to know."""

from pathlib import Path

from vg_mc.prepared.manifest import Manifest
from vg_mc.whole_files import write_whole_text

CARD = """---
task_categories:
- multiple-choice
- image-text-to-text
tags:
- visual-grounding
- referring-expression-comprehension
---
# {corpus}: referring expressions as multiple choice

Each candidate is a copy of a photo, {image_size} pixels square ({fit}), on which one region
proposal is drawn: colour {color}, opacity {opacity:.3f}, outline {outline} pixels.
An expression asks which of its candidates it describes. A candidate is right when its
IoU with the target exceeds 0.5.

| split | images | expressions | candidates | boxes per image | proposal recall | no proposals |
|---|--:|--:|--:|--:|--:|--:|
{rows}

Proposals: {train_proposer} for the split `train`, {proposer} for the others.
Records left out: {rejected} (`rejected.jsonl` names each). Data hash: `{data_hash}`.

```python
from datasets import load_from_disk

candidates = load_from_disk("candidates")  # image_id, box (xyxy), score, category, picture
expressions = load_from_disk("expressions/{split}")  # text, target, candidate_ids, ious
expression = expressions[0]
pictures = [candidates[i]["picture"] for i in expression["candidate_ids"]]
```

`candidate_ids` are row numbers of `candidates`; `images` names the photos. The photos keep the
licence of their source.
"""


def write_card(folder: Path, manifest: Manifest) -> Path:
    """Write README.md for a dataset that `manifest` describes, and return its path."""
    settings, marker = manifest["settings"], manifest["settings"]["marker"]
    text = CARD.format(
        corpus=manifest["corpus"],
        image_size=settings["image_size"],
        fit=settings["fit"],
        color=tuple(marker["color"]),
        opacity=marker["opacity"],
        outline=marker["outline"],
        rows="\n".join(_row(split, counts) for split, counts in manifest["counts"].items()),
        train_proposer=settings["train_proposer"]["kind"],
        proposer=settings["proposer"]["kind"],
        rejected=manifest["rejected"],
        data_hash=manifest["data_hash"][:16],
        split=manifest["splits"][0],
    )
    write_whole_text(folder / "README.md", text)
    return folder / "README.md"


def _row(split: str, counts: dict[str, float]) -> str:
    return (
        f"| {split} | {counts['images']:,} | {counts['expressions']:,} | {counts['candidates']:,} "
        f"| {counts['boxes_per_image']:.1f} | {counts['proposal_recall']:.3f} "
        f"| {counts['without_proposals']:,} |"
    )
