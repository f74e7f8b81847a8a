"""Everything on a plot is where its number says."""

import math

import numpy as np
import pytest

from vg_mc.metrics.resampling import Estimate
from vg_mc.metrics.similarity import cosine_histogram
from vg_mc.reports.pages.figures import FRAME, Axis, HistogramPlot, LinePlot, Series
from vg_mc.reports.pages.page import estimate_text, interval_text

MACROS = {HistogramPlot: "histogram", LinePlot: "line_plot"}


@pytest.fixture
def draw(read_part):
    """Render a plot by the macro of its kind."""
    return lambda plot: read_part("charts.html.j2", MACROS[type(plot)], plot)


AXIS = Axis("IoU above", (0, 0.5, 1))
HALF = Estimate(0.5, 0.4, 0.6, 1234)
NONE = Estimate(math.nan, math.nan, math.nan, 0)


def test_an_axis_runs_from_its_first_tick_to_its_last():
    assert [AXIS.place(value) for value in (0, 0.5, 1)] == [FRAME.left, FRAME.center, FRAME.right]


def test_equal_ratios_are_equally_wide_on_a_logarithmic_axis():
    axis = Axis("proposals", (1, 10, 100), logarithmic=True)

    assert axis.place(10) == pytest.approx(FRAME.center)
    assert axis.place(100) == pytest.approx(FRAME.right)


def test_an_axis_of_a_single_number_has_it_in_the_middle():
    assert Axis("proposals", (1, 1), logarithmic=True).place(1) == FRAME.center


def test_points_stand_at_their_numbers_and_name_them(draw):
    page = draw(LinePlot.of("title", AXIS, [Series("accuracy", (0.5, 1), (HALF, HALF))]))

    dots = page.every("circle")
    assert [float(dot["cx"]) for dot in dots] == [FRAME.center, FRAME.right]
    assert {float(dot["cy"]) for dot in dots} == {(FRAME.top + FRAME.bottom) / 2}
    assert "0.5: 50.00 %, 40.00 to 60.00, of 1,234" in page.words
    assert page.open == []


def test_a_point_about_fewer_expressions_is_smaller(draw):
    few = Estimate(0.5, 0.4, 0.6, 10)

    page = draw(LinePlot.of("title", AXIS, [Series("accuracy", (0, 1), (few, HALF))]))

    small, large = (float(dot["r"]) for dot in page.every("circle"))
    assert small < large


def test_the_band_goes_along_the_low_ends_and_back_along_the_high_ones(draw):
    page = draw(LinePlot.of("title", AXIS, [Series("accuracy", (0, 1), (HALF, HALF))]))

    (band,) = [one["d"] for one in page.every("path") if one["class"] == "band"]
    heights = [float(point.split()[1]) for point in band[1:].split("L")]
    assert heights == pytest.approx([128.8, 128.8, 89.2, 89.2])


def test_shares_of_nothing_are_left_out(draw):
    page = draw(LinePlot.of("title", AXIS, [Series("accuracy", (0, 1), (NONE, HALF))]))

    assert len(page.every("circle")) == 1


def test_a_plot_without_points_says_so_and_is_whole(draw):
    page = draw(LinePlot.of("title", AXIS, [Series("accuracy", (), ())]))

    assert "no data" in page.words
    assert page.open == []


def test_foreign_text_opens_no_tag(draw):
    evil = '"><script>1</script>'

    page = draw(LinePlot.of(evil, Axis(evil, (0, 1)), [Series(evil, (1,), (HALF,))]))

    assert "script" not in {tag for tag, _ in page.tags}
    assert page.words.count(evil) == 3


def test_the_diagonal_is_drawn_on_request(draw):
    classes = [
        {one.get("class") for one in draw(plot).every("path")}
        for plot in (LinePlot.of("", AXIS, []), LinePlot.of("", AXIS, [], diagonal=True))
    ]

    assert ["diagonal" in found for found in classes] == [False, True]


def test_numbers_without_an_interval_are_spelled_without_one():
    assert estimate_text(Estimate(0.5, math.nan, math.nan, 3)) == "50.00 %, of 3"
    assert interval_text(HALF) == "40.00 to 60.00"


def test_bars_stand_over_their_bins_and_the_largest_count_is_the_highest(draw):
    cosines = np.array([0.0, 0.01, 0.04, 0.5, 1.0, 1 + 1e-9, np.nan])

    page = draw(HistogramPlot.of("title", "cosine", cosine_histogram(cosines)))

    bars = [{key: float(bar[key]) for key in ("x", "y", "width", "height")}
            for bar in page.every("rect")]  # fmt: skip
    width = (FRAME.right - FRAME.left) / 40
    places = [round((bar["x"] - FRAME.left) / width) for bar in bars]
    assert places == [20, 30, 39]  # of 40 bins from -1 to 1
    full = FRAME.bottom - FRAME.top
    assert [bar["height"] for bar in bars] == pytest.approx([full, full / 3, full * 2 / 3], abs=0.1)
    assert all(bar["y"] + bar["height"] == pytest.approx(FRAME.bottom, abs=0.1) for bar in bars)
    assert "0 to 0.05: 3" in page.words
    assert "6 answers" in page.words
    assert page.open == []
