"""Example program of the model card, which needs only the library of the model.

It repeats the steps of the package for one image: fit it into the square, draw the marker of the
training data, encode and compare. A test runs it where the package cannot be imported.
"""

from typing import TYPE_CHECKING, Any

from vg_mc.boxes.transforms import BAR_COLOR

if TYPE_CHECKING:
    from vg_mc.models.loading import Encoder

PROGRAM = """\
from math import ceil, floor

import torch
from PIL import Image, ImageDraw
{imports}

MODEL = "."  # this folder
photo = Image.open("photo.jpg").convert("RGB")
boxes = [(10, 20, 110, 220), (150, 30, 260, 230)]  # x0, y0, x1, y1 in its pixels, of any detector
expression = "the man in red on the left"

SIZE, COLOR, OPACITY, OUTLINE = {size}, {color}, {opacity}, {outline}
{inner}
left, top = (SIZE - width) // 2, (SIZE - height) // 2
square = Image.new("RGB", (SIZE, SIZE), {bars})
square.paste(photo.resize((width, height), Image.Resampling.BICUBIC), (left, top))
shade = [round((1 - OPACITY) * v + OPACITY * c) for c in COLOR for v in range(256)]


def mark(box):
    x0, x1 = (round(x * width / photo.width + left, 6) for x in box[0::2])
    y0, y1 = (round(y * height / photo.height + top, 6) for y in box[1::2])
    x0, y0 = min(max(floor(x0), 0), SIZE - 1), min(max(floor(y0), 0), SIZE - 1)
    x1, y1 = max(min(ceil(x1), SIZE), x0 + 1), max(min(ceil(y1), SIZE), y0 + 1)
    region = square.crop((x0, y0, x1, y1)).point(shade)
    if OUTLINE:
        last = (region.width - 1, region.height - 1)
        ImageDraw.Draw(region).rectangle(((0, 0), last), outline=COLOR, width=OUTLINE)
    picture = square.copy()
    picture.paste(region, (x0, y0))
    return picture


{scoring}
print(logits.tolist())
print("best box:", boxes[int(logits.argmax())])
"""

INNER = {
    "squash": "width, height = SIZE, SIZE",
    "letterbox": (
        "width, height = (max(1, round(side * SIZE / max(photo.size))) for side in photo.size)"
    ),
}

TRANSFORMERS = (
    "from transformers import AutoImageProcessor, AutoModel, AutoTokenizer",
    """\
model = AutoModel.from_pretrained(MODEL).eval()
pixels = AutoImageProcessor.from_pretrained(MODEL)(
    [mark(box) for box in boxes], return_tensors="pt"
)["pixel_values"]
tokens = AutoTokenizer.from_pretrained(MODEL)(
    [expression], padding="{padding}", truncation=True, max_length={tokens}, return_tensors="pt"
)["input_ids"]
with torch.no_grad():
    logits = model(input_ids=tokens, pixel_values=pixels).logits_per_text[0]""",
)

OPEN_CLIP = (
    "from open_clip import create_model_and_transforms, get_tokenizer",
    """\
model, _, preprocess = create_model_and_transforms(f"local-dir:{MODEL}")
pixels = torch.stack([preprocess(mark(box)) for box in boxes])
tokens = get_tokenizer(f"local-dir:{MODEL}")([expression])
with torch.no_grad():
    logits = model.eval().get_logits(pixels, tokens)[1][0]""",
)


def library_of(encoder: "Encoder") -> str:
    """Return the name of the library that loads the saved `encoder`."""
    from vg_mc.models.openclip import OpenClipEncoder

    return "open_clip" if isinstance(encoder, OpenClipEncoder) else "transformers"


def pointing_code(encoder: "Encoder", drawing: dict[str, Any]) -> str:
    """Return the program for a model and the settings of its candidate images.

    Args:
        encoder: The saved model.
        drawing: Settings of the prepared dataset: marker and fit of images into the square.
    """
    marker = drawing["marker"]
    imports, scoring = _scoring(encoder)
    return PROGRAM.format(
        imports=imports,
        size=encoder.image_size,
        color=tuple(marker["color"]),
        opacity=marker["opacity"],
        outline=marker["outline"],
        inner=INNER[drawing["fit"]],
        bars=BAR_COLOR,
        scoring=scoring,
    )


def _scoring(encoder: "Encoder") -> tuple[str, str]:
    from vg_mc.models.openclip import OpenClipEncoder

    if isinstance(encoder, OpenClipEncoder):
        return OPEN_CLIP
    padding = "max_length" if encoder.reads_padding else "longest"
    imports, scoring = TRANSFORMERS
    return imports, scoring.format(padding=padding, tokens=encoder.maximal_tokens)
