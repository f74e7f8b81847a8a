import pytest

from vg_mc.prepared.detector_exposure import COCO_CATEGORIES, Exposure, exposure

COCO = "COCO_train2014_000000000009.jpg"


@pytest.mark.parametrize(
    ("corpus", "proposer", "category", "photo", "expected"),
    [
        ("mine", "yolo", "dog", COCO, Exposure.LIKELY),
        ("mine", "stored", "dog", COCO, Exposure.LIKELY),
        ("mine", "stored", "", COCO, Exposure.UNKNOWN),
        ("mine", "yolo", "object", COCO, Exposure.UNLIKELY),
        ("mine", "annotations", "dog", COCO, Exposure.NONE),
        ("mine", "yolo", "dog", "scene.jpg", Exposure.NONE),
        ("Kangheng_RefCOCOp", "yolo", "dog", "40a725ca946d51513457.jpg", Exposure.LIKELY),
    ],
)
def test_categories_and_photos_tell_on_a_detector(
    make_sentences, tmp_path, corpus, proposer, category, photo, expected
):
    sentences = {"val": [(photo, "x", 0)]}
    found = {"corpus": corpus, "proposer": proposer, "category": category}
    dataset = make_sentences(tmp_path / "set", sentences, **found)

    assert exposure(dataset) is expected


def test_photos_to_learn_from_may_have_been_seen(make_sentences, tmp_path):
    dataset = make_sentences(tmp_path / "set", {"train": [(COCO, "x", 0)]})

    assert exposure(dataset) is Exposure.NONE


def test_coco_has_eighty_categories():
    assert len(COCO_CATEGORIES) == 80
