"""Views have names; their properties are changed by name, and nothing is changed in vain."""

import pytest

from vg_mc.images import VIEWS, Circle, Crop, choose_views
from vg_mc.images.markers import MARKERS, Marker


def test_views_come_in_the_order_in_which_they_are_named():
    assert list(choose_views(["crop", "seed"], {})) == ["crop", "seed"]
    assert choose_views(["seed"], {}) == {"seed": MARKERS["seed"]}


def test_a_change_reaches_every_view_that_has_the_property_and_no_other():
    names = ["seed", "circle-red", "crop-bars", "gray-outside"]

    changed = choose_views(names, {"color": "#f0001e", "context": 1.5})

    assert changed == {
        "seed": Marker((240, 0, 30), 1 / 6, 2),
        "circle-red": Circle((240, 0, 30), 2, 0.01),
        "crop-bars": Crop("bars", 1.5),
        "gray-outside": VIEWS["gray-outside"],
    }


def test_the_names_stand_for_what_the_papers_drew():
    assert VIEWS["cpt-red"] == Marker((240, 0, 30), 127 / 255, 0)
    assert choose_views(["seed"], {"color": "limegreen"})["seed"] == MARKERS["seed"]


@pytest.mark.parametrize(
    ("names", "changes", "problem"),
    [
        (["sead"], {}, "no view is called 'sead'; there are seed, seed-readme"),
        (["seed", "seed"], {}, "each once, not 'seed, seed'"),
        ([], {}, "expected one view or several"),
        (["seed"], {"color": "greem"}, "unknown color specifier: 'greem'"),
        (["seed"], {"opacity": 1.5}, "opacity must lie between 0 and 1, not 1.5"),
        (["seed"], {"outline": -1}, "outline must be 0 or more pixels, not -1"),
        (["crop"], {"context": 0.5}, "context must be 1 or more, not 0.5"),
        (["seed", "outline"], {"context": 2.0}, "seed, outline: nothing here has the property"),
    ],
)
def test_an_impossible_choice_is_refused(names, changes, problem):
    with pytest.raises(ValueError, match=problem):
        choose_views(names, changes)
