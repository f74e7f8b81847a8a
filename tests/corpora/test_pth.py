import pickle
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from tests.refusals import refused
from vg_mc.boxes.judging import UNDECLARED, DeclaredBoxes
from vg_mc.corpora.pth import read_pth
from vg_mc.records import ImageFolder

NAMES = [f"COCO_train2014_{number:012d}.jpg" for number in (9, 25)]
ROWS = [
    (NAMES[0], "mask.pth", [10, 20, 20, 20], "left man", [("r1", ["man"])]),
    (NAMES[0], "mask.pth", np.array([10.5, 20, 20, 20]), "man", []),
    (NAMES[1], "mask.pth", torch.tensor([1, 2, 30, 40]), "cat", []),
    (NAMES[1], "mask.pth", [np.float64(50), np.int64(2), 30, 40], "dog", []),
]


@pytest.fixture
def images(tmp_path):
    folder = tmp_path / "images"
    folder.mkdir()
    for name in NAMES:
        Image.new("RGB", (100, 80)).save(folder / name)
    return folder


@pytest.fixture
def read(images):
    def read(rows, name="unc_val.pth", *, skip_bad=False, declared=UNDECLARED):
        file = images.parent / name
        torch.save(rows, file)
        return read_pth(file, ImageFolder(images), declared=declared, skip_bad=skip_bad)

    return read


def test_records_with_lists_arrays_and_tensors_are_read(read):
    corpus = read(ROWS)

    assert [(one.text, one.image_id, one.target) for one in corpus.expressions] == [
        ("left man", 9, (10, 20, 30, 40)),
        ("man", 9, (10.5, 20, 30.5, 40)),
        ("cat", 25, (1, 2, 31, 42)),
        ("dog", 25, (50, 2, 80, 42)),
    ]
    assert {one.split for one in corpus.expressions} == {"val"}
    assert corpus.photos[9].file_name == NAMES[0]


@pytest.mark.parametrize(
    ("name", "right"),
    [("unc+_testA.pth", 30), ("gref_umd_test.pth", 30), ("referit_val.pth", 20)],
)
def test_the_name_of_the_file_tells_the_format_of_its_boxes(name, right, read):
    row = (NAMES[0], "mask", [10, 10, 20, 30], "man", [])

    one = read([row], name).expressions[0]

    assert one.target[2] == right
    assert one.split == name.removesuffix(".pth").rpartition("_")[2]


def test_records_of_flickr_are_shorter(read):
    one = read([(NAMES[0], [10, 20, 30, 40], "man")], "flickr_train.pth").expressions[0]

    assert (one.target, one.text) == ((10, 20, 30, 40), "man")


def test_a_folder_is_read_without_its_vocabulary_and_its_unions(images):
    folder = images.parent / "unc"
    folder.mkdir()
    for split in ("train", "val", "trainval"):
        torch.save(ROWS, folder / f"unc_{split}.pth")
    (folder / "corpus.pth").write_bytes(b"not looked at")
    (folder / "._unc_val.pth").write_bytes(b"of macOS")

    corpus = read_pth(folder, ImageFolder(images), declared=UNDECLARED, skip_bad=False)

    assert len(corpus.expressions) == 8
    assert corpus.name == "unc"
    assert any("1 hidden" in note for note in corpus.notes)


def test_an_unknown_name_needs_the_format(read):
    with refused("--box-format", file="mine_val.pth"):
        read(ROWS, "mine_val.pth")

    assert len(read(ROWS, "mine_val.pth", declared=DeclaredBoxes("xywh")).expressions) == 4


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        (3, "image"),
        ((1, 2), "image"),
        ((3, "", [1, 2, 3, 4], "man", []), "image"),
        ((NAMES[0], "", [1, 2, 3], "man", []), "4"),
        ((NAMES[0], "", np.array([1, 2, 3, np.nan]), "man", []), "4"),
        ((NAMES[0], "", np.array([[1, 2, 3, 4]]), "man", []), "4"),
        ((NAMES[0], "", [1, 2, 3, 4], "", []), "expression"),
        (("../" + NAMES[0], "", [1, 2, 3, 4], "man", []), "folder"),
    ],
)
def test_a_bad_record_is_named_or_left_out(row, problem, read):
    with refused("unc_val.pth", "4", *problem.split()):
        read([*ROWS, row])
    assert [one.record for one in read([*ROWS, row], skip_bad=True).rejected] == ["record 4"]


class Payload:
    def __init__(self, canary: Path) -> None:
        self.canary = canary

    def __reduce__(self):
        return Path.touch, (self.canary,)


@pytest.mark.parametrize(
    "save", [torch.save, lambda rows, file: file.write_bytes(pickle.dumps(rows))]
)
def test_nothing_is_run(save, images, tmp_path):
    canary, file = tmp_path / "canary", tmp_path / "unc_val.pth"
    save([Payload(canary)], file)

    with refused(file="unc_val.pth"):
        read_pth(file, ImageFolder(images), declared=UNDECLARED, skip_bad=True)
    assert not canary.exists()


@pytest.mark.parametrize("content", [None, b"", b"PK\x03\x04", b"\x80\x02}q\x00."])
def test_what_is_no_list_is_refused(content, images, tmp_path):
    file = tmp_path / "unc_val.pth"
    if content is not None:
        file.write_bytes(content)

    with refused(file="unc_val.pth"):
        read_pth(file, ImageFolder(images), declared=UNDECLARED, skip_bad=True)


def test_an_empty_folder_is_refused(images):
    with refused("unc_val.pth", file="images"):
        read_pth(images, ImageFolder(images), declared=UNDECLARED, skip_bad=True)


VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=3), st.just([]),
    st.just((1, 2, 3, 4)), st.just({"a": 1}),
)  # fmt: skip


@given(row=st.integers(0, 3), place=st.integers(0, 4), value=VALUES)
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_accepted_and_rejected_records_are_all_records(row, place, value, read):
    rows = [list(one) for one in ROWS]
    rows[row][place] = value

    corpus = read(rows, skip_bad=True)

    assert len(corpus.expressions) + len(corpus.rejected) == 4
