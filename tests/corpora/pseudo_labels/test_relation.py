"""Relations follow from boxes or from given triplets; the target is the subject."""

import pytest

from tests.corpora.pseudo_labels.made_objects import detected, image_of
from vg_mc.corpora.pseudo_labels.geometry import RELATIONS
from vg_mc.corpora.pseudo_labels.relation import RelationOptions, RelationSource, Triplet

ALL = RelationOptions(relations=999)


@pytest.mark.parametrize(
    ("box", "other", "expected"),
    [
        ((0, 0, 10, 10), (30, 0, 40, 10), {"left of"}),
        ((30, 0, 40, 10), (0, 0, 10, 10), {"right of"}),
        ((0, 0, 10, 10), (12, 0, 22, 10), {"left of", "next to"}),
        ((0, 0, 10, 10), (0, 30, 10, 40), {"above"}),
        ((0, 30, 10, 40), (0, 0, 10, 10), {"below"}),
        ((2, 2, 5, 5), (0, 0, 10, 10), {"in", "smaller than"}),
        ((0, 0, 10, 10), (2, 2, 5, 5), {"bigger than"}),
        ((2, 0, 8, 10), (0, 10.5, 20, 20), {"above", "on", "smaller than"}),
        ((0, 0, 10, 10), (30, 30, 40, 40), set()),  # diagonal
        ((0, 0, 10, 10), (0, 0, 10, 10), set()),
    ],
)
def test_relations_of_boxes(box, other, expected):
    assert {name for name, holds in RELATIONS.items() if holds(box, other)} == expected


def test_an_expression_names_subject_predicate_and_object():
    image = image_of(
        detected("dog", (0, 200, 100, 300), "black"), detected("car", (300, 200, 400, 300))
    )

    labels = RelationSource(ALL).labels(image)

    assert {label.text: label.target.name for label in labels} == {
        "black dog left of car": "dog",
        "car right of black dog": "car",
    }
    assert {label.key for label in labels} >= {"black dog|left of|car"}


def test_relations_that_several_objects_have_are_left_out():
    image = image_of(
        detected("dog", (0, 200, 50, 300)),
        detected("dog", (100, 200, 150, 300)),
        detected("car", (300, 200, 400, 300)),
    )

    found = [label.text for label in RelationSource(ALL).labels(image)]
    kept = [label.text for label in RelationSource(RelationOptions(999, True)).labels(image)]

    assert "dog left of car" not in found
    assert "car right of dog" in found
    assert kept.count("dog left of car") == 1


def test_objects_of_one_kind_are_not_related_to_each_other():
    dogs = [detected("dog", (0, 200, 50, 300)), detected("dog", (300, 200, 350, 300))]

    assert RelationSource(ALL).labels(image_of(*dogs)) == []


def test_given_triplets_replace_geometry_and_the_best_come_first():
    man, other, racket = (
        detected("man", (0, 0, 100, 300)),
        detected("man", (300, 0, 400, 300)),
        detected("racket", (90, 100, 150, 160)),
    )
    triplets = [
        Triplet(man, "holding", racket, 0.3),
        Triplet(man, "near", other, 0.9),
        Triplet(other, "near", man, 0.8),
        Triplet(racket, "in front of", man, 0.5),
    ]
    source = RelationSource(RelationOptions(relations=1), {"a.jpg": triplets})

    (label,) = source.labels(image_of(man, other, racket))

    assert label.text == "racket in front of man"  # "man near man" fits both
    everything = RelationSource(ALL, {"a.jpg": triplets}).labels(image_of(man, other, racket))
    assert [one.text for one in everything] == ["racket in front of man", "man holding racket"]
    assert RelationSource(ALL, {"b.jpg": triplets}).labels(image_of(man)) == []


def test_the_same_object_found_twice_is_one_object():
    man, again = detected("man", (0, 0, 100, 300)), detected("man", (2, 1, 103, 298))
    dog = detected("dog", (90, 200, 150, 300))
    triplets = [Triplet(man, "walking", dog, 0.3), Triplet(again, "walking", dog, 0.2)]

    labels = RelationSource(ALL, {"a.jpg": triplets}).labels(image_of(man, dog))

    assert [(label.text, label.target) for label in labels] == [("man walking dog", man)]


def test_the_draw_from_geometry_depends_on_the_image_alone():
    objects = [detected(f"thing {i}", (60 * i, 100, 60 * i + 40, 200)) for i in range(6)]
    source = RelationSource(RelationOptions(relations=3))

    one, same, other = (
        [label.text for label in source.labels(image_of(*objects, image_id=number))]
        for number in (1, 1, 2)
    )

    assert one == same != other
    assert len(one) == 3
