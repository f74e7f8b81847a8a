"""Files of other programs are read by what their fields mean."""

import base64
import csv
import io
import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from tests.refusals import refused
from vg_mc.boxes.judging import UNDECLARED, DeclaredBoxes
from vg_mc.corpora.table import read_table
from vg_mc.corpora.table_layouts import LAYOUTS, OWN, layout_of
from vg_mc.records import ImageFolder

NAME = "COCO_train2014_000000000009.jpg"
SIZE = {"width": 320, "height": 240}
BOXES = {"red": [20, 30, 100, 90], "blue": [150, 40, 250, 160], "green": [60, 170, 180, 230]}


def jpeg():
    buffer = io.BytesIO()
    Image.new("RGB", (320, 240), "grey").save(buffer, "JPEG")
    return buffer.getvalue()


IMAGE = jpeg()


def sides(box):
    left, top, right, bottom = box
    return [left, top, right - left, bottom - top]


def beyond(box):
    left, top, right, bottom = box
    return [left, top, right + 1, bottom + 1]


def minigpt(colour, box, number):
    name = NAME.removesuffix(".jpg")
    return {"img_id": f"{name}_{number}", "sents": f"the {colour} box", "bbox": sides(box), **SIZE}


def toloka(colour, box, _):
    sides_of = dict(zip(("left", "top", "right", "bottom"), box, strict=True))
    return {"image": f"https://x.org/{NAME}", "question": f"the {colour} box", **sides_of, **SIZE}


PROMPT = "Please provide the bounding box coordinate of the region this sentence describes:"


def vlm_r1(colour, box, number, *, dropped=("",)):
    row = {
        "id": number, "image_id": 0, "category_id": 1, **SIZE, "image": f"coco/train2014/{NAME}",
        "bbox_list": [box], "problem": f"{PROMPT} the {colour} box.",
        "normal_caption": f"the {colour} box", "solution": beyond(box),
        "normalized_solution": [0, 0, 1000, 1000],
    }  # fmt: skip
    return {name: value for name, value in row.items() if name not in dropped}


def vlmevalkit(colour, box, number):
    left, top, right, bottom = box
    answer = [left / 320, top / 240, right / 320, bottom / 240]
    image = base64.b64encode(IMAGE).decode() if number == 0 else "0"
    question = f"{PROMPT} <ref>the {colour} box</ref>"
    return {"index": str(number), "image": image, "question": question, "answer": str(answer),
            "category": "RefCOCO val"}  # fmt: skip


def internvl(colour, box, _):
    return {"image": f"data/coco/train2014/{NAME}", "sent": f"the {colour} box", "bbox": box,
            **SIZE}  # fmt: skip


def one_per_object(make):
    return [make(*pair, number) for number, pair in enumerate(BOXES.items())]


def visual_genome():
    regions = [
        dict(zip(("x", "y", "width", "height"), sides(box), strict=True))
        | {"region_id": 1382 + number, "image_id": 9, "phrase": f"the {colour} box"}
        for number, (colour, box) in enumerate(BOXES.items())
    ]
    return [{"regions": regions, "id": 9}, {"regions": [], "id": 10}]


def benchmark():
    references = [
        {
            "ann_info": {"id": 50 + number, "bbox": [float(side) for side in sides(box)]},
            "ref_info": {
                "ref_id": 70 + number,
                "sentences": [{"sent": f"the {colour} box", "raw": "The", "sent_id": 90 + number}],
            },
        }
        for number, (colour, box) in enumerate(BOXES.items())
    ]
    info = {"file_name": NAME, **SIZE}
    image = {"bytes": IMAGE, "path": NAME}
    return [{"image": image, "image_id": 9, "image_info": info, "ref_list": references}]


def label_studio():
    results = []
    for number, (colour, box) in enumerate(BOXES.items()):
        left, top, width, height = sides(box)
        if number == 0:
            top, height = top + height, -height  # drawn upwards
        place = {"x": left / 3.2, "y": top / 2.4, "width": width / 3.2, "height": height / 2.4}
        size = {"original_width": 320, "original_height": 240, "image_rotation": 0}
        results += [
            {"id": f"r{number}", "type": "rectanglelabels", "from_name": "label", **size,
             "value": place | {"rotation": 0, "rectanglelabels": ["thing"]}},
            {"id": f"r{number}", "type": "textarea", "from_name": "text",
             "value": place | {"text": [f"the {colour} box"]}},
        ]  # fmt: skip
    data = {"image": f"/data/upload/1/0a1b2c3d-{NAME}"}
    return [{"id": 1, "data": data, "annotations": [{"id": 1, "result": results}]}]


FILES = {
    "MiniGPT-v2": one_per_object(minigpt),
    "VLM-R1": one_per_object(vlm_r1),
    "VLM-R1 without bbox_list": [
        vlm_r1(*pair, 0, dropped=("bbox_list", "problem")) for pair in BOXES.items()
    ],
    "VLM-R1 with prompts only": [
        vlm_r1(*pair, 0, dropped=("bbox_list", "normal_caption")) for pair in BOXES.items()
    ],
    "VLMEvalKit": one_per_object(vlmevalkit),
    "InternVL and Qwen-VL": one_per_object(internvl),
    "Toloka's WSDM Cup": one_per_object(toloka),
    "Visual Genome's region descriptions": visual_genome(),
    "jxu124's refcoco-benchmark": benchmark(),
    "Label Studio": label_studio(),
}
EMBEDDED = {"VLMEvalKit", "jxu124's refcoco-benchmark"}
JOINED = {"MDETR"}  # its files are tables of COCO

programs = pytest.mark.parametrize("name", FILES)


@pytest.fixture
def images(tmp_path):
    folder = tmp_path / "images"
    folder.mkdir()
    for name in (NAME, "9.jpg"):
        (folder / name).write_bytes(IMAGE)
    return folder


def write(rows, file):
    """Write rows as the kind of file that the ending says."""
    if file.suffix == ".jsonl":
        file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    elif file.suffix == ".json":
        file.write_text(json.dumps(rows))
    elif file.suffix == ".parquet":
        pq.write_table(pa.Table.from_pylist(rows), file)
    else:
        with file.open("w", newline="", encoding="utf-8") as opened:
            delimiter = "\t" if file.suffix == ".tsv" else ","
            writer = csv.DictWriter(opened, list(rows[0]), delimiter=delimiter)
            writer.writeheader()
            writer.writerows(rows)
    return file


@pytest.fixture
def read(tmp_path, images):
    def read(rows, name="refcoco_val.json", **options):
        file = write(rows, tmp_path / name)
        settings = {"declared": UNDECLARED, "skip_bad": False, "extracted": tmp_path / "extracted"}
        return read_table(file, ImageFolder(images), **settings | options)

    return read


def kind_of(name):
    return "parquet" if name == "jxu124's refcoco-benchmark" else "json"


def found_in(corpus):
    """Return all targets by expression, rounded: shares of an image have no exact pixels."""
    return {one.text: tuple(round(side, 6) for side in one.target) for one in corpus.expressions}


EXPECTED = {f"the {colour} box": tuple(box) for colour, box in BOXES.items()}


@programs
def test_a_file_of_each_program_is_read(name, read):
    corpus = read(FILES[name], f"refcoco_val.{kind_of(name)}")

    assert found_in(corpus) == EXPECTED
    assert [one.split for one in corpus.expressions] in ([["val"] * 3, ["RefCOCO val"] * 3])
    (photo,) = corpus.photos.values()
    assert (photo.width, photo.height) == (320, 240)
    assert (corpus.images_folder.path / photo.file_name).is_file()
    assert corpus.images_folder.path.name == ("extracted" if name in EMBEDDED else "images")
    assert not corpus.rejected


@programs
def test_other_fields_and_their_order_do_not_matter(name, read):
    rows = [
        dict(reversed((row | {"extra": 1, "Other": {"x": [1]}}).items())) for row in FILES[name]
    ]

    assert found_in(read(rows, f"a.{kind_of(name)}")) == EXPECTED


@programs
def test_sizes_and_numbers_that_are_not_needed_may_be_missing(name, read):
    optional = {"width", "height", "id", "image_id", "category_id", "category", "image_info"}
    rows = [
        {key: row[key] for key in row if key not in optional or "regions" in row}
        for row in FILES[name]
    ]

    assert found_in(read(rows, f"a.{kind_of(name)}")) == EXPECTED


@programs
def test_one_bad_record_is_left_out_on_request(name, read):
    broken = dict.fromkeys(FILES[name][0])
    rows = [*FILES[name], broken]

    corpus = read(rows, f"a.{kind_of(name)}", skip_bad=True)

    assert found_in(corpus) == EXPECTED
    assert len(corpus.rejected) == 1


@pytest.mark.parametrize(
    "name", [name for name in FILES if name not in {"Label Studio", "jxu124's refcoco-benchmark"}]
)
@pytest.mark.parametrize("kind", ["jsonl", "parquet"])
def test_lines_and_parquet_are_read_as_lists_are(name, kind, read):
    assert found_in(read(FILES[name], f"a.{kind}")) == EXPECTED


@pytest.mark.parametrize("name", ["MiniGPT-v2", "VLM-R1", "VLMEvalKit", "InternVL and Qwen-VL"])
@pytest.mark.parametrize("kind", ["csv", "tsv"])
def test_tables_in_text_are_read_as_lists_are(name, kind, read):
    assert found_in(read(FILES[name], f"a.{kind}")) == EXPECTED


@pytest.mark.parametrize("name", ["MiniGPT-v2", "VLM-R1", "InternVL and Qwen-VL"])
def test_names_in_capitals_are_the_same_names(name, read):
    rows = [{key.upper(): value for key, value in row.items()} for row in FILES[name]]

    assert found_in(read(rows)) == EXPECTED


def test_every_layout_is_known_by_fields_that_it_reads():
    assert {*FILES, *JOINED} == {layout.name for layout in LAYOUTS}
    for name, rows in FILES.items():
        assert layout_of(rows[0]).name == name


def test_a_table_of_our_own_columns_has_our_layout():
    assert layout_of({"image": "a.jpg", "expression": "the dog", "box": [1, 2, 3, 4]}) is OWN
    assert layout_of({"image": "a.jpg", "expression": "the dog"}) is None


def test_numbers_of_the_benchmark_are_kept(read):
    one = read(FILES["jxu124's refcoco-benchmark"], "a.parquet").expressions[0]

    assert (one.image_id, one.annotation_id, one.ref_id, one.expression_id) == (9, 50, 70, 90)


def test_numbers_of_visual_genome_are_kept(read):
    corpus = read(FILES["Visual Genome's region descriptions"])

    assert [one.expression_id for one in corpus.expressions] == [1382, 1383, 1384]
    assert {one.image_id for one in corpus.expressions} == {9}
    assert any(
        "expression" in note and note.endswith(" 1") for note in corpus.notes
    )  # without regions


@pytest.mark.parametrize("folder", ["VG_100K", "VG_100K_2"])
def test_visual_genome_has_its_images_in_two_folders(folder, read, images):
    (images / folder).mkdir()
    (images / "9.jpg").rename(images / folder / "9.jpg")

    corpus = read(FILES["Visual Genome's region descriptions"])

    assert corpus.photos[9].file_name == f"{folder}/9.jpg"


def test_regions_beside_the_image_are_clipped_or_refused(read):
    rows = json.loads(json.dumps(visual_genome()))
    slightly, far = rows[0]["regions"][:2]
    slightly |= {"x": -2, "y": -1, "width": 40, "height": 30}
    far |= {"x": 100, "y": -400, "width": 20, "height": 25}

    corpus = read(rows, skip_bad=True)

    assert found_in(corpus)["the red box"] == (0, 0, 38, 29)
    assert [one.record for one in corpus.rejected] == ["record 0, expression 1"]


def test_paths_of_another_computer_are_found_by_their_end(read):
    corpus = read(FILES["InternVL and Qwen-VL"])

    assert [photo.file_name for photo in corpus.photos.values()] == [NAME]
    assert any(f"data/coco/train2014/{NAME}" in note for note in corpus.notes)


def test_an_image_that_is_nowhere_keeps_its_path(read, images):
    (images / NAME).unlink()

    corpus = read(FILES["InternVL and Qwen-VL"])

    assert [photo.file_name for photo in corpus.photos.values()] == [f"data/coco/train2014/{NAME}"]


def test_a_name_of_another_pattern_is_kept(read):
    row = FILES["MiniGPT-v2"][0] | {"img_id": "mine_7"}

    assert [photo.file_name for photo in read([row]).photos.values()] == ["mine_7.jpg"]


def test_a_question_without_a_known_prompt_is_refused(read):
    row = FILES["VLMEvalKit"][0] | {"question": "Where is the dog?"}

    with refused("<ref>", "Where is the dog?", record="record 0"):
        read([row])


def test_a_key_of_no_earlier_image_is_refused(read):
    rows = [FILES["VLMEvalKit"][0], FILES["VLMEvalKit"][1] | {"image": "17"}]

    with refused("17", record="record 1"):
        read(rows)


def test_several_targets_are_refused(read):
    row = FILES["VLM-R1"][0] | {"bbox_list": [[1, 2, 3, 4], [5, 6, 7, 8]]}

    with refused("box", record="record 0"):
        read([row])


def test_images_are_measured_without_a_folder_for_them(read, tmp_path):
    corpus = read(FILES["VLMEvalKit"], extracted=None)

    assert found_in(corpus) == EXPECTED
    assert not (tmp_path / "extracted").exists()


@pytest.mark.parametrize(
    "image",
    [
        IMAGE,
        {"bytes": IMAGE, "path": None},
        {"path": NAME},
        base64.b64encode(IMAGE).decode(),
        f"data:image/jpeg;base64,{base64.b64encode(IMAGE).decode()}",
    ],
)
def test_our_own_tables_may_embed_images(image, read):
    rows = [
        {"image": image, "expression": f"the {colour} box", "box": box}
        for colour, box in BOXES.items()
    ]

    corpus = read(rows, "val.parquet", declared=DeclaredBoxes("xyxy", "pixels"))

    assert found_in(corpus) == EXPECTED
    assert len(corpus.photos) == 1


def test_a_box_may_be_an_object_or_a_text(read):
    left, top, right, bottom = BOXES["red"]
    boxes = [
        {"x": left, "y": top, "width": right - left, "height": bottom - top, "cx": 1, "w": 2},
        {"left": left, "top": top, "width": right - left, "height": bottom - top},
    ]
    for box in [*boxes, *map(json.dumps, boxes)]:
        rows = [{"image": NAME, "expression": "the red box", "box": box}]
        corpus = read(rows, declared=DeclaredBoxes(unit="pixels"))

        assert found_in(corpus) == {"the red box": tuple(BOXES["red"])}
