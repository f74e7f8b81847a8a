"""The program of a card runs without the package, and gives the logits and the box of ours."""

import json
from dataclasses import asdict, fields

import numpy as np
import pytest
import torch
from PIL import Image

from tests.models.families import FAMILIES, build
from vg_mc.boxes.arithmetic import as_boxes
from vg_mc.boxes.transforms import fit_photo, place
from vg_mc.images import Marker, Regions
from vg_mc.images.markers import CLIP_REFCOCO
from vg_mc.models.loading import load_encoder
from vg_mc.training.pointing_code import library_of, pointing_code

SIZE = 64
EXPRESSION = "the man in RED on the left"
# One reaches out of the photo, one is thinner than a pixel of the picture.
BOXES = [(10, 20, 110, 220), (150, 30, 260, 230), (-4.5, 100.2, 500, 110), (30, 5, 30.2, 180)]
TOLERANCE = 1e-4  # of logits that lie at least ten times as far apart

RUN = "import sys; sys.modules['vg_mc'] = None; exec(open('program.py').read())"


def ours(encoder, photo, marker, fit):
    """Return the logits (N,) of the package's own drawing and encoding."""
    size = encoder.image_size
    placed = place(*photo.size, size, fit).forward(as_boxes(BOXES))
    pictures = marker.draw(Regions(photo, [], fit_photo(photo, size, fit), placed))
    pixels = torch.from_numpy(np.stack([np.asarray(each) for each in pictures]))
    with torch.no_grad():
        return encoder(pixels.permute(0, 3, 1, 2), encoder.tokenize([EXPRESSION]))[0].tolist()


@pytest.mark.parametrize(
    ("model", "library", "fit", "marker"),
    [
        ("tiny-vit", "transformers", "letterbox", CLIP_REFCOCO),
        ("tiny-resnet", "open_clip", "squash", Marker((255, 0, 255), 1 / 6, 0)),
        ("siglip2", "transformers", "squash", CLIP_REFCOCO),
        ("open_clip-siglip", "open_clip", "letterbox", CLIP_REFCOCO),
    ],
)
def test_the_program_points_like_the_package(tmp_path, start, model, library, fit, marker):
    if model in FAMILIES:
        (tmp_path / "start").mkdir()
        encoder = build(model, tmp_path / "start")
    else:
        encoder = load_encoder(model, image_size=SIZE, seed=3)
    encoder.save(tmp_path)
    noise = np.random.default_rng(0).integers(0, 256, (24, 32, 3), dtype=np.uint8)
    photo = Image.fromarray(noise).resize((320, 240), Image.Resampling.BICUBIC)
    photo.save(tmp_path / "photo.jpg", format="PNG")  # Pillow looks inside
    drawing = {"marker": asdict(marker), "fit": fit}
    given = {"boxes": f"boxes = {BOXES}", "expression": f"expression = {EXPRESSION!r}"}
    code = pointing_code(encoder, drawing).splitlines()
    program = "\n".join(given.get(line.split(" = ")[0], line) for line in code)
    (tmp_path / "program.py").write_text(program)

    printed = start(["-c", RUN], tmp_path)

    assert library_of(encoder) == library
    logits, choice = printed.splitlines()[-2:]
    expected = ours(encoder, photo, marker, fit)
    assert np.allclose(json.loads(logits), expected, atol=TOLERANCE, rtol=0)
    assert np.ptp(expected) > 10 * TOLERANCE
    assert choice == f"best box: {BOXES[int(np.argmax(expected))]}"


def test_every_property_of_a_marker_is_drawn_by_the_program():
    assert {field.name for field in fields(Marker)} == {"color", "opacity", "outline"}


def test_a_text_tower_that_reads_padding_is_given_it(monkeypatch):
    encoder = load_encoder("tiny-vit", image_size=SIZE)
    drawing = {"marker": asdict(CLIP_REFCOCO), "fit": "squash"}
    assert 'padding="longest"' in pointing_code(encoder, drawing)

    monkeypatch.setattr(encoder, "reads_padding", True)

    assert 'padding="max_length", truncation=True, max_length=32' in pointing_code(encoder, drawing)
