"""The contact sheet has a row per expression, its best candidates from left to right."""

import io

import numpy as np
import pytest
from PIL import Image

from tests.predictions.made import changed
from vg_mc.reports.contact_sheet import FRAME, LINE, MARGIN, THUMBNAIL, write_contact_sheet
from vg_mc.reports.pages.examples import examples


@pytest.fixture
def sheet(make_predictions, pictures_of, tmp_path):
    def write(rows, **changes) -> np.ndarray:
        predictions = changed(make_predictions(), **changes)
        write_contact_sheet(predictions, rows, pictures_of, tmp_path / "sheet.png")
        with Image.open(tmp_path / "sheet.png") as picture:
            return np.asarray(picture)

    return write


def corner(row: int, place: int, row_height: int) -> tuple[int, int]:
    return row * row_height + MARGIN + LINE, MARGIN + place * (THUMBNAIL + MARGIN)


def test_pictures_stand_in_the_order_of_their_ranks(sheet, make_predictions, pictures_of):
    rows = [0, 5, 4]
    pixels = sheet(rows)

    row_height = (len(pixels) - MARGIN) // len(rows)
    for row, example in enumerate(examples(make_predictions(), rows, pictures_of)):
        for place, candidate in enumerate(example.ranked):
            top, left = corner(row, place, row_height)
            grey = pixels[top + THUMBNAIL // 2, left + THUMBNAIL // 2]
            assert grey.tolist() == middle_of(candidate.picture)
            above = pixels[top - FRAME : top, left + THUMBNAIL // 2]
            assert (above == [26, 138, 58]).all() == candidate.fits
    assert len(pixels) == 3 * row_height + MARGIN


def middle_of(jpeg: bytes) -> list[int]:
    with Image.open(io.BytesIO(jpeg)) as picture:
        return list(picture.convert("RGB").getpixel((16, 16)))


def test_a_long_text_ends_before_the_verdict(sheet):
    long = sheet([1], texts=["the big dog " * 60] * 12)
    short = sheet([1], texts=["dog"] * 12)

    first_line = (slice(MARGIN, MARGIN + LINE - 4), slice(-MARGIN - 80, None))
    verdict_alone = short[first_line]
    inked = (verdict_alone != 255).any(axis=(0, 2)).argmax()
    assert (verdict_alone != 255).any()
    assert np.array_equal(long[first_line][:, inked:], verdict_alone[:, inked:])


def test_no_rows_give_a_picture_all_the_same(sheet):
    assert (sheet([]) == 255).all()
