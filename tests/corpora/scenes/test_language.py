import json
import pickle
import re
from collections import Counter
from random import Random

import pytest

from vg_mc.corpora.scenes.generator import write_scenes
from vg_mc.corpora.scenes.language import View, sentences
from vg_mc.corpora.scenes.layout import lay_out
from vg_mc.corpora.scenes.objects import SHAPES, Frame, SceneObject

WIDTH, HEIGHT = 128, 96
FRAME = Frame(WIDTH, HEIGHT)
ALL = 1000  # more sentences than anything has


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    folder = tmp_path_factory.mktemp("corpus") / "scenes"
    write_scenes(folder, train=100, evaluation=40, size=WIDTH, seed=3, num_workers=1)
    return folder


@pytest.fixture(scope="module")
def instances(corpus):
    return json.loads((corpus / "instances.json").read_text())


@pytest.fixture(scope="module")
def references(corpus):
    return pickle.loads((corpus / "refs(scenes).p").read_bytes())


def keyed(key: int) -> Random:
    return Random(key)  # noqa: S311 - no secrets here


# --- An independent reader of the sentences: it knows English and instances.json, nothing else. ---

SIZES = {"small": "small", "little": "small", "big": "big", "large": "big"}
OUTERMOST = {
    "leftmost": (0, min), "rightmost": (0, max), "topmost": (1, min), "highest": (1, min),
    "lowest": (1, max),
}  # fmt: skip
LARGEST = {"biggest": max, "largest": max, "smallest": min}
HALVES = {"left": (0, -1), "right": (0, 1), "top": (1, -1), "bottom": (1, 1)}
RELATIONS = {"left": (0, -1), "right": (0, 1), "above": (1, -1), "below": (1, 1), "under": (1, 1)}

RELATION = re.compile(r"(.+?) (?:to the )?(left|right|above|below|under)(?: of)? (the .+)")
HALF = re.compile(r"(.+) (?:on|at) the (left|right|top|bottom)(?: side)?")


def center(thing: dict) -> tuple[float, float]:
    left, top, width, height = thing["bbox"]
    return left + width / 2, top + height / 2


def meant(sentence: str, things: list[dict], shapes: dict[int, str]) -> list[dict]:
    """All things in a scene that the sentence can mean, however carelessly one looks."""
    if half := HALF.fullmatch(sentence):
        axis, sign = HALVES[half[2]]
        middle = (WIDTH, HEIGHT)[axis] / 2
        group = meant(half[1], things, shapes)
        return [thing for thing in group if sign * (center(thing)[axis] - middle) > 0]
    if relation := RELATION.fullmatch(sentence):
        (landmark,) = meant(relation[3], things, shapes)
        axis, sign = RELATIONS[relation[2]]
        return [
            thing
            for thing in meant(relation[1], things, shapes)
            if sign * (center(thing)[axis] - center(landmark)[axis]) > 0
        ]
    words = sentence.removeprefix("the ").split()
    if words[0] in OUTERMOST:
        axis, extreme = OUTERMOST[words[0]]
        return outermost(described(words[1:], things, shapes), extreme, lambda t: center(t)[axis])
    if words[0] in LARGEST:
        group = described(words[1:], things, shapes)
        return outermost(group, LARGEST[words[0]], lambda thing: max(thing["bbox"][2:]))
    return described(words, things, shapes)


def outermost(group, extreme, value) -> list[dict]:
    best = extreme(map(value, group))
    return [thing for thing in group if value(thing) == best]


def described(words: list[str], things: list[dict], shapes: dict[int, str]) -> list[dict]:
    *adjectives, noun = words
    assert noun in {*shapes.values(), "object", "thing", "shape"}, noun
    for word in adjectives:
        key, value = ("size", SIZES[word]) if word in SIZES else ("color", word)
        assert key == "size" or word in COLOR_WORDS, word
        things = [thing for thing in things if thing[key] == value]
    return [
        thing
        for thing in things
        if noun in ("object", "thing", "shape", shapes[thing["category_id"]])
    ]


COLOR_WORDS = {"red", "green", "blue", "yellow", "purple", "orange", "white"}


def misjudged(thing: dict, random: Random) -> dict:
    """The same thing as somebody remembers it who is off by a pixel and a twentieth in size."""
    left, top, width, height = thing["bbox"]
    scale = random.uniform(0.95, 1.05)
    middle_x = left + width / 2 + random.uniform(-1, 1)
    middle_y = top + height / 2 + random.uniform(-1, 1)
    width, height = scale * width, scale * height
    return thing | {"bbox": [middle_x - width / 2, middle_y - height / 2, width, height]}


def things_by_image(instances) -> dict[int, list[dict]]:
    things: dict[int, list[dict]] = {}
    for annotation in instances["annotations"]:
        things.setdefault(annotation["image_id"], []).append(annotation)
    return things


@pytest.mark.parametrize("care", ["exact", "misjudged"])
def test_every_expression_in_the_files_is_true_of_its_target_alone(instances, references, care):
    shapes = {category["id"]: category["name"] for category in instances["categories"]}
    things_of = things_by_image(instances)
    random = keyed(0)

    for reference in references:
        things = things_of[reference["image_id"]]
        if care == "misjudged":
            things = [misjudged(thing, random) for thing in things]
        for sentence in reference["sentences"]:
            found = [thing["id"] for thing in meant(sentence["sent"], things, shapes)]
            assert found == [reference["ann_id"]], (sentence["sent"], things)


def test_the_independent_reader_notices_an_ambiguous_sentence():
    shapes = {1: "circle", 2: "square"}
    one = {"bbox": [0, 0, 20, 20], "category_id": 1, "color": "red", "size": "small"}
    two = {"bbox": [60, 0, 20, 20], "category_id": 1, "color": "red", "size": "small"}
    square = {"bbox": [30, 0, 20, 20], "category_id": 2, "color": "red", "size": "small"}
    things = [one, two, square]

    assert meant("the red circle", things, shapes) == [one, two]
    assert meant("circle at the top", things, shapes) == [one, two]
    assert meant("the lowest circle", things, shapes) == [one, two]
    assert meant("the circle to the left of the red square", things, shapes) == [one]
    assert meant("small red thing right of the square", things, shapes) == [two]
    assert meant("the rightmost object", things, shapes) == [two]
    assert meant("the biggest object", things, shapes) == things


def test_all_kinds_of_expression_occur(references):
    text = Counter()
    for reference in references:
        for sentence in reference["sentences"]:
            words = set(sentence["tokens"])
            text["all"] += 1
            text["size"] += bool(words & {*SIZES, *LARGEST})
            text["place"] += bool(words & set(OUTERMOST)) or bool(HALF.fullmatch(sentence["sent"]))
            text["relation"] += bool(RELATION.fullmatch(sentence["sent"]))

    for kind in ("size", "place", "relation"):
        assert text[kind] > 0.08 * text["all"], text
    assert text["size"] + text["place"] + text["relation"] < 0.85 * text["all"], text


def test_the_vocabulary_is_small(references):
    words = {
        word
        for reference in references
        for sentence in reference["sentences"]
        for word in sentence["tokens"]
    }

    assert 35 <= len(words) <= 60, sorted(words)


def stated(target: SceneObject, others: list[SceneObject]) -> set[str]:
    """All that can be said of `target`, without the article, in about all choices of words."""
    views = [View([target, *others], FRAME, keyed(key)) for key in range(30)]
    found = [sentence for view in views for sentence in sentences(target, view, ALL)]
    return {sentence.removeprefix("the ") for sentence in found}


def placed(left: float, top: float = 30, side: float = 20, **changes) -> SceneObject:
    facts = {"shape": "circle", "size": "medium", "color": "red", "rgb": (212, 32, 40)} | changes
    return SceneObject(left=left, top=top, side=side, frame=FRAME, **facts)


def test_whatever_can_be_said_of_any_object_is_true_of_it_alone():
    shapes = dict(enumerate(SHAPES))
    said = 0
    for number in range(60):
        objects = lay_out(FRAME, same_kind=number % 2 == 0, random=keyed(number))
        things = [
            {
                "bbox": [one.box[0], one.box[1], one.box[2] - one.box[0], one.box[3] - one.box[1]],
                "category_id": SHAPES.index(one.shape), "color": one.color, "size": one.size,
            }
            for one in objects
        ]  # fmt: skip
        for target, thing in zip(objects, things, strict=True):
            for sentence in sentences(target, View(objects, FRAME, keyed(number)), ALL):
                assert meant(sentence, things, shapes) == [thing], (sentence, things)
                said += 1

    assert said > 1000


@pytest.mark.parametrize(("lead", "clear"), [(8, False), (9.5, True)])  # 0.07 of 128 is 8.96
def test_an_object_is_outermost_only_by_a_clear_margin(lead, clear):
    other = placed(60)

    assert ("rightmost circle" in stated(placed(60 + lead), [other])) is clear
    assert ("leftmost circle" in stated(placed(60 - lead), [other])) is clear
    assert ("lowest circle" in stated(placed(60, top=30 + lead), [other])) is clear
    above = stated(placed(60, top=30 - lead), [other])
    assert bool(above & {"topmost circle", "highest circle"}) is clear


def test_an_object_is_not_outermost_where_a_larger_one_reaches_further():
    target, larger = placed(65), placed(40, side=46)  # centres 75 and 63, right sides 85 and 86

    assert "rightmost circle" not in stated(target, [larger])
    assert "rightmost circle" in stated(target, [placed(40, side=45)])


@pytest.mark.parametrize(("side", "clear"), [(24.5, False), (25, True)])
def test_an_object_is_biggest_or_smallest_only_by_a_quarter(side, clear):
    small, large = placed(10), placed(70, side=side)

    assert bool(stated(large, [small]) & {"biggest circle", "largest circle"}) is clear
    assert ("smallest circle" in stated(small, [large])) is clear


def test_a_lone_kind_is_named_by_its_bare_noun():
    square = placed(70, shape="square")

    assert "circle" in stated(placed(10), [square])
    assert "circle" not in stated(placed(10), [square, placed(40)])
    assert "red circle" not in stated(placed(10), [square, placed(40)])
    assert "red circle" in stated(placed(10), [square, placed(40, color="blue")])


def test_an_object_is_on_a_side_only_where_no_other_is_near_the_middle_of_it():
    target = placed(10)
    on_the_left = {"circle on the left", "circle on the left side"}

    assert on_the_left <= stated(target, [placed(90)])
    assert not stated(target, [placed(90), placed(52)]) & on_the_left  # its centre is at 62 of 64


def test_a_landmark_is_an_object_that_its_own_words_single_out():
    target, other = placed(10), placed(100)
    landmark = placed(55, shape="square")
    relation = re.compile(r"circle (to the )?left of the (red )?square")

    assert any(map(relation.fullmatch, stated(target, [other, landmark])))
    twin = placed(55, top=70, shape="square")
    assert not any(map(relation.fullmatch, stated(target, [other, landmark, twin])))


def test_nothing_is_said_of_an_object_that_has_a_twin_in_its_place():
    assert stated(placed(40), [placed(40.5)]) == set()


def test_sentences_are_as_many_as_asked_for_and_differ():
    view = View([placed(10), placed(90, shape="square", color="blue")], FRAME, keyed(1))

    found = sentences(view.objects[0], view, 4)

    assert len(set(found)) == len(found) == 4
