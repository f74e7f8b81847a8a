import json
import pickle

import pytest

from vg_mc.corpora.scenes.objects import COLORS, Frame, SceneObject
from vg_mc.corpora.scenes.records import Reference, Scene, write_annotations

FRAME = Frame(100, 75)


class Builtins(pickle.Unpickler):
    def find_class(self, module, name):
        raise AssertionError(f"the pickle names {module}.{name}")


def placed(left: float, shape: str) -> SceneObject:
    return SceneObject(shape, "small", "red", COLORS["red"], left, 30.5, 20, FRAME)


def some_scenes() -> list[Scene]:
    circle, square, cut = placed(10, "circle"), placed(40, "square"), placed(90, "star")
    return [
        Scene(
            4, "train", FRAME, [circle, square, cut],
            [Reference(2, ["the star", "rightmost object"]), Reference(0, ["circle"])],
        ),
        Scene(7, "testA", FRAME, [square, circle], [Reference(1, ["circle", "the red circle"])]),
    ]  # fmt: skip


@pytest.fixture
def folder(tmp_path):
    write_annotations(tmp_path, some_scenes())
    return tmp_path


@pytest.fixture
def instances(folder):
    return json.loads((folder / "instances.json").read_text())


@pytest.fixture
def references(folder):
    with (folder / "refs(scenes).p").open("rb") as file:
        return Builtins(file).load()


def test_all_ids_count_from_one_through_all_scenes(instances, references):
    sentences = [sentence for reference in references for sentence in reference["sentences"]]

    assert [annotation["id"] for annotation in instances["annotations"]] == [1, 2, 3, 4, 5]
    assert [reference["ref_id"] for reference in references] == [1, 2, 3]
    assert [sentence["sent_id"] for sentence in sentences] == [1, 2, 3, 4, 5]
    assert [reference["sent_ids"] for reference in references] == [[1, 2], [3], [4, 5]]


def test_a_reference_names_the_annotation_of_its_object(instances, references):
    assert [reference["ann_id"] for reference in references] == [3, 1, 5]

    annotations = {annotation["id"]: annotation for annotation in instances["annotations"]}
    names = {category["id"]: category["name"] for category in instances["categories"]}
    for reference, shape in zip(references, ["star", "circle", "circle"], strict=True):
        annotation = annotations[reference["ann_id"]]
        assert reference["image_id"] == annotation["image_id"]
        assert reference["category_id"] == annotation["category_id"]
        assert names[reference["category_id"]] == shape
    assert [reference["split"] for reference in references] == ["train", "train", "testA"]


def test_a_references_file_name_has_the_annotation_as_a_suffix_and_an_images_has_not(
    instances, references
):
    assert [image["file_name"] for image in instances["images"]] == [
        "scene_000000000004.jpg", "scene_000000000007.jpg"
    ]  # fmt: skip
    assert [reference["file_name"] for reference in references] == [
        "scene_000000000004_3.jpg", "scene_000000000004_1.jpg", "scene_000000000007_5.jpg"
    ]  # fmt: skip


def test_an_annotation_has_corner_and_extent_of_what_one_sees(instances):
    assert set(instances) == {"info", "licenses", "images", "annotations", "categories"}
    whole, _, cut, *_ = instances["annotations"]

    assert (whole["bbox"], whole["area"]) == ([10, 30.5, 20, 20], 400)
    assert (cut["bbox"], cut["area"]) == ([90, 30.5, 10, 20], 200)
    assert (cut["color"], cut["size"], cut["iscrowd"]) == ("red", "small", 0)


def test_a_sentence_stands_as_typed_as_used_and_in_words(references):
    assert references[0]["sentences"][1] == {
        "raw": "Rightmost object", "sent": "rightmost object", "sent_id": 2,
        "tokens": ["rightmost", "object"],
    }  # fmt: skip


def test_the_pickle_holds_nothing_that_json_would_not_give_back(references):
    assert json.loads(json.dumps(references)) == references


def test_the_pickle_is_of_the_protocol_that_python_2_reads(folder):
    assert (folder / "refs(scenes).p").read_bytes()[:2] == b"\x80\x02"


def test_the_bytes_do_not_tell_whether_scenes_came_from_another_process(folder, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    # One by one, as a pool hands them over: equal strings are no longer the same string.
    write_annotations(elsewhere, [pickle.loads(pickle.dumps(scene)) for scene in some_scenes()])

    for name in ("instances.json", "refs(scenes).p"):
        assert (elsewhere / name).read_bytes() == (folder / name).read_bytes()
