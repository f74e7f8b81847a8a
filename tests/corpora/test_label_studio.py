import json

import pytest
from PIL import Image
from PIL.ExifTags import Base

from tests.refusals import refused
from vg_mc.boxes.judging import UNDECLARED
from vg_mc.corpora.label_studio import file_names, regions_of
from vg_mc.corpora.readers import CorpusSource, read_corpus
from vg_mc.corpora.table import read_table
from vg_mc.records import ImageFolder

PLACE = {"x": 10.0, "y": 20.0, "width": 30.0, "height": 40.0}


def rectangle(region="r0", **changes):
    value = PLACE | {"rotation": 0, "rectanglelabels": ["dog"]} | changes
    return {"id": region, "type": "rectanglelabels", "from_name": "label",
            "original_width": 200, "original_height": 100, "value": value}  # fmt: skip


def text(words, region="r0", control="text"):
    return {"id": region, "type": "textarea", "from_name": control, "value": {"text": words}}


def task(*results, data=None, **annotation):
    one = {"id": 1, "result": list(results), **annotation}
    return {"id": 1, "data": data or {"image": "a.jpg"}, "annotations": [one]}


def test_rectangle_and_text_of_an_id_are_one_region():
    (region,) = regions_of(task(rectangle(), rectangle("other"), text(["the dog"])))

    assert region == {
        "image": "a.jpg", "expression": ["the dog"], "box": [10, 20, 30, 40], "category": "dog",
        "width": 200, "height": 100, "split": None,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "box"),
    [
        ({}, [10, 20, 30, 40]),
        ({"height": -15.0}, [10, 5, 30, 15]),
        ({"width": -5.0}, [5, 20, 5, 40]),
        ({"width": -5.0, "height": -15.0}, [5, 5, 5, 15]),
    ],
)
def test_a_side_is_negative_if_drawn_backwards(changes, box):
    (region,) = regions_of(task(rectangle(**changes), text("dog")))

    assert region["box"] == box


def test_a_region_may_have_several_texts():
    (region,) = regions_of(task(rectangle(), text(["the dog", "a dog"])))

    assert region["expression"] == ["the dog", "a dog"]


def test_notes_of_a_region_are_its_text_without_a_text_area():
    shape = rectangle() | {"meta": {"text": ["the dog"]}}

    assert [one["expression"] for one in regions_of(task(shape))] == [["the dog"]]


def test_a_text_of_the_whole_image_is_no_expression():
    found = regions_of(task(rectangle(), text(["dog"]), text(["a park"], region="whole")))

    assert [one["expression"] for one in found] == [["dog"]]


def test_the_control_called_expression_is_preferred():
    results = [rectangle(), text(["dog"], control="expression"), text(["blurred"], control="note")]

    assert [one["expression"] for one in regions_of(task(*results))] == [["dog"]]


def test_several_controls_without_that_name_are_refused():
    with refused("note", "text", "expression"):
        list(regions_of(task(rectangle(), text(["dog"]), text(["blurred"], control="note"))))


def test_cancelled_annotations_do_not_count_and_ground_truth_does():
    one = task(rectangle(), text(["dog"]))
    cancelled = one["annotations"][0] | {"was_cancelled": True}
    truth = task(rectangle(x=1.0), text(["best"]), ground_truth=True)["annotations"][0]

    first = {**one, "annotations": [cancelled, *one["annotations"]]}
    second = {**one, "annotations": [*one["annotations"], truth]}

    assert [region["expression"] for region in regions_of(first)] == [["dog"]]
    assert [region["expression"] for region in regions_of(second)] == [["best"]]
    with refused("2", "ground truth"):
        list(regions_of({**one, "annotations": one["annotations"] * 2}))


@pytest.mark.parametrize("key", ["annotations", "completions"])
def test_old_exports_call_annotations_completions(key):
    one = task(rectangle(), text(["dog"]))
    one = {"data": one["data"], key: one["annotations"]}

    assert len(list(regions_of(one))) == 1


@pytest.mark.parametrize(
    ("results", "fact"),
    [
        ([rectangle(rotation=30), text(["dog"])], "rotated"),
        ([rectangle() | {"image_rotation": 90}, text(["dog"])], "rotated"),
        ([{"id": "r0", "type": "polygonlabels", "value": {"points": []}}, text(["dog"])], "shape"),
        ([rectangle(x="left"), text(["dog"])], "x"),
    ],
)
def test_a_region_without_an_upright_rectangle_is_an_error(results, fact):
    (found,) = regions_of(task(*results))

    assert "r0" in found.problem
    assert fact in found.problem


def test_the_only_image_of_a_task_may_have_any_name():
    data = {"photo": "s3://bucket/a.png", "title": "park"}

    (region,) = regions_of(task(rectangle(), text(["dog"]), data=data))

    assert region["image"] == "s3://bucket/a.png"
    for wrong in ({"a": "1.jpg", "b": "2.jpg"}, {"title": "park"}):
        (found,) = regions_of(task(rectangle(), text(["dog"]), data=wrong))
        assert "one image" in found.problem


@pytest.mark.parametrize(
    ("address", "names"),
    [
        ("/data/upload/1/0a1b2c3d-my-photo.jpg", ["my-photo.jpg", "0a1b2c3d-my-photo.jpg"]),
        ("/data/upload/1/abc-p0.jpg", ["abc-p0.jpg", "p0.jpg"]),
        ("/data/local-files/?d=a/b/1.jpg", ["a/b/1.jpg", "b/1.jpg", "1.jpg"]),
        ("https://host/a/1%202.jpg?x=1", ["1 2.jpg"]),
        ("s3://bucket/a/1.jpg", ["1.jpg"]),
        ("1.jpg", ["1.jpg"]),
    ],
)
def test_an_image_is_looked_for_by_the_names_in_its_address(address, names):
    assert file_names(address) == names


@pytest.mark.parametrize("stated", [(100, 200), (200, 100)])
def test_boxes_are_those_of_the_image_as_it_is_shown(stated, tmp_path):
    exif = Image.Exif()
    exif[Base.Orientation] = 6
    (tmp_path / "images").mkdir()
    Image.new("RGB", (200, 100)).save(tmp_path / "images" / "a.jpg", exif=exif)
    shape = rectangle() | {"original_width": stated[0], "original_height": stated[1]}
    (tmp_path / "project.json").write_text(json.dumps([task(shape, text(["dog"]))]))

    corpus, _ = read_corpus(
        CorpusSource("table", tmp_path / "project.json", None, tmp_path / "extracted")
    )

    (photo,) = corpus.photos.values()
    assert (photo.width, photo.height) == (100, 200)
    assert corpus.expressions[0].target == (10, 40, 40, 120)
    assert corpus.images_folder.orientation == "shown"


def test_tasks_without_regions_are_counted(tmp_path):
    Image.new("RGB", (200, 100)).save(tmp_path / "a.jpg")
    tasks = [task(rectangle(), text(["dog"])), task(), task() | {"annotations": []}]
    (tmp_path / "val.json").write_text(json.dumps(tasks))

    corpus = read_table(
        tmp_path / "val.json", ImageFolder(tmp_path), declared=UNDECLARED, skip_bad=False
    )

    assert [one.text for one in corpus.expressions] == ["dog"]
    assert any(note.endswith(" 2") for note in corpus.notes)
