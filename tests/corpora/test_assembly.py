import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.refusals import refused
from vg_mc.boxes.judging import DeclaredBoxes
from vg_mc.corpora.assembly import Source, assemble
from vg_mc.corpora.expression_records import ExpressionRecord
from vg_mc.corpora.frames import ImageFrames
from vg_mc.corpora.inspection import Inspection
from vg_mc.records import ImageFolder

FILE = Path("val.csv")
CORNERS = DeclaredBoxes("xyxy", "pixels")


def said(
    file_name="1.jpg",
    text="man",
    box=(10, 20, 30, 40),
    split="val",
    **others,
) -> ExpressionRecord:
    numbers = ("image_id", "annotation_id", "ref_id", "expression_id")
    return ExpressionRecord(
        FILE,
        others.get("record", "line 2"),
        file_name,
        text,
        box,
        split,
        others.get("category", ""),
        others.get("size", (100, 80)),
        *(others.get(number) for number in numbers),
    )


def put_together(statements, *, skip_bad=False, declared=CORNERS, candidates_file=None):
    source = Source(
        "mine", [FILE], ImageFrames(ImageFolder(Path("images"))), declared, candidates_file
    )
    return assemble(statements, source, Inspection(skip_bad=skip_bad))


def test_what_has_no_number_gets_the_next():
    corpus = put_together(
        [
            said(text="left man"),
            said(text="man"),
            said(text="dog", box=(0, 0, 9, 9), expression_id=7, ref_id=5, annotation_id=3),
            said("2.jpg"),
            said(split="train"),
        ]
    )

    numbers = [
        (one.expression_id, one.ref_id, one.image_id, one.annotation_id)
        for one in corpus.expressions
    ]
    assert numbers == [(8, 6, 1, 4), (9, 6, 1, 4), (7, 5, 1, 3), (10, 7, 2, 5), (11, 8, 1, 4)]
    assert [one.text for one in corpus.expressions] == ["left man", "man", "dog", "man", "man"]
    assert corpus.name == "mine"


def test_without_candidates_every_box_that_is_meant_is_one():
    corpus = put_together(
        [said(category="person"), said(text="dog", box=(0, 0, 9, 9)), said("2.jpg"), said()]
    )

    assert {
        image_id: [(region.box, region.category, region.annotation_id) for region in regions]
        for image_id, regions in corpus.annotations.items()
    } == {
        1: [((10, 20, 30, 40), "person", 1), ((0, 0, 9, 9), "", 2)],
        2: [((10, 20, 30, 40), "", 3)],
    }
    assert [one.category for one in corpus.expressions] == ["person", "", "", "person"]


@pytest.mark.parametrize(
    ("order", "unit", "box"),
    [
        ("xywh", "pixels", (10, 20, 20, 20)),
        ("xyxy", "unit", (0.1, 0.25, 0.3, 0.5)),
        ("yxyx", "per-mille", (250, 100, 500, 300)),
    ],
)
def test_boxes_of_any_convention_become_corners(order, unit, box):
    corpus = put_together([said(box=box)], declared=DeclaredBoxes(order, unit))

    assert corpus.expressions[0].target == pytest.approx((10, 20, 30, 40))


@pytest.fixture
def candidates_file(tmp_path) -> Path:
    images = [{"id": 9, "file_name": "whatever.jpg", "width": 100, "height": 80}]
    annotations = [
        {"id": 90 + number, "image_id": 9, "category_id": 1, "bbox": [10 * number, 20, 20, 20]}
        for number in range(3)
    ]
    content = {
        "images": images,
        "annotations": annotations,
        "categories": [{"id": 1, "name": "person"}],
    }
    file = tmp_path / "instances_train2014.json"
    file.write_text(json.dumps(content))
    return file


def test_candidates_are_joined_on_the_image(candidates_file):
    coco = "COCO_train2014_000000000009.jpg"

    for statement in (said(coco, size=None), said("mine.jpg", image_id=9, annotation_id=91)):
        corpus = put_together([statement], candidates_file=candidates_file)

        assert [region.annotation_id for region in corpus.annotations[9]] == [90, 91, 92]
        assert corpus.source_files == [FILE, candidates_file]
        photo = corpus.photos[9]
        assert (photo.file_name, photo.width, photo.height) == (statement.file_name, 100, 80)
    assert (corpus.expressions[0].annotation_id, corpus.expressions[0].category) == (91, "person")


def test_candidates_are_not_joined_on_a_number_that_we_made_up(candidates_file):
    with refused("--instances", "1.jpg", file="val.csv", record="line 2"):
        put_together([said()], candidates_file=candidates_file)


def test_a_number_of_ours_lends_no_size_from_the_candidates(candidates_file):
    content = json.loads(candidates_file.read_text())
    content["images"][0] |= {"id": 1, "width": 9, "height": 9}  # some other photo's
    content["annotations"] = []
    candidates_file.write_text(json.dumps(content))
    statements = [said(f"{number}.jpg") for number in range(1, 5)]

    with refused("--instances", file="val.csv", record="line 2"):
        put_together(statements, candidates_file=candidates_file)


def test_numbers_that_were_counted_out_are_known_to_be(candidates_file):
    named = said("COCO_train2014_000000000009.jpg")

    assert put_together([said("a.jpg"), said("b.jpg")]).assigned_ids == {1, 2}
    assert put_together([said("a.jpg"), said("b.jpg", image_id=4)]).assigned_ids == {5}
    assert put_together([named], candidates_file=candidates_file).assigned_ids == set()


def test_an_image_without_candidates_is_left_out_with_its_expressions(candidates_file):
    statements = [said("a.jpg", image_id=9), said("b.jpg", image_id=10), said("b.jpg", image_id=10)]

    corpus = put_together(statements, candidates_file=candidates_file, skip_bad=True)

    assert len(corpus.expressions) == 1
    assert {one.reason for one in corpus.rejected} == {
        "expected an image in the file of --instances, not 10"
    }


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"box": (30, 20, 10, 40)}, "area"),
        ({"box": (10, 20, 10, 40)}, "area"),
        ({"box": (200, 20, 300, 40)}, "100 80"),
        ({"size": (80, 100)}, "100 80"),
        ({"expression_id": 1}, "every"),
        ({"annotation_id": 1, "box": (0, 0, 9, 9)}, "1"),
        ({"image_id": 4}, "3"),
        ({"file_name": "2.jpg", "image_id": 3}, "3 1.jpg"),
    ],
)
def test_a_statement_that_contradicts_is_named_or_left_out(change, problem):
    good = said(record="line 2", image_id=3, annotation_id=1, expression_id=1)
    bad = replace(said(record="line 3", image_id=3), **change)

    with refused("val.csv", "3", *problem.split()):
        put_together([good, bad])
    corpus = put_together([good, bad], skip_bad=True)
    assert len(corpus.expressions) == 1
    assert [(one.file, one.record) for one in corpus.rejected] == [("val.csv", "line 3")]


def test_a_mix_up_of_formats_stops_before_the_first_bad_box():
    generous = [(10, 20, 60, 50), (50, 40, 30, 30), (70, 30, 25, 40), (60, 10, 35, 60)]

    for skip_bad in (False, True):
        with refused("3", "4", "--box-format", file="val.csv"):
            put_together([said(box=box) for box in generous], skip_bad=skip_bad)


@given(
    st.lists(
        st.builds(
            said,
            st.sampled_from(["1.jpg", "2.jpg"]),
            box=st.tuples(*[st.integers(0, 50)] * 2, *[st.integers(50, 80)] * 2),
            split=st.sampled_from(["train", "val"]),
            size=st.sampled_from([(100, 80)] * 9 + [(80, 100), None]),
            image_id=st.sampled_from([None, None, 1, 2]),
            annotation_id=st.sampled_from([None, None, 1, 2]),
            ref_id=st.sampled_from([None, 4]),
            expression_id=st.one_of(st.none(), st.integers(1, 20)),
        ),
        max_size=12,
    )
)
def test_accepted_and_rejected_are_all_whatever_the_numbers_say(statements):
    corpus = put_together(statements, skip_bad=True)

    assert len(corpus.expressions) + len(corpus.rejected) == len(statements)
    assert len({one.expression_id for one in corpus.expressions}) == len(corpus.expressions)
    for one in corpus.expressions:
        assert one.image_id in corpus.photos
        assert one.target in [region.box for region in corpus.annotations[one.image_id]]
