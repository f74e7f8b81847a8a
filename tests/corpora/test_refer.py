import json
import pickle
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.refusals import refused
from vg_mc.corpora.refer import read_refer
from vg_mc.corpora.scenes.generator import write_scenes
from vg_mc.records import ImageFolder, ReferringExpression

REFCOCO_MINI = Path(__file__).parents[2].parent / "shared" / "data" / "refcoco_mini"


def read(refer, skip_bad=False):
    return read_refer(refer.write(), "unc", ImageFolder(Path("images")), skip_bad=skip_bad)


def test_sentences_become_expressions(refer):
    corpus = read(refer)

    assert corpus.name == "refcoco_unc"
    assert corpus.images_folder == ImageFolder(Path("images"))
    assert [path.name for path in corpus.source_files] == ["refs(unc).p", "instances.json"]
    box = (10.5, 20.0, 40.5, 60.0)
    assert corpus.expressions[:2] == [
        ReferringExpression(33, 17, 5, 50, "left man", box, "person", "train"),
        ReferringExpression(34, 17, 5, 50, "man", box, "person", "train"),
    ]
    assert len(corpus.expressions) == 3


def test_only_images_with_references_are_read_with_all_their_boxes(refer):
    corpus = read(refer)

    assert list(corpus.photos) == [5, 6]
    assert [region.annotation_id for region in corpus.annotations[5]] == [50, 51]


def test_the_images_name_never_comes_from_the_reference(refer):
    corpus = read(refer)

    assert corpus.photos[5].file_name == "COCO_train2014_000000000005.jpg"
    assert refer.references[0]["file_name"] == "COCO_train2014_000000000005_50.jpg"


def test_raw_stands_in_for_a_missing_sent(refer):
    del refer.references[1]["sentences"][0]["sent"]

    assert read(refer).expressions[2].text == "THE DOG"


def test_text_is_cleaned(refer):
    refer.references[1]["sentences"][0]["sent"] = " the &amp;#39;dog’s\0  "

    assert read(refer).expressions[2].text == "the 'dog's"


def test_a_reference_of_python_2_is_read(refer):
    folder = refer.write()
    (folder / "refs(unc).p").write_bytes(
        b"(lp0\n(dp1\nS'ref_id'\nL17L\nsS'ann_id'\nI50\nsS'image_id'\nI5\nsS'split'\nS'train'\n"
        b"sS'sentences'\n(lp2\n(dp3\nS'sent_id'\nI33\nsS'sent'\nS'left man'\nsasa."
    )

    expressions = read_refer(folder, "unc", ImageFolder(Path()), skip_bad=False).expressions

    assert [(one.ref_id, one.text) for one in expressions] == [(17, "left man")]


BAD_REFERENCES = [
    ("ref_id", None, "ref_id sent_id 33"),
    ("ref_id", 18, "ref_id 18 sent_id 35"),
    ("ann_id", 99, "ref_id 17 sent_id 33 ann_id 99"),
    ("ann_id", 60, "ref_id 17 sent_id 33 ann_id 60 5 6"),
    ("ann_id", True, "ann_id"),
    ("image_id", 99, "image_id 99"),
    ("image_id", "5", "image_id"),
    ("split", "", "split"),
    ("split", None, "split"),
    ("sentences", [], "ref_id 17"),
    ("sentences", "left man", "ref_id 17"),
]


@pytest.mark.parametrize(("field", "value", "message"), BAD_REFERENCES)
def test_a_bad_reference_is_named(field, value, message, refer):
    refer.references[0][field] = value

    with refused(*message.split()):
        read(refer)


BAD_SENTENCES = [
    ("sent_id", None, "ref_id 17 sent_id"),
    ("sent_id", 34, "ref_id 17 sent_id 34"),
    ("sent", "", "ref_id 17 sent_id 33"),
    ("sent", " \t", "sent"),
    ("sent", "\0", "characters"),
    ("sent", 7, "sent"),
    ("sent", "a \ud83d", "2"),
]


@pytest.mark.parametrize(("field", "value", "message"), BAD_SENTENCES)
def test_a_bad_sentence_is_named_or_left_out(field, value, message, refer):
    refer.references[0]["sentences"][0][field] = value

    with refused(*message.split()):
        read(refer)
    corpus = read(refer, skip_bad=True)
    assert len(corpus.expressions) == 2
    assert [rejected.file for rejected in corpus.rejected] == ["refs(unc).p"]


@pytest.mark.parametrize("reference", [None, 3, "text", [], {"sentences": None}])
def test_what_is_no_reference_is_named_by_its_position(reference, refer):
    refer.references.append(reference)

    with refused(file="refs(unc).p", record="record 2 without ref_id"):
        read(refer)


def test_a_bad_reference_takes_all_its_sentences_along(refer):
    refer.references[0]["ann_id"] = 99

    corpus = read(refer, skip_bad=True)

    assert [one.expression_id for one in corpus.expressions] == [35]
    assert [rejected.record for rejected in corpus.rejected] == [
        "ref_id 17, sent_id 33",
        "ref_id 17, sent_id 34",
    ]


def test_a_target_without_a_usable_box_is_left_out_with_its_box(refer):
    refer.annotations[0]["bbox"] = [0, 0, 0, 0]

    corpus = read(refer, skip_bad=True)

    assert [rejected.record for rejected in corpus.rejected] == [
        "annotation id 50",
        "ref_id 17, sent_id 33",
        "ref_id 17, sent_id 34",
    ]


def test_a_missing_file_of_references_tells_what_is_there(refer):
    with refused(file="refs(umd).p"):
        read_refer(refer.write(), "umd", ImageFolder(Path()), skip_bad=True)


def test_a_missing_instances_file_is_named(refer):
    folder = refer.write()
    (folder / "instances.json").unlink()

    with refused(file="instances.json"):
        read_refer(folder, "unc", ImageFolder(Path()), skip_bad=True)


def test_references_are_a_list(refer):
    refer.references = {"ref_id": 17}

    with refused(file="refs(unc).p"):
        read(refer)


VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=3), st.just([])
)


@given(
    table=st.sampled_from(["images", "annotations", "references", "sentences"]),
    row=st.integers(0, 1),
    spoil=st.integers(0, 9),
    value=VALUES,
)
@settings(
    max_examples=100,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_accepted_and_rejected_sentences_are_all_sentences(refer, table, row, spoil, value):
    content = json.loads(json.dumps(refer.content))
    references = json.loads(json.dumps(refer.references))
    tables = content | {"references": references, "sentences": references[0]["sentences"]}
    record = tables[table][row]
    field = sorted(record)[spoil % len(record)]
    if field != "sentences":
        record[field] = value
    folder = refer.write()
    (folder / "instances.json").write_text(json.dumps(content))
    (folder / "refs(unc).p").write_bytes(pickle.dumps(references))

    corpus = read_refer(folder, "unc", ImageFolder(Path()), skip_bad=True)

    lost = [one for one in corpus.rejected if one.file == "refs(unc).p"]
    assert len(corpus.expressions) + len(lost) == 3
    kept = {one.expression_id: one for one in corpus.expressions}
    assert len(kept) == len(corpus.expressions)


def test_scenes_are_read_by_the_same_reader(tmp_path):
    folder = tmp_path / "scenes"
    write_scenes(folder, train=3, evaluation=1, size=96, seed=0, num_workers=1)

    corpus = read_refer(folder, "scenes", ImageFolder(folder / "images"), skip_bad=False)

    assert {one.split for one in corpus.expressions} == {"train", "val", "testA", "testB"}
    assert len(corpus.photos) == 6
    assert all((folder / "images" / photo.file_name).is_file() for photo in corpus.photos.values())


def test_real_references_arrive_whole():
    if not REFCOCO_MINI.is_dir():
        pytest.skip(f"{REFCOCO_MINI} is not there: no real references were read")

    corpus = read_refer(REFCOCO_MINI, "unc", ImageFolder(REFCOCO_MINI / "images"), skip_bad=False)

    splits = Counter(one.split for one in corpus.expressions)
    assert splits == {"train": 125, "val": 45, "testB": 35, "testA": 31, "test": 11}
    assert len({one.ref_id for one in corpus.expressions}) == 132
    assert len(corpus.photos) == 95
    assert sum(map(len, corpus.annotations.values())) == 145
    assert not corpus.rejected


def other_instances(refer, tmp_path):
    """Write another file about the same images: one more box on image 5, none of the old ids."""
    boxes = [(5, [10, 20, 31, 41]), (5, [50, 0, 20, 20]), (5, [0, 0, 9, 9]), (6, [1, 1, 60, 40])]
    refer.content["annotations"][:] = [
        {"id": 900 + number, "image_id": image_id, "category_id": 1, "bbox": bbox}
        for number, (image_id, bbox) in enumerate(boxes)
    ]
    file = tmp_path / "instances_train2014.json"
    file.write_text(json.dumps(refer.content))
    return file


def test_candidates_may_come_from_another_file(refer, tmp_path):
    folder = refer.write()
    file = other_instances(refer, tmp_path)

    corpus = read_refer(folder, "unc", ImageFolder(Path()), skip_bad=False, candidates_file=file)

    assert [region.annotation_id for region in corpus.annotations[5]] == [900, 901, 902]
    assert corpus.expressions[0].target == (10.5, 20.0, 40.5, 60.0)
    assert [path.name for path in corpus.source_files][2] == "instances_train2014.json"


def test_another_file_stands_in_for_a_missing_one(refer, tmp_path):
    folder = refer.write()
    file = (folder / "instances.json").rename(tmp_path / "instances_train2014.json")

    corpus = read_refer(folder, "unc", ImageFolder(Path()), skip_bad=False, candidates_file=file)

    assert len(corpus.expressions) == 3
    assert corpus.source_files == [folder / "refs(unc).p", file]


def test_an_image_without_candidates_is_named(refer, tmp_path):
    folder = refer.write()
    file = tmp_path / "others.json"
    refer.annotations.pop(1)
    file.write_text(json.dumps(refer.content | {"images": refer.images[:1]}))

    with refused("--instances", file="refs(unc).p", record="ref_id 18, sent_id 35"):
        read_refer(folder, "unc", ImageFolder(Path()), skip_bad=False, candidates_file=file)


def test_references_of_refclef_name_regions_by_image(refer):
    refer.annotations[0]["id"] = refer.references[0]["ann_id"] = "5_3"

    assert read(refer).expressions[0].annotation_id == 50_003


def test_mended_texts_are_counted(refer):
    refer.references[1]["sentences"][0]["sent"] = "the dog’s\0 bowl"

    assert read(refer).texts == {"cleaned": 1, "with NUL": 1, "over 75 words": 0}


@pytest.fixture
def grefs(refer):
    """Write the references as gRefCOCO does: with lists of targets, one of none, one of two."""
    folder = refer.write()
    (folder / "refs(unc).p").unlink()
    first, second = ({**one, "ann_id": [one["ann_id"]], "no_target": False}
                     for one in refer.references)  # fmt: skip
    none = {**refer.reference(19, -1, 5, "val", {36: "the moon"}), "ann_id": [-1]}
    both = {**refer.reference(20, 50, 5, "val", {37: "all"}), "ann_id": [50, 51]}
    empty = {**refer.reference(21, 50, 5, "val", {}), "ann_id": [50]}
    (folder / "grefs(unc).json").write_text(json.dumps([first, second, none, both, empty]))
    return folder


def test_single_targets_of_grefcoco_are_read_and_others_counted_by_kind(grefs):
    corpus = read_refer(grefs, "unc", ImageFolder(grefs), skip_bad=True)

    assert [(one.text, one.annotation_id, one.target) for one in corpus.expressions] == [
        ("left man", 50, (10.5, 20, 40.5, 60)),
        ("man", 50, (10.5, 20, 40.5, 60)),
        ("the dog", 60, (0, 0, 64, 48)),
    ]
    reasons = {one.record.partition(",")[0]: one.reason for one in corpus.rejected}
    assert "found 0" in reasons["ref_id 19"]
    assert "found 2" in reasons["ref_id 20"]
    assert "ref_id 21" in reasons


def test_a_reference_of_no_target_or_of_several_stops_with_the_flag(grefs):
    with refused("--on-error skip", "0", file="grefs(unc).json", record="ref_id 19, sent_id 36"):
        read_refer(grefs, "unc", ImageFolder(grefs), skip_bad=False)


def test_references_may_be_json(refer):
    folder = refer.write()
    (folder / "refs(unc).p").unlink()
    (folder / "refs(unc).json").write_text(json.dumps(refer.references))

    assert len(read_refer(folder, "unc", ImageFolder(folder), skip_bad=False).expressions) == 3
