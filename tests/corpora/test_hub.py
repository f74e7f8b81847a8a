"""Small folders in the layouts of the mirrors, with the traps that they are known for."""

import io
import json
from collections import Counter
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from tests.refusals import refused
from vg_mc.boxes.judging import UNDECLARED, DeclaredBoxes
from vg_mc.corpora.hub import read_hub
from vg_mc.records import ImageFolder

WIDTH, HEIGHT = 100, 80
PROMPT = "Please carefully observe the area circled in the image and come up with a caption for it."


def file_name(image_id: int, suffix: str = "") -> str:
    return f"COCO_train2014_{image_id:012d}{suffix}.jpg"


def photo(image_id: int) -> dict[str, object]:
    buffer = io.BytesIO()
    Image.new("RGB", (WIDTH, HEIGHT), (image_id % 256, 0, 0)).save(buffer, "PNG")
    return {"bytes": buffer.getvalue(), "path": None}


def corners(number: int) -> list[float]:
    generator = np.random.default_rng(number)
    points = np.sort(generator.uniform(0, 1, (2, 2)), axis=0) * (WIDTH - 6, HEIGHT - 6)
    return [*points[0].tolist(), *(points[1] + 5).tolist()]


def sides(number: int) -> list[float]:
    left, top, right, bottom = corners(number)
    return [left, top, right - left, bottom - top]


def jxu_row(number: int, split: str) -> dict[str, object]:
    image_id = 100 + number // 2
    return {
        "sent_ids": [2 * number, 2 * number + 1],
        "file_name": file_name(image_id, f"_{number}"),
        "ann_id": 1000 + number,
        "ref_id": number,
        "image_id": image_id,
        "split": split,
        "sentences": [
            {"raw": f"Man {number}{end}", "sent": f"man {number}{end}", "sent_id": 2 * number + end,
             "tokens": ["man"]}
            for end in (0, 1)
        ],
        "raw_anns": json.dumps({"bbox": sides(number), "category_id": 1}),
        "raw_image_info": json.dumps(
            {"file_name": file_name(image_id), "width": WIDTH, "height": HEIGHT}
        ),
        "bbox": corners(number),
    }  # fmt: skip


def lmms_row(number: int) -> dict[str, object]:
    image_id = 100 + number // 2
    return {
        "question_id": str(number),
        "image": photo(image_id),
        "question": PROMPT,
        "answer": [f"man {number}", f"left man {number}"],
        "segmentation": [1.0, 2.0],
        "bbox": sides(number),
        "iscrowd": 0,
        "file_name": file_name(image_id, f"_{number}"),
    }


def kangheng_row(number: int, box=corners, question: str | None = None) -> dict[str, object]:
    return {
        "image": photo(number // 2),
        "question": question or f"man {number}",
        "bbox": json.dumps(box(number)),
        "image_size": [WIDTH, HEIGHT],
    }


def write(folder: Path, files: dict[str, list[dict[str, object]]]) -> Path:
    for name, rows in files.items():
        file = folder / f"{name}.parquet"
        file.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(pa.Table.from_pylist(rows), file)
    return folder


def read(folder: Path, **changes):
    settings = {"splits": (), "declared": UNDECLARED, "skip_bad": False}
    return read_hub(
        folder, ImageFolder(folder.parent / "photos"), name="refcoco", **settings | changes
    )


@pytest.fixture
def jxu(tmp_path) -> Path:
    splits = {"train": "train", "validation": "val", "test": "testA", "testB": "testB"}
    files = {
        f"data/{name}-00000-of-00001-0123abcd": [jxu_row(10 * place + n, split) for n in range(4)]
        for place, (name, split) in enumerate(splits.items())
    }
    return write(tmp_path / "jxu", files)


def test_references_of_jxu124_are_read_under_the_names_of_refer(jxu):
    corpus, has_references, _ = read(jxu)

    assert has_references
    assert Counter(one.split for one in corpus.expressions) == {
        "train": 8, "val": 8, "testA": 8, "testB": 8
    }  # fmt: skip
    first = corpus.expressions[0]
    assert (first.ref_id, first.image_id, first.annotation_id) == (20, 110, 1020)
    assert first.target == pytest.approx(corners(20))
    assert corpus.photos[110].file_name == file_name(110)
    assert corpus.name == "refcoco"


def test_the_file_test_of_jxu124_is_test_a_even_if_its_rows_do_not_say_so(tmp_path):
    rows = [jxu_row(number, "test") for number in range(3)]
    folder = write(tmp_path / "jxu", {"test-0": rows, "testB-0": [jxu_row(9, "testB")]})

    assert [one.split for one in read(folder).corpus.expressions] == ["testA"] * 6 + ["testB"] * 2


def test_the_test_of_refcocog_stays_test(tmp_path):
    folder = write(tmp_path / "g", {"data/test-0": [jxu_row(number, "test") for number in (0, 1)]})

    assert {one.split for one in read(folder).corpus.expressions} == {"test"}


def test_only_splits_that_are_wanted_are_read(jxu):
    corpus = read(jxu, splits=("testA", "val")).corpus

    assert {one.split for one in corpus.expressions} == {"testA", "val"}


def test_boxes_that_agree_with_no_reading_of_coco_s_are_left_out(tmp_path):
    rows = [jxu_row(number, "val") for number in range(3)]
    rows[1]["bbox"] = corners(99)
    folder = write(tmp_path / "jxu", {"val": rows})

    with refused("raw_anns", file="val.parquet", record="row 1, sentence 0"):
        read(folder)
    assert [one.record for one in read(folder, skip_bad=True).corpus.rejected] == [
        "row 1, sentence 0", "row 1, sentence 1"
    ]  # fmt: skip


@pytest.fixture
def lmms(tmp_path) -> Path:
    rows = [lmms_row(number) for number in range(12)]
    return write(
        tmp_path / "lmms", {"data/testA-0": rows, "data/testB-0": rows[:3], "data/val-0": rows[:6]}
    )


def test_photos_of_lmms_lab_are_written_once_and_its_answers_are_the_expressions(lmms):
    corpus, has_references, _ = read(lmms, splits=("testA",))

    assert has_references
    assert len(corpus.expressions) == 24
    assert {one.text for one in corpus.expressions if one.ref_id == 1} == {"man 0", "left man 0"}
    assert len({one.ref_id for one in corpus.expressions}) == 12
    assert list(corpus.photos) == list(range(100, 106))
    written = sorted(file.name for file in (lmms.parent / "photos").iterdir())
    assert written == [file_name(number).replace(".jpg", ".png") for number in range(100, 106)]
    assert [photo.file_name for photo in corpus.photos.values()] == written


def test_a_split_that_mixes_two_corpora_is_refused_or_named_so(lmms):
    for splits in ((), ("val",)):
        with refused("6", file="data"):
            read(lmms, splits=splits)
    assert not (lmms.parent / "photos").exists()

    corpus = read(lmms, splits=("val-mixed",)).corpus

    assert {one.split for one in corpus.expressions} == {"val-mixed"}


def test_a_split_with_the_number_of_rows_of_one_corpus_is_none_of_those(lmms, monkeypatch):
    rows = {"val": 3_805, "testA": 1_975, "testB": 1_798}
    monkeypatch.setattr(
        "vg_mc.corpora.hub.count_rows", lambda path: rows[path.stem.partition("-")[0]]
    )

    assert {one.split for one in read(lmms).corpus.expressions} == set(rows)


@pytest.mark.parametrize("box", [corners, sides])
def test_the_format_of_kangheng_s_boxes_is_found_out(box, tmp_path):
    rows = [kangheng_row(number, box) for number in range(40)]
    folder = write(tmp_path / "kangheng", {"data/val-00000-of-00001": rows})

    corpus, has_references, _ = read(folder)

    assert not has_references
    assert len(corpus.expressions) == 40
    assert len(corpus.photos) == 20
    for number, one in enumerate(corpus.expressions):
        assert one.target == pytest.approx(corners(number))


def test_too_few_boxes_to_tell_their_format_need_a_flag(tmp_path):
    folder = write(tmp_path / "kangheng", {"val": [kangheng_row(0), kangheng_row(1)]})

    with refused("--box-format", file="val.parquet"):
        read(folder)
    assert len(read(folder, declared=DeclaredBoxes("xyxy")).corpus.expressions) == 2


def test_a_wrong_flag_is_noticed(tmp_path):
    folder = write(tmp_path / "kangheng", {"val": [kangheng_row(number) for number in range(40)]})

    with refused(file="val.parquet"):
        read(folder, declared=DeclaredBoxes("xywh"))


def test_a_question_that_is_always_the_same_is_a_prompt(tmp_path):
    rows = [kangheng_row(number, question=PROMPT) for number in range(12)]
    folder = write(tmp_path / "kangheng", {"val": rows})

    with refused("12", "Please", file="val.parquet"):
        read(folder)


def test_rows_of_ref_l4_are_read(tmp_path):
    rows = [
        {"id": 7 + number, "caption": f"man {number}", "bbox": sides(number), "split": "val",
         "file_name": f"{number // 2}.jpg", "width": WIDTH, "height": HEIGHT, "image_id": "o365_1"}
        for number in range(4)
    ]  # fmt: skip
    folder = write(tmp_path / "l4", {"ref-l4-val": rows})

    corpus = read(folder).corpus

    assert [(one.expression_id, one.split) for one in corpus.expressions] == [
        (7 + number, "val") for number in range(4)
    ]


@pytest.fixture
def instances(tmp_path) -> Path:
    content = {
        "images": [
            {"id": 100 + number, "file_name": file_name(100 + number), "width": WIDTH,
             "height": HEIGHT}
            for number in range(6)
        ],
        "annotations": [
            {"id": 10 * number + place, "image_id": 100 + number, "category_id": 1,
             "bbox": sides(10 * number + place)}
            for number in range(6)
            for place in range(5)
        ],
        "categories": [{"id": 1, "name": "person"}],
    }  # fmt: skip
    file = tmp_path / "instances_train2014.json"
    file.write_text(json.dumps(content))
    return file


def test_all_boxes_of_an_image_come_from_coco_s_own_file(lmms, instances):
    corpus = read(lmms, splits=("testA",), candidates_file=instances).corpus

    assert {len(regions) for regions in corpus.annotations.values()} == {5}
    assert corpus.source_files[-1] == instances


def test_photos_without_a_number_cannot_be_joined(tmp_path, instances):
    folder = write(tmp_path / "kangheng", {"val": [kangheng_row(number) for number in range(9)]})

    with refused("--instances", file="val.parquet", record="row 0, sentence 0"):
        read(folder, declared=DeclaredBoxes("xyxy"), candidates_file=instances)


@pytest.mark.parametrize(
    ("files", "problem"),
    [
        ({}, "Parquet"),
        ({"val": [{"a": 1}]}, "val.parquet"),
        ({"rows": [kangheng_row(0)]}, "rows.parquet"),
        ({"train": [kangheng_row(0)], "val": [jxu_row(0, "val")]}, "layout"),
    ],
)
def test_a_folder_of_another_kind_is_refused(files, problem, tmp_path):
    (tmp_path / "folder").mkdir()

    with refused(*problem.split()):
        read(write(tmp_path / "folder", files))


def test_a_split_that_is_not_there_is_refused(lmms):
    with refused("testA", "testB", file="data"):
        read(lmms, splits=("train",))


def test_the_folder_may_name_the_split(tmp_path):
    folder = write(tmp_path / "l", {"default/testA/0000": [lmms_row(number) for number in (0, 1)]})

    assert {one.split for one in read(folder).corpus.expressions} == {"testA"}


CELLS = st.one_of(st.none(), st.text(max_size=4), st.sampled_from(["[1,2]", "{}", "[1,2,3,4]"]))


@given(row=st.integers(0, 3), spoil=st.integers(0, 20), text=CELLS)
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_accepted_and_rejected_sentences_are_all_sentences(tmp_path, row, spoil, text):
    rows = [jxu_row(number, "val") for number in range(4)]
    texts = ("split", "raw_anns", "raw_image_info")
    numbers = ("ann_id", "ref_id", "image_id")
    field = (*texts, *numbers, "bbox", "sentences")[spoil % 8]
    if field in texts:
        rows[row][field] = text
    elif field in numbers:
        rows[row][field] = None
    elif field == "bbox":
        rows[row][field] = [1.0] * (spoil % 5)
    else:
        rows[row][field] = rows[row][field][: spoil % 2]
    folder = write(tmp_path / "jxu", {"val": rows})

    corpus = read(folder, skip_bad=True).corpus

    expected = 8 - (field == "sentences")
    assert len(corpus.expressions) + len(corpus.rejected) == expected
