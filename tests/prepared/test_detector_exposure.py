import pytest

from vg_mc.prepared.detector_exposure import COCO_CATEGORIES, Exposure, exposure

COCO = "COCO_train2014_000000000009.jpg"


@pytest.mark.parametrize(
    ("proposer", "category", "photo", "expected"),
    [
        ("yolo", "dog", COCO, Exposure.LIKELY),
        ("stored", "dog", COCO, Exposure.LIKELY),
        ("stored", "", COCO, Exposure.UNKNOWN),
        ("yolo", "object", COCO, Exposure.UNLIKELY),
        ("annotations", "dog", COCO, Exposure.NONE),
        ("yolo", "dog", "scene.jpg", Exposure.NONE),
    ],
)
def test_categories_and_photos_tell_on_a_detector(
    make_sentences, tmp_path, proposer, category, photo, expected
):
    dataset = make_sentences(
        tmp_path / "set", {"val": [(photo, "x", 0)]}, proposer=proposer, category=category
    )

    assert exposure(dataset) is expected


def test_photos_to_learn_from_may_have_been_seen(make_sentences, tmp_path):
    dataset = make_sentences(tmp_path / "set", {"train": [(COCO, "x", 0)]})

    assert exposure(dataset) is Exposure.NONE


def test_coco_has_eighty_categories():
    assert len(COCO_CATEGORIES) == 80
