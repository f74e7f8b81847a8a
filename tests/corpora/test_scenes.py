import filecmp
import json
import pickle
import re
from collections import Counter
from pathlib import Path
from random import Random

import numpy as np
import pytest
from PIL import Image

from vg_mc.corpora import scenes
from vg_mc.corpora.refer import read_refer
from vg_mc.corpora.scene_drawing import draw_scene
from vg_mc.corpora.scene_layout import lay_out
from vg_mc.corpora.scene_objects import FILLED_SHARES, Frame
from vg_mc.corpora.scenes import write_scenes
from vg_mc.faults import BadInputError

WIDTH, HEIGHT = 128, 96
COUNTS = {"train": 200, "evaluation": 60, "size": WIDTH}


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    folder = tmp_path_factory.mktemp("corpus") / "scenes"
    write_scenes(folder, **COUNTS, seed=3, num_workers=1)
    return folder


@pytest.fixture(scope="module")
def instances(corpus):
    return json.loads((corpus / "instances.json").read_text())


@pytest.fixture(scope="module")
def references(corpus):
    with (corpus / "refs(scenes).p").open("rb") as file:
        return Builtins(file).load()


class Builtins(pickle.Unpickler):
    def find_class(self, module, name):
        raise AssertionError(f"the pickle names {module}.{name}")


def keyed(key: int) -> Random:
    return Random(key)  # noqa: S311 - no secrets here


def files_in(folder: Path) -> list[str]:
    return sorted(str(file.relative_to(folder)) for file in folder.rglob("*") if file.is_file())


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
def test_every_expression_is_true_of_its_target_alone(instances, references, care):
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


def test_the_files_have_refers_layout(corpus, instances, references):
    images = {image["id"]: image for image in instances["images"]}
    annotations = {annotation["id"]: annotation for annotation in instances["annotations"]}

    assert set(instances) == {"info", "licenses", "images", "annotations", "categories"}
    assert len(annotations) == len(instances["annotations"])
    for reference in references:
        annotation = annotations[reference["ann_id"]]
        assert annotation["image_id"] == reference["image_id"]
        assert annotation["category_id"] == reference["category_id"]
        assert reference["sent_ids"] == [one["sent_id"] for one in reference["sentences"]]
        stem = Path(images[reference["image_id"]]["file_name"]).stem
        assert reference["file_name"] == f"{stem}_{reference['ann_id']}.jpg"
    sentence_ids = [number for reference in references for number in reference["sent_ids"]]
    assert sentence_ids == list(range(1, len(sentence_ids) + 1))
    assert [reference["ref_id"] for reference in references] == list(range(1, len(references) + 1))
    for image in instances["images"]:
        with Image.open(corpus / "images" / image["file_name"]) as picture:
            assert picture.size == (image["width"], image["height"]) == (WIDTH, HEIGHT)


def test_the_reader_of_refer_reads_them_as_they_were_drawn(corpus, references):
    read = read_refer(corpus, "scenes", corpus / "images", skip_bad=False)

    assert not read.rejected
    texts = [sentence["sent"] for reference in references for sentence in reference["sentences"]]
    assert [expression.text for expression in read.expressions] == texts
    assert len(read.photos) == 380


def test_each_split_holds_its_number_of_images(references):
    images = {(reference["split"], reference["image_id"]) for reference in references}

    assert Counter(split for split, _ in images) == {
        "train": 200, "val": 60, "testA": 60, "testB": 60
    }  # fmt: skip


def test_several_of_a_kind_in_test_a_and_mixed_kinds_in_test_b(instances, references):
    things_of = things_by_image(instances)

    commonest = {"train": set(), "val": set(), "testA": set(), "testB": set()}
    for reference in references:
        kinds = Counter(thing["category_id"] for thing in things_of[reference["image_id"]])
        commonest[reference["split"]].add(max(kinds.values()))
        if reference["split"] == "testA":
            assert kinds[reference["category_id"]] >= 3
        if reference["split"] == "testB":
            assert len(kinds) >= 3
    assert min(commonest["testA"]) >= 3
    assert max(commonest["testB"]) <= 2
    for split in ("train", "val"):
        assert min(commonest[split]) <= 2 < max(commonest[split])


def test_three_to_eight_objects_stand_in_each_scene(instances):
    counts = Counter(thing["image_id"] for thing in instances["annotations"])

    assert len(counts) == len(instances["images"])
    assert (min(counts.values()), max(counts.values())) == (3, 8)


def test_two_or_three_objects_are_referred_to_by_two_to_four_different_sentences(references):
    per_image = Counter(reference["image_id"] for reference in references)

    assert set(per_image.values()) == {2, 3}
    for reference in references:
        assert 2 <= len({one["sent"] for one in reference["sentences"]}) <= 4
        assert len(reference["sentences"]) <= 4


def test_every_box_lies_in_its_image_and_some_are_cut_by_each_edge(instances):
    cut = Counter()
    for thing in instances["annotations"]:
        left, top, width, height = thing["bbox"]
        assert left >= 0
        assert top >= 0
        assert left + width <= WIDTH
        assert top + height <= HEIGHT
        assert min(width, height) >= 16
        if width != height:  # a whole object has a square box
            edges = {"left": left == 0, "top": top == 0}
            edges |= {"right": left + width == WIDTH, "bottom": top + height == HEIGHT}
            assert any(edges.values())
            cut.update(edge for edge, touched in edges.items() if touched)

    assert set(cut) == {"left", "top", "right", "bottom"}
    assert cut.total() > 0.05 * len(instances["annotations"])


def layouts(count: int):
    for number in range(count):
        yield lay_out(Frame(WIDTH, HEIGHT), same_kind=number % 2 == 0, random=keyed(number))


def changed_pixels(some, others) -> np.ndarray:
    frame = Frame(WIDTH, HEIGHT)
    one, other = (np.asarray(draw_scene(drawn, frame, keyed(5))) for drawn in (some, others))
    return (one != other).any(axis=-1)


def test_every_object_is_mostly_visible():
    overlapping = 0
    for objects in layouts(40):
        for hidden in objects:
            others = [other for other in objects if other is not hidden]
            seen = changed_pixels(objects, others).sum()
            alone = FILLED_SHARES[hidden.shape] * hidden.side**2
            assert seen >= 0.6 * alone, (hidden, seen, alone)
            overlapping += seen < 0.95 * changed_pixels([hidden], []).sum()

    assert overlapping > 10


def test_a_box_encloses_exactly_what_is_drawn_of_a_whole_object():
    whole = 0
    for objects in layouts(20):
        for drawn in objects:
            left, top, right, bottom = drawn.box
            if right - left == bottom - top == drawn.side:
                rows, columns = np.nonzero(changed_pixels([drawn], []))
                enclosing = [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]
                assert np.abs(np.subtract(enclosing, drawn.box)).max() <= 1, drawn
                whole += 1

    assert whole > 50


def test_the_scenes_are_the_same_to_the_byte_for_any_number_of_workers(tmp_path):
    for num_workers in (1, 2):
        folder = tmp_path / str(num_workers)
        write_scenes(folder, train=30, evaluation=4, size=96, seed=7, num_workers=num_workers)

    names = files_in(tmp_path / "1")
    assert names == files_in(tmp_path / "2")
    assert len(names) == 30 + 3 * 4 + 3
    same, *others = filecmp.cmpfiles(tmp_path / "1", tmp_path / "2", names, shallow=False)
    assert sorted(same) == names
    assert others == [[], []]


def test_another_seed_gives_other_scenes_and_more_scenes_leave_the_first_alone(tmp_path):
    for name, train, seed in [("short", 3, 0), ("long", 6, 0), ("other", 3, 1)]:
        folder = tmp_path / name
        write_scenes(folder, train=train, evaluation=0, size=96, seed=seed, num_workers=1)

    pictures = {
        name: [file.read_bytes() for file in sorted((tmp_path / name / "images").iterdir())]
        for name in ("short", "long", "other")
    }
    assert pictures["long"][:3] == pictures["short"]
    assert not set(pictures["other"]) & set(pictures["short"])


def test_finished_scenes_are_left_alone_and_an_empty_folder_is_filled(tmp_path):
    (tmp_path / "scenes").mkdir()
    settings = {"train": 2, "evaluation": 1, "size": 96, "seed": 0, "num_workers": 1}
    write_scenes(tmp_path / "scenes", **settings)
    before = (tmp_path / "scenes" / "instances.json").stat()

    write_scenes(tmp_path / "scenes", **settings)

    assert (tmp_path / "scenes" / "instances.json").stat() == before
    assert [file.name for file in tmp_path.iterdir()] == ["scenes"]


def test_other_scenes_and_other_files_are_not_overwritten(tmp_path):
    write_scenes(tmp_path / "scenes", train=2, evaluation=0, size=96, seed=0, num_workers=1)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "photo.jpg").write_bytes(b"mine")

    with pytest.raises(BadInputError, match=r'expected scenes with .*"seed": 1.* but .*"seed": 0'):
        write_scenes(tmp_path / "scenes", train=2, evaluation=0, size=96, seed=1, num_workers=1)
    with pytest.raises(BadInputError, match="mine: expected no such folder, an empty one"):
        write_scenes(tmp_path / "mine", train=2, evaluation=0, size=96, seed=1, num_workers=1)
    assert files_in(tmp_path / "mine") == ["photo.jpg"]


def test_nothing_stays_behind_when_drawing_fails(tmp_path, monkeypatch):
    def fail(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(scenes, "draw_scene", fail)
    with pytest.raises(KeyboardInterrupt):
        write_scenes(tmp_path / "scenes", train=2, evaluation=0, size=96, seed=0, num_workers=1)

    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("wrong", [{"size": 40}, {"train": -1}, {"evaluation": -1}])
def test_numbers_without_sense_are_refused(tmp_path, wrong):
    with pytest.raises(BadInputError, match="expected scenes of at least 64 pixels"):
        write_scenes(tmp_path / "scenes", **COUNTS | {"seed": 0, "num_workers": 1} | wrong)
