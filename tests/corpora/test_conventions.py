"""Tables in any convention are read by value, or refused with the flags that declare it."""

import json

import numpy as np
import pytest
from PIL import Image

from tests.refusals import refused
from vg_mc.boxes.judging import UNDECLARED, DeclaredBoxes
from vg_mc.corpora.readers import CorpusSource, read_corpus

THREE = [[20, 30, 100, 90], [150, 40, 250, 160], [60, 170, 180, 230]]  # on 320 x 240 pixels
COLUMNS = {"xyxy": ("x1", "y1", "x2", "y2"), "xywh": ("x", "y", "width", "height")}
SIDE = {"unit": 1, "percent": 100, "per-mille": 1000}


def spread(count, size):
    """Boxes of any size and place, two in each image."""
    fractions = np.random.default_rng(0).uniform(0, 1, (count, 2, 2))
    return (np.sort(fractions, axis=1) * size).reshape(count, 4)


def written(corners, order, unit, size):
    """Write corners in pixels as four numbers of another convention."""
    x0, y0, x1, y1 = np.array(corners, np.float64).T
    if unit != "pixels":
        x0, x1 = x0 / size[0] * SIDE[unit], x1 / size[0] * SIDE[unit]
        y0, y1 = y0 / size[1] * SIDE[unit], y1 / size[1] * SIDE[unit]
    orders = {
        "xyxy": (x0, y0, x1, y1),
        "yxyx": (y0, x0, y1, x1),
        "xywh": (x0, y0, x1 - x0, y1 - y0),
        "cxcywh": ((x0 + x1) / 2, (y0 + y1) / 2, x1 - x0, y1 - y0),
    }
    return np.stack(orders[order], axis=1).round(4).tolist()


@pytest.fixture
def read(tmp_path):
    """Write boxes as a table, read it, and return the targets and the corpus."""

    def read(corners, order, unit, *, size, declared=UNDECLARED, columns=False, per_image=2):
        (tmp_path / "images").mkdir(exist_ok=True)
        rows = []
        for place, numbers in enumerate(written(corners, order, unit, size)):
            name = f"{place // per_image}.jpg"
            Image.new("L", size).save(tmp_path / "images" / name)
            named = zip(COLUMNS[order], numbers, strict=True) if columns else [("box", numbers)]
            rows.append({"image": name, "expression": f"box {place}", **dict(named)})
        file = tmp_path / "val.jsonl"
        file.write_text("\n".join(map(json.dumps, rows)))
        source = CorpusSource("table", file, None, tmp_path / "extracted", boxes=declared)
        corpus, _ = read_corpus(source)
        return np.array([one.target for one in corpus.expressions]), corpus

    return read


@pytest.mark.parametrize(
    ("order", "unit", "columns", "size"),
    [
        ("xyxy", "pixels", False, (320, 240)),
        ("xyxy", "pixels", False, (240, 320)),
        ("xywh", "percent", True, (640, 480)),  # Label Studio
        ("xyxy", "percent", True, (640, 480)),
        ("cxcywh", "unit", False, (640, 480)),  # YOLO
        ("xyxy", "per-mille", True, (1600, 1200)),
        ("yxyx", "pixels", False, (640, 480)),
    ],
)
def test_200_boxes_are_read_by_their_values(order, unit, columns, size, read):
    corners = spread(200, size)

    targets, corpus = read(corners, order, unit, size=size, columns=columns)

    np.testing.assert_allclose(targets, corners, atol=0.1)
    assert corpus.boxes == f"{order} in {unit} (found)"
    assert any(f"{order} in {unit}" in note for note in corpus.notes)


@pytest.mark.parametrize(("order", "size"), [("xyxy", (320, 240)), ("yxyx", (320, 240))])
def test_the_same_three_boxes_in_four_images_are_enough_for_pixels(order, size, read):
    targets, corpus = read(THREE * 4, order, "pixels", size=size, per_image=3)

    assert targets.tolist() == THREE * 4
    assert corpus.boxes == f"{order} in pixels (found)"


@pytest.mark.parametrize(
    ("order", "unit", "size", "count", "facts"),
    [
        # Gemini, which fits any image as corners with x first
        ("yxyx", "per-mille", (640, 480), 200, "xyxy_in_per-mille yxyx_in_per-mille --box-format"),
        ("xyxy", "unit", (640, 480), 200, "xyxy_in_unit yxyx_in_unit --box-format"),
        ("xyxy", "pixels", (640, 640), 200, "xyxy_in_pixels yxyx_in_pixels --box-format"),
        ("xyxy", "per-mille", (1024, 1024), 200, "xyxy_in_pixels xyxy_in_per-mille --box-unit"),
        ("xyxy", "pixels", (640, 480), 1, "1_boxes xyxy_in_pixels --box-format --box-unit"),
        ("xyxy", "pixels", (640, 480), 3, "3_boxes xyxy_in_pixels --box-format --box-unit"),
    ],
)
def test_ambiguous_boxes_have_to_be_declared(order, unit, size, count, facts, read):
    corners = spread(count, size)

    with refused(*(fact.replace("_", " ") for fact in facts.split()), file="val.jsonl"):
        read(corners, order, unit, size=size)
    targets, corpus = read(corners, order, unit, size=size, declared=DeclaredBoxes(order, unit))
    np.testing.assert_allclose(targets, corners, atol=0.1)
    assert (corpus.boxes, corpus.notes) == (f"{order} in {unit} (declared)", [])


@pytest.mark.parametrize("size", [(640, 480), (1600, 1200), (4000, 3000)])
@pytest.mark.parametrize("count", [6, 60])
def test_small_objects_in_a_corner_are_not_taken_for_fractions(size, count, read):
    """Boxes in pixels up to 80 are also boxes in percent all over the image."""
    corners = spread(count, (80, 80))

    with refused("xyxy in pixels", "xyxy in percent", "--box-unit", file="val.jsonl"):
        read(corners, "xyxy", "pixels", size=size, columns=True)


def test_the_column_names_of_a_table_are_no_unit(read):
    with refused("xywh in pixels", "xywh in percent", "--box-unit") as caught:
        read(THREE * 8, "xywh", "percent", size=(640, 480), columns=True, per_image=3)

    assert "--box-format" not in caught.value.problem
