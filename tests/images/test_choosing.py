"""Views have names; their properties are changed by name, and nothing is changed in vain."""

import pytest

from vg_mc.images import VIEWS, Circle, Crop, choose_views
from vg_mc.images.markers import CLIP_REFCOCO, Marker
from vg_mc.images.views import FORMER_NAMES


def test_views_come_in_the_order_in_which_they_are_named():
    assert list(choose_views(["crop", "clip-refcoco"], {})) == ["crop", "clip-refcoco"]
    assert choose_views(["clip-refcoco"], {}) == {"clip-refcoco": CLIP_REFCOCO}


@pytest.mark.parametrize(("name", "former"), FORMER_NAMES.items())
def test_a_former_name_chooses_the_view_that_was_renamed(name, former):
    assert choose_views([former], {}) == {name: VIEWS[name]}
    with pytest.raises(ValueError, match="each once"):
        choose_views([former, name], {})


def test_a_change_reaches_every_view_that_has_the_property_and_no_other():
    names = ["clip-refcoco", "circle-red", "crop-bars", "gray-outside"]

    changed = choose_views(names, {"color": "#f0001e", "context": 1.5})

    assert changed == {
        "clip-refcoco": Marker((240, 0, 30), 1 / 6, 2),
        "circle-red": Circle((240, 0, 30), 2, 0.01),
        "crop-bars": Crop("bars", 1.5),
        "gray-outside": VIEWS["gray-outside"],
    }


def test_the_names_stand_for_what_the_papers_drew():
    assert VIEWS["cpt-red"] == Marker((240, 0, 30), 127 / 255, 0)
    assert choose_views(["clip-refcoco"], {"color": "limegreen"})["clip-refcoco"] == CLIP_REFCOCO


@pytest.mark.parametrize(
    ("names", "changes", "problem"),
    [
        (["sead"], {}, "'sead'; available: clip-refcoco, clip-refcoco-readme"),
        (["clip-refcoco", "clip-refcoco"], {}, "each once, .*'clip-refcoco, clip-refcoco'"),
        ([], {}, "expected one or more"),
        (["clip-refcoco"], {"color": "greem"}, "unknown color specifier: 'greem'"),
        (["clip-refcoco"], {"opacity": 1.5}, "opacity .* 1.5"),
        (["clip-refcoco"], {"outline": -1}, "outline .* -1"),
        (["crop"], {"context": 0.5}, "context .* 0.5"),
        (["clip-refcoco", "outline"], {"context": 2.0}, "outline: .* property context"),
    ],
)
def test_an_impossible_choice_is_refused(names, changes, problem):
    with pytest.raises(ValueError, match=problem):
        choose_views(names, changes)
