import csv
import io
import json
from contextlib import suppress

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from tests.refusals import refused
from vg_mc.boxes.judging import UNDECLARED, DeclaredBoxes
from vg_mc.corpora.table import read_table
from vg_mc.errors import BadInputError
from vg_mc.records import ImageFolder

CORNERS = DeclaredBoxes("xyxy", "pixels")
PIXELS = DeclaredBoxes(unit="pixels")
LABELS = [{"x": 1, "y": 2, "width": 3, "height": 4, "original_width": 640}]
ROWS = [
    {"image": "1.jpg", "expression": "left man", "box": [10, 20, 30, 40], "split": "train"},
    {"image": "1.jpg", "expression": "the dog", "box": [50, 20, 90.5, 40], "split": "train"},
    {"image": "2.jpg", "expression": "cat", "box": [1, 2, 30, 40], "split": "val"},
]


@pytest.fixture
def images(tmp_path):
    folder = tmp_path / "images"
    folder.mkdir()
    for number in (1, 2):
        Image.new("RGB", (100, 80)).save(folder / f"{number}.jpg")
    return folder


def write_csv(rows, file):
    with file.open("w", newline="", encoding="utf-8") as opened:
        writer = csv.DictWriter(opened, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def write_json_lines(rows, file):
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))


def write_json(rows, file):
    file.write_text(json.dumps(rows))


def write_parquet(rows, file):
    pq.write_table(pa.Table.from_pylist(rows), file)


WRITERS = {
    "csv": write_csv, "jsonl": write_json_lines, "json": write_json, "parquet": write_parquet
}  # fmt: skip
kinds = pytest.mark.parametrize("kind", WRITERS)


@pytest.fixture
def read(tmp_path, images):
    def read(rows, kind, *, skip_bad=False, declared=CORNERS, name="mine", columns=None):
        file = tmp_path / f"{name}.{kind}"
        WRITERS[kind](rows, file)
        return read_table(
            file, ImageFolder(images), declared=declared, skip_bad=skip_bad, columns=columns
        )

    return read


@kinds
def test_every_kind_of_file_says_the_same(kind, read):
    corpus = read(ROWS, kind)

    assert corpus.name == "mine"
    assert [(one.text, one.split, one.image_id, one.target) for one in corpus.expressions] == [
        ("left man", "train", 1, (10, 20, 30, 40)),
        ("the dog", "train", 1, (50, 20, 90.5, 40)),
        ("cat", "val", 2, (1, 2, 30, 40)),
    ]
    assert [(photo.width, photo.height) for photo in corpus.photos.values()] == [(100, 80)] * 2
    assert len(corpus.annotations[1]) == 2


@kinds
@pytest.mark.parametrize(
    ("columns", "numbers"),
    [
        (("left", "top", "right", "bottom"), (10, 20, 30, 40)),
        (("x1", "y1", "x2", "y2"), (10, 20, 30, 40)),
        (("xmin", "ymin", "xmax", "ymax"), (10, 20, 30, 40)),
        (("x_min", "y_min", "x_max", "y_max"), (10, 20, 30, 40)),
        (("cx", "cy", "w", "h"), (20, 30, 20, 20)),
        (("left", "top", "width", "height"), (10, 20, 20, 20)),
        (("x", "y", "width", "height"), (10, 20, 20, 20)),
        (("x", "y", "w", "h"), (10, 20, 20, 20)),
    ],
)
def test_names_of_four_columns_tell_the_format(kind, columns, numbers, read):
    row = {"image": "1.jpg", "expression": "man"} | dict(zip(columns, numbers, strict=True))

    corpus = read([row], kind, declared=DeclaredBoxes(unit="pixels"))
    assert corpus.expressions[0].target == (10, 20, 30, 40)
    other = "xywh" if numbers[2] == 30 else "xyxy"
    with refused(other):
        read([row], kind, declared=DeclaredBoxes(other, "pixels"))


def test_columns_may_hold_shares_of_the_photo(read):
    row = {"image": "1.jpg", "expression": "man", "x1": 0.1, "y1": 0.25, "x2": 0.5, "y2": 0.5}

    corpus = read([row], "csv", declared=DeclaredBoxes(unit="unit"))

    assert corpus.expressions[0].target == (10, 20, 50, 40)


def test_a_file_without_splits_is_one(read):
    rows = [{name: row[name] for name in ("image", "expression", "box")} for row in ROWS]

    assert {one.split for one in read(rows, "jsonl", name="testA").expressions} == {"testA"}


def test_a_folder_of_files_is_one_corpus(tmp_path, images):
    folder = tmp_path / "mine"
    folder.mkdir()
    rows = [{name: row[name] for name in ("image", "expression", "box")} for row in ROWS]
    write_csv(rows[:2], folder / "train.csv")
    write_parquet(rows[2:], folder / "val.parquet")
    (folder / "notes.txt").write_text("mine")

    corpus = read_table(folder, ImageFolder(images), declared=CORNERS, skip_bad=False)

    assert [one.split for one in corpus.expressions] == ["train", "train", "val"]
    assert [one.expression_id for one in corpus.expressions] == [1, 2, 3]
    assert corpus.name == "mine"


def test_numbers_and_categories_are_kept_as_text_or_as_pandas_writes_them(read):
    extra = {"id": 7, "image_id": 5, "annotation_id": 50, "ref_id": 17, "category": "person"}
    for kind, row in [("csv", extra), ("parquet", extra | {"id": 7.0, "ref_id": 17.0})]:
        one = read([ROWS[0] | row, ROWS[2] | dict.fromkeys(extra)], kind).expressions[0]

        assert (one.expression_id, one.image_id, one.annotation_id, one.ref_id, one.category) == (
            7, 5, 50, 17, "person"
        )  # fmt: skip


@kinds
def test_ids_may_be_texts(kind, read):
    ids = [("a-7", "n1", "r"), ("12", "00004", "r"), ("b", "n1", "s")]
    rows = [
        row | {"id": id_, "image_id": image_id, "ref_id": ref_id}
        for row, (id_, image_id, ref_id) in zip(ROWS, ids, strict=True)
    ]
    rows[1]["image"], rows[2]["image"] = "2.jpg", "1.jpg"

    corpus = read(rows, kind)

    assert [one.expression_id for one in corpus.expressions] == [13, 12, 14]
    assert [one.image_id for one in corpus.expressions] == [5, 4, 5]
    assert [one.ref_id for one in corpus.expressions] == [1, 1, 2]
    assert corpus.assigned_ids == {5}
    noted = " ".join(corpus.notes)
    assert all(f"{field} are texts" in noted for field in ("id", "image_id", "ref_id"))
    assert "'a-7'" in noted


@pytest.mark.parametrize(
    "named",
    [
        {"expression": "said.sent", "box": "place.xyxy", "image": "photo.name"},
        {
            "expression": "said.sent",
            "box": "place.l,place.t,place.r,place.b",
            "image": "photo.name",
        },
    ],
)
def test_fields_are_named_by_paths(named, read):
    row = {
        "photo": {"name": "1.jpg"},
        "said": [{"sent": "dog"}, {"sent": "cat"}],
        "place": {"xyxy": [10, 20, 30, 40], "l": 10, "t": 20, "r": 30, "b": 40},
        "split": "train",
    }

    corpus = read([row], "json", columns=named)

    assert [(one.text, one.target, one.split) for one in corpus.expressions] == [
        ("dog", (10, 20, 30, 40), "train"),
        ("cat", (10, 20, 30, 40), "train"),
    ]


@pytest.mark.parametrize(
    ("kind", "row", "columns"),
    [
        (
            kind,
            {"Image": "1.jpg", "Caption": "left man", "BBox": [10, 20, 30, 40], "split": "val"},
            {"image": "Image", "expression": "Caption", "box": "BBox"},
        )
        for kind in WRITERS
    ]
    + [  # read as a table of our columns in lower case, but for the expression
        (
            "json",
            {"IMAGE": "1.jpg", "EXPRESSION": "a", "BOX": [10, 20, 30, 40], "Note": "left man"},
            {"expression": "Note"},
        )
    ],
)
def test_columns_are_named_as_they_are_written(read, kind, row, columns):
    corpus = read([row], kind, columns=columns)

    assert [(one.text, one.target) for one in corpus.expressions] == [
        ("left man", (10, 20, 30, 40))
    ]


def test_four_named_columns_have_the_order_of_their_names(read):
    row = {"image": "1.jpg", "expression": "dog", "b.x": 10, "b.y": 20, "b.w": 30, "b.h": 40}

    corpus = read([row], "csv", columns={"box": "b.x,b.y,b.w,b.h"}, declared=PIXELS)

    assert corpus.expressions[0].target == (10, 20, 40, 60)


def test_named_fields_replace_those_of_a_layout(read):
    row = {"image": "1.jpg", "sent": "prompt", "bbox": [1, 2, 3, 4], "text": "dog"}

    (one,) = read([row], "json", columns={"expression": "text"}, declared=UNDECLARED).expressions

    assert (one.text, one.target) == ("dog", (1, 2, 3, 4))


@pytest.mark.parametrize(
    ("named", "facts"),
    [
        ({"caption": "a"}, ["caption", "expression"]),
        ({"expression": "b"}, ["--columns", "expression=...", "box=...", "caption"]),
        ({"expression": "caption"}, ["--columns", "box=...", "place.x"]),
    ],
)
def test_a_field_that_is_not_there_cannot_be_named(named, facts, read):
    with refused(*facts):
        read([{"image": "1.jpg", "caption": "dog", "place": {"x": 1}}], "json", columns=named)


@pytest.mark.parametrize(
    ("row", "facts"),
    [
        ({"image": "1.jpg", "sent": "dog", "xyxy": [1]}, ["InternVL", "bbox", "--columns"]),
        ({"img_id": "1", "sents": "dog"}, ["MiniGPT-v2", "bbox"]),
        ({"question": "q", "answer": 1, "image": "x"}, ["VLMEvalKit", "index"]),
        ({"image": "1.jpg", "caption": "dog", "bbox": [1]}, ["caption", "--columns"]),
        ({"ann_id": [1], "ref_id": 1, "sentences": [{"sent": "a"}]}, ["--corpus refer"]),
        ({"image": "1.jpg", "conversations": [{"from": "human"}]}, ["conversations"]),
        ({"image": "1.jpg", "text": ["a", "b"], "label": LABELS}, ["Label Studio", "JSON_MIN"]),
        ({"image": "1.jpg", "text": "a", "label": json.dumps(LABELS)}, ["JSON_MIN"]),
    ],
)
def test_an_unknown_layout_is_refused_with_the_nearest(row, facts, read):
    with refused(*facts, file="mine.json", record="record 0"):
        read([row], "json")


def test_hidden_files_are_left_out_and_counted(tmp_path, images):
    folder = tmp_path / "mine"
    folder.mkdir()
    write_csv(ROWS, folder / "train.csv")
    (folder / "._train.csv").write_bytes(b"\x00\x05\x16\x07")
    (folder / ".DS_Store").write_bytes(b"\x00")

    corpus = read_table(folder, ImageFolder(images), declared=CORNERS, skip_bad=False)

    assert len(corpus.expressions) == 3
    assert any("1 hidden" in note and "._train.csv" in note for note in corpus.notes)


@pytest.mark.parametrize("wrap", [lambda rows: {"version": 1, "data": rows},
                                  lambda rows: dict(zip("abc", rows, strict=True))])  # fmt: skip
def test_a_list_may_be_within_an_object(wrap, tmp_path, images):
    file = tmp_path / "mine.json"
    file.write_text(json.dumps(wrap(ROWS)))

    corpus = read_table(file, ImageFolder(images), declared=CORNERS, skip_bad=False)

    assert [one.text for one in corpus.expressions] == ["left man", "the dog", "cat"]


BAD = [
    ({"image": "3.jpg"}, r"3\.jpg"),
    ({"image": ""}, "a field image"),
    ({"image": "../1.jpg"}, "inside the image folder"),
    ({"expression": ""}, "a field expression"),
    ({"expression": "  "}, "a text as expression"),
    ({"box": "1 2 3"}, "4 finite numbers as box"),
    ({"box": "nan 1 2 3"}, "4 finite numbers as box"),
    ({"box": "left"}, "a list as box"),
    ({"box": ""}, "a field box"),
    ({"box": "30 20 10 40"}, "a bbox with an area"),
]


@kinds
@pytest.mark.parametrize(("change", "problem"), BAD)
def test_a_bad_row_is_named_or_left_out(kind, change, problem, read):
    rows = [row | {"id": str(9 + number), "box": " ".join(map(str, row["box"]))}
            for number, row in enumerate(ROWS)]  # fmt: skip
    rows[1] |= change
    where = {"csv": "line 3", "jsonl": "line 2", "json": "record 1", "parquet": "row 1"}[kind]

    with pytest.raises(BadInputError, match=problem) as stopped:
        read(rows, kind)
    if change != {"image": "3.jpg"}:  # all missing photos are reported together
        assert f"mine.{kind}, {where}: " in str(stopped.value)
    corpus = read(rows, kind, skip_bad=True)
    assert [one.text for one in corpus.expressions] == ["left man", "cat"]
    assert [(one.file, one.record) for one in corpus.rejected] == [(f"mine.{kind}", where)]


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        ("a.csv", "", "distinct"),
        ("a.csv", "image,image,expression,box\n", "distinct"),
        ("a.csv", "photo,expression,box\n1.jpg,a,1\n", "image"),
        (
            "a.csv",
            "image,expression,box\n1.jpg,man\n",
            "2 3",
        ),
        ("a.csv", "image;expression;box\n", "expression"),
        ("a.csv", "image,caption,box\n1.jpg,man,1\n", "expression"),
        (
            "a.csv",
            "image,expression,left\n1.jpg,man,1\n",
            "2",
        ),
        ("a.jsonl", '{"Image": "1.jpg"}', "expression"),
        ("a.csv", 'image,expression,box\n1.jpg,"man,1 2 3 4\n', "UTF-8"),
        ("a.csv", b"image,expression,box\n1.jpg,caf\xe9,1 2 3 4\n", "UTF-8"),
        ("a.jsonl", "{]\n", "1 JSON 2"),
        ("a.jsonl", "3\n", "1"),
        ("a.jsonl", "[" * 100_000 + "\n", "1 JSON"),
        ("a.json", '{"a": 1}', "COCO's"),
        ("a.json", "[3]", "0"),
        ("a.json", "", "JSON"),
        ("a.parquet", "no", "Parquet"),
        ("a.txt", "no", "jsonl"),
    ],
)
def test_a_file_of_another_kind_is_refused(name, content, problem, tmp_path, images):
    file = tmp_path / name
    file.write_bytes(content if isinstance(content, bytes) else content.encode())

    with refused(*problem.split()) as caught:
        read_table(file, ImageFolder(images), declared=CORNERS, skip_bad=False)
    assert caught.value.file == str(file)


@pytest.mark.parametrize("name", ["none.csv", "none.jsonl", "none.json", "none.parquet", "empty"])
def test_a_missing_file_and_an_empty_folder_are_refused(name, tmp_path, images):
    (tmp_path / "empty").mkdir()

    with refused(*name.split()):
        read_table(tmp_path / name, ImageFolder(images), declared=CORNERS, skip_bad=True)


def test_a_byte_order_mark_and_empty_lines_do_not_matter(tmp_path, images):
    file = tmp_path / "val.csv"
    file.write_bytes(b"\xef\xbb\xbfImage, Expression ,BOX\r\n\r\n1.jpg,man,1 2 30 40\r\n")

    assert (
        len(read_table(file, ImageFolder(images), declared=CORNERS, skip_bad=False).expressions)
        == 1
    )


VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5), st.just([]),
    st.just([1, 2, 3, "x"]), st.just({"a": 1}),
)  # fmt: skip


@given(
    kind=st.sampled_from(["csv", "jsonl", "json"]),
    row=st.integers(0, 2),
    field=st.sampled_from(["image", "expression", "box", "split", "id", "image_id", "category"]),
    value=VALUES,
)
@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_accepted_and_rejected_rows_are_all_rows(kind, row, field, value, read):
    rows = [dict(one) for one in ROWS]
    for number, one in enumerate(rows):
        one |= {"id": number + 1, "image_id": int(one["image"][0]), "category": "thing"}
    rows[row][field] = value
    try:
        corpus = read(rows, kind, skip_bad=True)
    except UnicodeEncodeError:
        return  # half a surrogate pair cannot even be written to a CSV

    several = field == "expression" and isinstance(value, list) and value and kind != "csv"
    assert len(corpus.expressions) + len(corpus.rejected) == (2 + len(value) if several else 3)
    assert len(corpus.expressions) >= 1


@given(st.binary(max_size=200))
@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_bytes_are_read_or_refused(images, content):
    good = io.StringIO()
    csv.DictWriter(good, ["image", "expression", "box"]).writeheader()
    for kind, prefix in [("csv", good.getvalue().encode()), ("jsonl", b""), ("json", b"[")]:
        file = images.parent / f"any.{kind}"
        file.write_bytes(prefix + content)
        with suppress(BadInputError):
            read_table(file, ImageFolder(images), declared=CORNERS, skip_bad=True)
