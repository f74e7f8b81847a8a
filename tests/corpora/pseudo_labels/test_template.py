"""Expressions of the template source are those of its patterns, and only unambiguous ones."""

from collections import Counter

import pytest

from tests.corpora.pseudo_labels.made_objects import detected, image_of
from vg_mc.corpora.pseudo_labels.clothing import Wearer, wearers
from vg_mc.corpora.pseudo_labels.template import (
    Described,
    TemplateOptions,
    TemplateSource,
    queries,
)
from vg_mc.records import Photo

PHOTO = Photo(7, "a.jpg", 640, 480)
MAN = (100, 100, 200, 400)
EVERYTHING = TemplateOptions(targets=99, queries=999)


def texts(image, options=EVERYTHING):
    return [label.text for label in TemplateSource(options).labels(image)]


def described(name, places=(), garments=()):
    worn = tuple(detected(each, MAN) for each in garments)
    return Described(Wearer(detected(name, MAN), worn), frozenset(places))


def test_the_patterns_of_a_person_with_a_garment_and_a_place():
    found = {query.text for query in queries(described("man", ["left"], ["shirt"]))}

    assert found == {
        "man", "man left", "left man", "man on the left",
        "man shirt", "shirt man",
        "man shirt left", "man left shirt", "shirt man left",
        "shirt left man", "left man shirt", "left shirt man",
        "man shirt on the left", "man on the left shirt", "shirt man on the left",
    }  # fmt: skip
    rules = {query.rule for query in queries(described("man", ["left"], ["shirt"]))}
    assert len({rule.replace("preposition ", "") for rule in rules}) == 11


@pytest.mark.parametrize("garments", [[], ["shirt"], ["shirt", "hat", "jeans"]])
@pytest.mark.parametrize(
    ("places", "prepositions"),
    [([], 0), (["left"], 1), (["top"], 0), (["left", "top", "front"], 2),
     (["middle", "center"], 2)],
)  # fmt: skip
def test_the_number_of_expressions_is_that_of_the_published_generator(
    places, prepositions, garments
):
    found = list(queries(described("man", places, garments)))

    s, p, c = len(places), prepositions, len(garments)
    assert len(found) == 1 + 2 * s + p + 2 * c + c * (6 * s + 3 * p)
    assert len({query.text for query in found}) == len(found)


def test_an_attribute_is_part_of_the_noun_unless_the_name_contains_it():
    assert detected("car", MAN, "red").noun == "red car"
    assert detected("red panda", MAN, "red").noun == "red panda"


def test_only_expressions_that_match_one_object_are_kept():
    image = image_of(
        detected("dog", (20, 200, 120, 300), "black"),
        detected("dog", (400, 200, 500, 300), "white"),
        detected("cat", (250, 300, 350, 400)),
        detected("cat", (520, 20, 620, 120)),
    )

    found = Counter(texts(image))

    assert found["black dog"] == found["white dog"] == 1
    assert found["cat"] == 0  # there are two
    assert found["cat on the right"] == found["top cat"] == 1
    assert max(found.values()) == 1
    assert Counter(texts(image, TemplateOptions(99, 999, keep_ambiguous=True)))["cat"] == 2


def test_every_person_is_a_person_and_all_people_are_ranked_together():
    image = image_of(
        detected("man", (20, 100, 120, 400)),
        detected("woman", (300, 100, 400, 400)),
        detected("person", (500, 100, 600, 400)),
    )

    found = set(texts(image))

    assert {"man", "woman", "man on the left", "woman in the middle", "right person"} <= found
    assert "person" not in found  # so may be the man and the woman


def test_garments_belong_to_people_and_are_no_targets():
    image = image_of(
        detected("person", (100, 100, 200, 400)),
        detected("person", (400, 100, 500, 400)),
        detected("shirt", (110, 160, 190, 250), "red"),
        detected("shirt", (410, 160, 490, 250), "blue"),
    )

    labels = TemplateSource(EVERYTHING).labels(image)

    assert {label.target.name for label in labels} == {"person"}
    by_text = {label.text: label.target.box[0] for label in labels}
    assert by_text["red shirt person"] == by_text["person red shirt"] == 100
    assert by_text["person blue shirt"] == 400


@pytest.mark.parametrize(
    ("garment", "box", "worn"),
    [
        ("hat", (130, 95, 170, 130), True),
        ("hat", (130, 300, 170, 330), False),  # in a hand
        ("pants", (110, 270, 190, 390), True),
        ("pants", (110, 110, 190, 220), False),
        ("shirt", (110, 160, 190, 250), True),
        ("shirt", (160, 160, 260, 250), False),  # mostly outside
        ("shoes", (110, 380, 190, 400), True),
    ],
)
def test_a_garment_is_worn_where_it_belongs(garment, box, worn):
    person = detected("person", MAN)

    (found,) = wearers([person, detected(garment, box)], PHOTO)

    assert [each.name for each in found.garments] == ([garment] if worn else [])


def test_small_things_are_dropped_and_garments_are_not():
    """The image has 307,200 pixels; 1/64 of them are 4,800."""
    large, small = detected("dog", (0, 0, 60, 80)), detected("dog", (0, 0, 60, 79))
    hat = detected("hat", (130, 100, 140, 110))

    found = wearers([large, small, detected("person", MAN), hat], PHOTO)

    assert [one.item.name for one in found] == ["dog", "person"]
    assert [each.name for each in found[1].garments] == ["hat"]


def test_of_overlapping_garments_of_one_part_the_surest_stays():
    person, box = detected("person", MAN), (110, 160, 190, 250)
    weak, sure = detected("coat", box, score=0.3), detected("shirt", box, score=0.8)

    (found,) = wearers([person, weak, sure, detected("hat", (130, 100, 170, 130))], PHOTO)

    assert [each.name for each in found.garments] == ["shirt", "hat"]


def test_targets_are_people_first_and_then_the_surest():
    image = image_of(
        detected("dog", (0, 0, 100, 100), score=0.9),
        detected("cat", (200, 0, 300, 100), score=0.95),
        detected("person", (400, 0, 500, 300), score=0.3),
    )

    assert set(texts(image, TemplateOptions(targets=2, queries=99))) == {"person", "cat"}


def test_the_draw_depends_on_seed_and_image_alone():
    objects = [
        detected("dog", (100 * i, 100, 100 * i + 90, 200), color)
        for i, color in enumerate(("red", "blue", "black", "white", "brown"))
    ]
    options = TemplateOptions(targets=99, queries=4)

    one, same = (texts(image_of(*objects), options) for _ in range(2))

    assert one == same
    assert len(one) == 4
    assert texts(image_of(*objects, image_id=8), options) != one
    assert texts(image_of(*objects), TemplateOptions(99, 4, seed=1)) != one


def test_places_can_be_switched_off():
    objects = [detected("dog", (20, 200, 120, 300), "black"), detected("dog", (400, 9, 500, 99))]

    assert texts(image_of(*objects), TemplateOptions(99, 99, places=False)) == ["black dog"]


def test_nothing_detected_gives_nothing():
    assert texts(image_of()) == []
