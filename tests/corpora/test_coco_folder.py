"""Several COCO files, such as one per split, are one corpus."""

import json

import pytest
from PIL import Image

from tests.refusals import refused
from vg_mc.boxes.judging import UNDECLARED
from vg_mc.corpora.readers import CorpusSource, read_corpus
from vg_mc.corpora.table import read_table
from vg_mc.records import ImageFolder

BOX = [10, 20, 30, 40]


def coco(names, text, *, first_image=1, first_box=1):
    images = [
        {"id": first_image + number, "file_name": name, "width": 100, "height": 80}
        for number, name in enumerate(names)
    ]
    annotations = [
        {"id": first_box + number, "image_id": first_image + number, "category_id": 1,
         "bbox": BOX, "expression": f"{text} {name}"}
        for number, name in enumerate(names)
    ]  # fmt: skip
    categories = [{"id": 0, "name": "objects"}, {"id": 1, "name": "dog"}]
    return {"images": images, "annotations": annotations, "categories": categories}


@pytest.fixture
def folder(tmp_path):
    def write(files):
        for name, content in files.items():
            file = tmp_path / name
            file.parent.mkdir(parents=True, exist_ok=True)
            if isinstance(content, dict):
                file.write_text(json.dumps(content))
            else:
                Image.new("RGB", (100, 80)).save(file)
        return tmp_path

    return write


def read(path, images=None, **options):
    options = {"declared": UNDECLARED, "skip_bad": False} | options
    return read_table(path, ImageFolder(images or path), **options)


def summary(corpus):
    return [
        (one.text, corpus.photos[one.image_id].file_name, one.split) for one in corpus.expressions
    ]


def test_files_of_splits_are_one_corpus(folder):
    path = folder(
        {
            "annotations/instances_train.json": coco(["a.jpg"], "train"),
            "annotations/instances_val2017.json": coco(
                ["b.jpg"], "val", first_image=2, first_box=2
            ),
        }
    )

    corpus = read(path / "annotations")

    assert summary(corpus) == [("train a.jpg", "a.jpg", "train"), ("val b.jpg", "b.jpg", "val")]
    assert [one.annotation_id for one in corpus.expressions] == [1, 2]
    assert [one.expression_id for one in corpus.expressions] == [1, 2]
    assert list(corpus.photos) == [1, 2]
    assert not corpus.assigned_ids
    assert [file.name for file in corpus.source_files] == [
        "instances_train.json",
        "instances_val2017.json",
    ]


def test_equal_ids_of_different_images_are_changed(folder):
    path = folder({"train.json": coco(["a.jpg", "b.jpg"], "x"), "val.json": coco(["c.jpg"], "y")})

    corpus = read(path)

    assert summary(corpus)[2] == ("y c.jpg", "c.jpg", "val")
    assert {image_id: photo.image_id for image_id, photo in corpus.photos.items()} == {
        1: 1, 2: 2, 3: 3,
    }  # fmt: skip
    assert corpus.assigned_ids == {3}
    assert [one.annotation_id for one in corpus.annotations[3]] == [3]
    assert corpus.expressions[2].annotation_id == 3
    assert any("1 images" in note for note in corpus.notes)


def test_the_same_image_in_two_files_is_one_image(folder):
    train, val = coco(["a.jpg"], "x"), coco(["a.jpg"], "y", first_image=9)
    val["annotations"].append({"id": 7, "image_id": 9, "category_id": 1, "bbox": [1, 2, 3, 4]})
    path = folder({"train.json": train, "val.json": val})

    corpus = read(path)

    assert list(corpus.photos) == [1]
    assert [one.annotation_id for one in corpus.annotations[1]] == [1, 7]
    assert [one.ref_id for one in corpus.expressions] == [1, 1]


def test_roboflow_has_images_beside_each_file(folder):
    path = folder(
        {
            "train/_annotations.coco.json": coco(["a.jpg"], "x"),
            "valid/_annotations.coco.json": coco(["b.jpg"], "y"),
            "test/_annotations.coco.json": coco(["c.jpg"], "z"),
            "train/a.jpg": None, "valid/b.jpg": None, "test/c.jpg": None,
        }
    )  # fmt: skip

    corpus, _ = read_corpus(CorpusSource("table", path, None, path / "extracted"))

    assert sorted(summary(corpus)) == [
        ("x a.jpg", "train/a.jpg", "train"),
        ("y b.jpg", "valid/b.jpg", "val"),
        ("z c.jpg", "test/c.jpg", "test"),
    ]
    assert all(
        (corpus.images_folder.path / one.file_name).is_file() for one in corpus.photos.values()
    )
    assert {one.category for one in corpus.expressions} == {"dog"}


def test_one_file_of_roboflow_has_its_images_beside_it(folder):
    path = folder({"valid/_annotations.coco.json": coco(["a.jpg"], "x"), "valid/a.jpg": None})
    file = path / "valid" / "_annotations.coco.json"

    corpus, _ = read_corpus(CorpusSource("table", file, None, path / "extracted"))

    assert summary(corpus) == [("x a.jpg", "a.jpg", "val")]
    assert (corpus.images_folder.path / "a.jpg").is_file()


@pytest.mark.parametrize("annotations", ["annotations", "."])
def test_the_folder_of_images_is_found_beside_that_of_annotations(annotations, folder):
    path = folder({"annotations/train.json": coco(["a.jpg"], "x"), "images/a.jpg": None})

    corpus, _ = read_corpus(CorpusSource("table", path / annotations, None, path / "extracted"))

    assert (corpus.images_folder.path / "a.jpg").is_file()


def test_tables_and_cocos_files_are_not_mixed(folder):
    path = folder({"train.json": coco(["a.jpg"], "x")})
    (path / "val.csv").write_text("image,expression,box\na.jpg,dog,1 2 3 4\n")

    with refused("train.json", "val.csv", "--annotations", file=path.name):
        read(path)


def test_one_bad_record_is_left_out_on_request(folder):
    spoilt = coco(["b.jpg", "c.jpg"], "y")
    spoilt["annotations"][0]["bbox"] = None
    path = folder({"train.json": coco(["a.jpg"], "x"), "val.json": spoilt})

    with refused(file="val.json", record="annotation id 1"):
        read(path)
    corpus = read(path, skip_bad=True)
    assert [one.text for one in corpus.expressions] == ["x a.jpg", "y c.jpg"]
    assert {one.file for one in corpus.rejected} == {"val.json"}
