"""Crops of answers, targets and expressions are compared by the features of one encoder."""

from dataclasses import replace
from math import ceil, floor

import numpy as np
import pytest
import torch
from PIL import Image

from tests.predictions.made import moved_targets
from vg_mc.boxes.transforms import fit_photo
from vg_mc.models.loading import load_encoder
from vg_mc.predictions import PredictedBoxes, outcomes
from vg_mc.scoring.crop_similarity import CropSimilarity
from vg_mc.system.processes import SingleProcess


@pytest.fixture(scope="module")
def encoder():
    return load_encoder("tiny-vit", image_size=32)


@pytest.fixture
def answered(make_predictions):
    """Predicted boxes of 12 expressions, and a function that makes up their images."""
    predictions = moved_targets(make_predictions(questions_seed=3))
    sizes = dict(
        zip(
            predictions.examples.image_ids.tolist(),
            map(tuple, predictions.examples.image_sizes.tolist()),
            strict=True,
        )
    )

    def image_of(image_id):
        generator = np.random.default_rng(image_id)
        width, height = sizes[image_id]
        coarse = generator.integers(0, 255, (6, 6, 3), dtype=np.uint8)
        return Image.fromarray(coarse).resize((width, height))

    return predictions, image_of


def similarity_of(encoder, image_of, batch_size=5):
    return CropSimilarity(SingleProcess(torch.device("cpu")), encoder, batch_size, image_of)


def encoded(encoder, image, box):
    """Encode one crop alone, by the definition: all touched pixels, at least one."""
    left, top = max(0, floor(box[0])), max(0, floor(box[1]))
    right, bottom = min(image.width, ceil(box[2])), min(image.height, ceil(box[3]))
    crop = image.crop((left, top, max(right, left + 1), max(bottom, top + 1)))
    pixels = np.array(fit_photo(crop, encoder.image_size, "letterbox"))
    with torch.no_grad():
        return encoder.encode_images(torch.from_numpy(pixels).permute(2, 0, 1)[None])[0].numpy()


def test_they_are_cosines_and_distances_of_single_crops(encoder, answered):
    predictions, image_of = answered
    examples, boxes = predictions.examples, predictions.answers.boxes

    found = similarity_of(encoder, image_of).of(predictions)

    for row, box in enumerate(boxes):
        if np.isnan(box[0]):
            assert np.isnan(found.target_cosine[row])
            assert np.isnan(found.sentence_distance[row])
            continue
        image = image_of(int(examples.image_ids[row]))
        chosen, target = (encoded(encoder, image, one) for one in (box, examples.targets[row]))
        with torch.no_grad():
            sentence = encoder.encode_texts(encoder.tokenize([examples.texts[row]]))[0].numpy()
        assert found.target_cosine[row] == pytest.approx(chosen @ target, abs=1e-5)
        assert found.sentence_cosine[row] == pytest.approx(chosen @ sentence, abs=1e-5)
        distance = np.linalg.norm(chosen - sentence)
        assert found.sentence_distance[row] == pytest.approx(distance, abs=1e-5)


def test_the_target_itself_is_at_distance_0(encoder, answered):
    predictions, image_of = answered
    perfect = replace(predictions, answers=PredictedBoxes(predictions.examples.targets))

    found = similarity_of(encoder, image_of).of(perfect)

    assert found.target_cosine == pytest.approx(1, abs=1e-6)
    assert found.target_distance == pytest.approx(0, abs=1e-6)


def test_choices_are_compared_by_the_box_of_the_answer(encoder, answered, make_predictions):
    chooser = make_predictions(questions_seed=3, logits_seed=1)
    boxes = replace(chooser, answers=PredictedBoxes(outcomes(chooser).boxes))
    _, image_of = answered
    similarity = similarity_of(encoder, image_of)

    one, other = similarity.of(chooser), similarity.of(boxes)

    assert np.array_equal(one.target_cosine, other.target_cosine, equal_nan=True)
    assert np.isfinite(one.target_cosine).any()


def test_each_image_is_decoded_once_and_no_region_is_encoded_twice(encoder, answered):
    predictions, image_of = answered
    opened = []

    def counted(image_id):
        opened.append(image_id)
        return image_of(image_id)

    similarity = similarity_of(encoder, counted)

    first = similarity.of(predictions)
    assert sorted(opened) == sorted(set(predictions.examples.image_ids.tolist()))
    again = similarity.of(predictions)
    assert len(opened) == len(set(opened))
    assert np.array_equal(first.sentence_cosine, again.sentence_cosine, equal_nan=True)


def test_boxes_are_those_of_the_source_image_in_any_resolution(encoder, answered):
    """A stored image of half the size shows the same regions."""
    predictions, image_of = answered
    examples = predictions.examples
    even = np.round(examples.targets / 2) * 2
    even[:, 2:] = np.maximum(even[:, 2:], even[:, :2] + 2)
    predictions = replace(predictions, answers=PredictedBoxes(even))

    def doubled(image_id):
        image = image_of(image_id)
        return image.resize((2 * image.width, 2 * image.height), Image.Resampling.NEAREST)

    found = similarity_of(encoder, doubled).of(predictions)

    for row in range(len(predictions)):
        image = doubled(int(examples.image_ids[row]))
        chosen, target = (
            encoded(encoder, image, 2 * one) for one in (even[row], examples.targets[row])
        )
        assert found.target_cosine[row] == pytest.approx(chosen @ target, abs=1e-5)


def test_no_expressions_have_no_similarities(encoder, answered):
    predictions, image_of = answered

    found = similarity_of(encoder, image_of).of(predictions.taken(np.empty(0, np.int64)))

    assert found.target_cosine.shape == (0,)
