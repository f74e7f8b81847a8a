"""Lines stand where their numbers say."""

import math

import pytest

from vg_mc.metrics.resampling import Estimate
from vg_mc.reports.pages.line_plot import (
    BOTTOM,
    LEFT,
    RIGHT,
    TOP,
    Axis,
    Series,
    interval,
    line_plot,
    spelled,
)

AXIS = Axis("IoU above", (0, 0.5, 1))
HALF = Estimate(0.5, 0.4, 0.6, 1234)
NONE = Estimate(math.nan, math.nan, math.nan, 0)


def test_an_axis_runs_from_its_first_tick_to_its_last():
    assert [AXIS.place(value) for value in (0, 0.5, 1)] == [LEFT, (LEFT + RIGHT) / 2, RIGHT]


def test_equal_ratios_are_equally_wide_on_a_logarithmic_axis():
    axis = Axis("proposals", (1, 10, 100), logarithmic=True)

    assert axis.place(10) == pytest.approx((LEFT + RIGHT) / 2)
    assert axis.place(100) == pytest.approx(RIGHT)


def test_an_axis_of_a_single_number_has_it_in_the_middle():
    assert Axis("proposals", (1, 1), logarithmic=True).place(1) == (LEFT + RIGHT) / 2


def test_points_stand_at_their_numbers_and_name_them(read_page):
    page = read_page(line_plot("title", AXIS, [Series("accuracy", (0.5, 1), (HALF, HALF))]))

    dots = page.every("circle")
    assert [float(dot["cx"]) for dot in dots] == [(LEFT + RIGHT) / 2, RIGHT]
    assert {float(dot["cy"]) for dot in dots} == {(TOP + BOTTOM) / 2}
    assert "0.5: 50.00 %, 40.00 to 60.00, of 1,234" in page.words
    assert page.open == []


def test_a_point_about_fewer_expressions_is_smaller(read_page):
    few = Estimate(0.5, 0.4, 0.6, 10)

    page = read_page(line_plot("title", AXIS, [Series("accuracy", (0, 1), (few, HALF))]))

    small, large = (float(dot["r"]) for dot in page.every("circle"))
    assert small < large


def test_the_band_goes_along_the_low_ends_and_back_along_the_high_ones(read_page):
    page = read_page(line_plot("title", AXIS, [Series("accuracy", (0, 1), (HALF, HALF))]))

    (band,) = [one["d"] for one in page.every("path") if one["class"] == "band"]
    heights = [float(point.split()[1]) for point in band[1:].split("L")]
    assert heights == pytest.approx([128.8, 128.8, 89.2, 89.2])


def test_shares_of_nothing_are_left_out(read_page):
    page = read_page(line_plot("title", AXIS, [Series("accuracy", (0, 1), (NONE, HALF))]))

    assert len(page.every("circle")) == 1


def test_a_plot_without_points_says_so_and_is_whole(read_page):
    page = read_page(line_plot("title", AXIS, [Series("accuracy", (), ())]))

    assert "nothing to show" in page.words
    assert page.open == []


def test_foreign_text_opens_no_tag(read_page):
    evil = '"><script>1</script>'

    page = read_page(line_plot(evil, Axis(evil, (0, 1)), [Series(evil, (1,), (HALF,))]))

    assert "script" not in {tag for tag, _ in page.tags}
    assert page.words.count(evil) == 3


def test_the_diagonal_is_drawn_on_request(read_page):
    classes = [
        {one.get("class") for one in read_page(plot).every("path")}
        for plot in (line_plot("", AXIS, []), line_plot("", AXIS, [], diagonal=True))
    ]

    assert ["diagonal" in found for found in classes] == [False, True]


def test_numbers_without_an_interval_are_spelled_without_one():
    assert spelled(Estimate(0.5, math.nan, math.nan, 3)) == "50.00 %, of 3"
    assert interval(HALF) == "40.00 to 60.00"
