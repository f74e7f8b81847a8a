"""Files of detections from public bug reports, read with the corpus of their images, by value."""

import json

import pytest

from tests.refusals import refused
from vg_mc.boxes.judging import UNDECLARED, DeclaredBoxes
from vg_mc.corpora.readers import CorpusSource, read_corpus
from vg_mc.corpora.refer import read_refer
from vg_mc.proposers.placing import cut_to_photos
from vg_mc.proposers.stored import read_detections
from vg_mc.records import ImageFolder

BOXES = [(20, 30, 100, 90), (150, 40, 250, 160), (60, 170, 180, 230)]
SCORES = [0.9, 0.8, 0.7]
NAMES = ["bowl", "dog", "car"]


@pytest.fixture
def placed(shared, tmp_path):
    def placed(case, name, declared=UNDECLARED):
        folder = shared / "cases" / case
        if not folder.is_dir():
            pytest.skip(f"{folder} is not there: no real input was tried")
        source = CorpusSource("table", folder / "corpus.json", folder / "images", tmp_path)
        corpus, _ = read_corpus(source)
        stored = read_detections(folder / name, skip_bad=False, declared=declared)
        photos = corpus.photos.values()
        return cut_to_photos(stored, photos, photos, corpus.categories)

    return placed


@pytest.mark.parametrize(
    ("case", "name", "scores", "categories"),
    [
        ("coco-results-category-id", "results.json", SCORES, NAMES),
        ("coco-results-category-id", "results-named.json", SCORES, NAMES),
        ("detections-integer-score", "results.json", [1, 1, 1], NAMES),
        ("sahi-result-json", "result.json", SCORES, NAMES),
        ("transformers-pipeline-detections", "results.json", SCORES, ["thing"] * 3),
        ("ultralytics-predictions-json", "predictions.json", SCORES, NAMES),
        ("ultralytics-predictions-json", "predictions-numbers.json", SCORES, NAMES),
    ],
)
def test_each_image_has_the_boxes_scores_and_categories(placed, case, name, scores, categories):
    found = placed(case, name).by_image

    assert sorted(found) == [1, 2, 3, 4]
    for proposals in found.values():
        assert [one.box for one in proposals] == BOXES
        assert [one.score for one in proposals] == scores
        assert [one.category for one in proposals] == categories


@pytest.mark.parametrize(
    ("case", "order"),
    [("detections-centre-format", "cxcywh"), ("detections-corners-few-a-photo", "xyxy")],
)
def test_other_boxes_are_refused_with_the_flag_that_reads_them(placed, case, order):
    with refused(f"--proposals-format {order}", file="results.json"):
        placed(case, "results.json")

    found = placed(case, "results.json", DeclaredBoxes(order)).by_image

    assert {tuple(one.box for one in proposals) for proposals in found.values()} == {tuple(BOXES)}


@pytest.mark.parametrize("counted", ["from 0", "as in the corpus"])
def test_ids_alone_give_the_names_of_real_detections(counted, shared, tmp_path):
    folder = shared / "data" / "refcoco_mini"
    corpus = read_refer(folder, "unc", ImageFolder(folder / "images"), skip_bad=False)
    named = json.loads((folder / "yolo26m_dets.json").read_text())
    number = {name: key for key, name in corpus.categories.items()}
    unnamed = [
        {key: value for key, value in one.items() if key != "category_name"}
        | ({} if counted == "from 0" else {"category_id": number[one["category_name"]]})
        for one in named
    ]
    (tmp_path / "ids.json").write_text(json.dumps(unnamed))
    photos = corpus.photos.values()

    by_name, by_id = (
        cut_to_photos(read_detections(file, skip_bad=False), photos, photos, corpus.categories)
        for file in (folder / "yolo26m_dets.json", tmp_path / "ids.json")
    )

    assert by_id.by_image == by_name.by_image
    assert by_name.notes == []
    assert "'person'" in by_id.notes[0]
