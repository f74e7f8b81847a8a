"""One encoder compares the crops of all rows, choices and predicted boxes alike."""

import csv
import json

import numpy as np
import pytest
import torch
from PIL import Image

from tests.refusals import refused
from vg_mc.commands import evaluate, prepare_data
from vg_mc.models.loading import load_encoder
from vg_mc.predictions import read_predictions
from vg_mc.prepared.dataset import open_prepared
from vg_mc.scoring.crop_similarity import CropSimilarity
from vg_mc.system.processes import SingleProcess

BOXES = [(4, 4, 30, 40), (40, 10, 70, 50), (10, 20, 60, 58)]


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    """Two noisy images with three annotated expressions each, as a table."""
    folder = tmp_path_factory.mktemp("corpus")
    (folder / "images").mkdir()
    with (folder / "val.csv").open("w", newline="") as opened:
        writer = csv.writer(opened)
        writer.writerow(["image", "expression", "left", "top", "right", "bottom"])
        for number in range(2):
            pixels = np.random.default_rng(number).integers(0, 255, (60, 80, 3), np.uint8)
            Image.fromarray(pixels).save(folder / "images" / f"{number}.png")
            writer.writerows([f"{number}.png", f"thing {box[0]}", *box] for box in BOXES)
    return folder


@pytest.fixture(scope="module")
def prepare(corpus, tmp_path_factory):
    """Prepare the corpus with further flags."""

    def prepared(*flags):
        folder = tmp_path_factory.mktemp("data") / "prepared"
        source = ["--corpus", "table", "--annotations", str(corpus / "val.csv")]
        boxes = ["--proposer", "annotations", "--image-size", "32", "--box-unit", "pixels"]
        prepare_data.main([*source, *boxes, "--output", str(folder), *flags])
        return folder

    return prepared


def evaluated(dataset, output, *flags):
    grounders = ["--grounder", "center-box", "clip", "--model", "tiny-vit"]
    given = ["--dataset", str(dataset), "--output", str(output), "--num-workers", "0"]
    evaluate.main([*given, *grounders, "--similarity-model", "tiny-resnet", *flags])
    results = json.loads((output / "results.json").read_text())
    return results["results"], results["protocol"]


def expected(predictions, image_of):
    encoder = load_encoder("tiny-resnet")
    process = SingleProcess(torch.device("cpu"))
    return CropSimilarity(process, encoder, 32, image_of).of(predictions)


def test_all_rows_are_compared_by_crops_of_whole_images(prepare, tmp_path, capsys):
    folder = prepare("--whole-images", "80")
    dataset = open_prepared(folder)

    results, protocol = evaluated(folder, tmp_path / "out")

    assert protocol["similarity"] == "of crops, encoded by tiny-resnet"
    assert "similarity: of crops" in capsys.readouterr().out
    photos = dataset.photos()
    for row, name in zip(results, ("center-box", "tiny-vit"), strict=True):
        predictions = read_predictions(tmp_path / "out" / name / "val")
        found = expected(predictions, lambda id_: dataset.image(photos[id_]))
        for number in ("target_cosine", "sentence_distance"):
            mean = np.nanmean(getattr(found, number))
            assert row["scores"][number] == pytest.approx(mean, abs=1e-3)


def test_source_images_are_used_where_their_folder_is_given(prepare, corpus, tmp_path):
    folder = prepare()

    results, _ = evaluated(folder, tmp_path / "out", "--images", str(corpus / "images"))

    assert all("target_cosine" in row["scores"] for row in results)


def test_without_images_nothing_is_answered(prepare, tmp_path):
    folder = prepare()
    config = evaluate.EvaluateConfig(folder, tmp_path / "out", similarity_model="tiny-resnet")

    with refused("whole images", record="--images"):
        evaluate.similarity_of(config, SingleProcess(torch.device("cpu")), open_prepared(folder))
