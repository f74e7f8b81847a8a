import csv
import io
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from PIL import Image

from tests.refusals import refused
from vg_mc.boxes.judging import DeclaredBoxes
from vg_mc.corpora import readers as reading
from vg_mc.corpora.readers import CorpusSource, read_corpus


@pytest.fixture
def source(refer):
    """Ask for a corpus that is known by its name, and is much smaller than it should be."""
    return lambda **changes: CorpusSource(
        **{
            "kind": "refer",
            "annotations": refer.write(),
            "images": None,
            "extracted": Path("extracted"),
        }
        | changes
    )


def test_a_known_corpus_with_other_counts_stops(source):
    with refused("1", "NOT", "42,404", "0", file="refs(unc).p"):
        read_corpus(source())


def test_other_counts_can_be_allowed_and_are_handed_on(source, refer):
    corpus, comparisons = read_corpus(source(allow_count_mismatch=True))

    assert len(corpus.expressions) == 3
    assert corpus.images_folder.path == refer.folder / "images"
    assert len(comparisons) == 12


def test_a_folder_of_another_name_is_no_known_corpus(refer, source):
    refer.folder = refer.folder.with_name("refcoco_mini")

    corpus, comparisons = read_corpus(source(annotations=refer.write()))

    assert (len(corpus.expressions), comparisons) == (3, [])


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"instances": Path("nowhere.json")}, "nowhere.json --instances"),
        ({"boxes": DeclaredBoxes("xyxy")}, "--box-format"),
        ({"boxes": DeclaredBoxes(unit="pixels")}, "--box-unit"),
    ],
)
def test_flags_that_make_no_sense_are_refused(change, problem, source):
    with refused(*problem.split()):
        read_corpus(source(**change))


def test_a_known_corpus_is_known_by_the_name_of_a_link_and_in_any_case(source, refer, tmp_path):
    real = refer.write().rename(tmp_path / "v2")
    for name in ("refcoco", "RefCOCO"):
        (tmp_path / name).unlink(missing_ok=True)
        (tmp_path / name).symlink_to(real)

        with refused("0", "NOT", "10,834", file="refs(unc).p"):
            read_corpus(source(annotations=tmp_path / name))


@pytest.mark.parametrize("kind", ["refer", "table", "pth"])
def test_what_is_not_there_is_named_by_its_flag(kind, source, tmp_path):
    with refused(file="nowhere", record="--annotations"):
        read_corpus(source(kind=kind, annotations=tmp_path / "nowhere"))


def test_a_file_where_refer_has_a_folder_leads_to_the_other_kinds(source, tmp_path):
    file = tmp_path / "mine.csv"
    file.write_text("image,expression,box\n")

    with refused(file="mine.csv", record="--annotations"):
        read_corpus(source(annotations=file))


def test_references_one_folder_below_are_pointed_at(source, refer):
    with refused("refcoco/refs", file="refs(unc).p"):
        read_corpus(source(annotations=refer.write().parent))


@pytest.fixture
def lists(tmp_path):
    folder = tmp_path / "unc"
    folder.mkdir()
    torch.save([("a.jpg", "mask", [1, 2, 3, 4], "man", [])], folder / "unc_val.pth")
    return folder


def test_lists_of_a_known_corpus_are_counted(lists, source, tmp_path):
    instances = tmp_path / "refcoco" / "instances.json"
    torch.save(
        [("COCO_train2014_000000000005.jpg", "mask", [10, 20, 30, 40], "man", [])],
        lists / "unc_val.pth",
    )
    asked = source(kind="pth", annotations=lists, instances=instances)

    with refused("1", "NOT", "10,834", file="unc_val.pth"):
        read_corpus(asked)
    (lists / "unc_val.pth").rename(tmp_path / "unc_val.pth")
    corpus, comparisons = read_corpus(
        source(kind="pth", annotations=tmp_path / "unc_val.pth", instances=instances)
    )
    assert (len(corpus.annotations[5]), comparisons) == (2, [])


def test_a_table_looks_for_photos_beside_it(source, tmp_path):
    file = tmp_path / "mine.csv"
    with file.open("w", newline="") as opened:
        csv.writer(opened).writerows([["image", "expression", "box"], ["1.jpg", "man", "1 2 3 4"]])

    (tmp_path / "images").mkdir()
    with refused(tmp_path / "images", "1"):
        read_corpus(source(kind="table", annotations=file))
    with refused("--images"):
        read_corpus(source(kind="table", annotations=file, images=Path("mine")))


def test_every_kind_has_a_reader():
    assert set(reading.READERS) == {"refer", "hub", "table", "pth"}


def test_a_mirror_is_known_by_the_name_of_its_dataset(source, tmp_path):
    row = {
        "caption": "man", "bbox": [1, 2, 3, 4], "file_name": "1.jpg", "width": 9, "height": 9
    }  # fmt: skip
    asked = {"kind": "hub", "images": Path("photos")}
    for name in ("RefCOCOplus", "mine"):
        (tmp_path / name).mkdir()
        pq.write_table(pa.Table.from_pylist([row]), tmp_path / name / "val.parquet")

    with refused("1", "NOT", "10,758", file="val.parquet"):
        read_corpus(source(**asked, annotations=tmp_path / "RefCOCOplus"))
    (tmp_path / "RefCOCOplus").rename(tmp_path / "somebody_RefCOCOplus")
    with refused("1", "NOT", "10,758", file="val.parquet"):
        read_corpus(source(**asked, annotations=tmp_path / "somebody_RefCOCOplus"))
    corpus, comparisons = read_corpus(source(**asked, annotations=tmp_path / "mine"))
    assert (corpus.name, corpus.images_folder.path, comparisons) == ("mine", Path("photos"), [])


def test_a_mirror_without_photos_has_to_be_told_where_they_are(source, tmp_path):
    row = {
        "caption": "man", "bbox": [1, 2, 3, 4], "file_name": "1.jpg", "width": 9, "height": 9
    }  # fmt: skip
    pq.write_table(pa.Table.from_pylist([row]), tmp_path / "val.parquet")

    with refused(record="--images"):
        read_corpus(source(kind="hub", annotations=tmp_path))


def benchmark_row(number, split):
    buffer = io.BytesIO()
    Image.new("RGB", (100, 80)).save(buffer, "JPEG")
    name = f"COCO_train2014_{number:012d}.jpg"
    reference = {
        "ann_info": {"id": 50, "bbox": [10.0, 20.0, 30.0, 40.0]},
        "ref_info": {"ref_id": 1, "split": split, "sentences": [{"sent": "dog", "sent_id": 7}]},
    }
    image = {"bytes": buffer.getvalue(), "path": name}
    return {"image": image, "image_id": number, "ref_list": [reference]}


@pytest.fixture
def benchmark(tmp_path):
    """Write two corpora as jxu124/refcoco-benchmark has them, and a hidden file."""
    folder = tmp_path / "refcoco-benchmark"
    (folder / "data").mkdir(parents=True)
    for number, name in enumerate(["refcoco_unc_val", "refcoco_plus_unc_val"], start=5):
        file = folder / "data" / f"{name}-00000-of-00001-2c68b2dca7cc4d2b.parquet"
        pq.write_table(pa.Table.from_pylist([benchmark_row(number, "val")]), file)
    (folder / "data" / "._refcoco_unc_val.parquet").write_bytes(b"Mac")
    return folder


def test_the_benchmark_of_jxu124_is_read_one_corpus_at_a_time(benchmark, tmp_path):
    source = CorpusSource(
        "hub", benchmark, None, tmp_path / "extracted", splits=("refcoco_plus_unc_val",)
    )

    corpus, _ = read_corpus(source)

    (one,) = corpus.expressions
    assert (one.text, one.target, one.split) == ("dog", (10, 20, 40, 60), "refcoco_plus_unc_val")
    assert (one.image_id, one.annotation_id, one.ref_id, one.expression_id) == (6, 50, 1, 7)
    assert (tmp_path / "extracted" / "COCO_train2014_000000000006.jpg").is_file()
    assert any("1 hidden" in note for note in corpus.notes)


def test_a_choice_of_splits_of_the_benchmark_is_asked_for(benchmark, tmp_path):
    with refused("refcoco_unc_val", "refcoco_plus_unc_val", record="--splits"):
        read_corpus(CorpusSource("hub", benchmark, None, tmp_path / "extracted"))
    with refused("val", "refcoco_unc_val", record="--splits"):
        read_corpus(CorpusSource("hub", benchmark, None, tmp_path / "extracted", splits=("val",)))


def test_one_file_of_the_benchmark_has_the_usual_split(benchmark, tmp_path):
    next((benchmark / "data").glob("refcoco_plus*")).unlink()

    corpus, _ = read_corpus(CorpusSource("hub", benchmark, None, tmp_path / "extracted"))

    assert [one.split for one in corpus.expressions] == ["val"]


@pytest.mark.parametrize("kind", ["refer", "pth"])
def test_only_fields_of_tables_are_named(kind, source):
    with refused("table", kind, record="--columns"):
        read_corpus(source(kind=kind, columns={"expression": "sent"}))
