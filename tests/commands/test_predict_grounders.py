"""A photo of one's own gets the answer of its prepared dataset, whatever finds and answers."""

import json

import numpy as np
import pytest
from PIL import Image

from tests.models.tiny_captioners import save_captioner
from tests.proposers.tiny_detectors import write_detector
from vg_mc.commands import evaluate, predict, prepare_data
from vg_mc.commands.predict import frame_color
from vg_mc.images import VIEWS, choose_views
from vg_mc.images.markers import CLIP_REFCOCO
from vg_mc.models.loading import load_encoder
from vg_mc.predictions import read_predictions
from vg_mc.prepared.build.settings import Drawing

SAID = {"a.png": ["left dog", "Red cat", "second cat from left"], "b.png": ["a dog", "that"]}
FOUND = [  # box, confidence, category
    ((3, 3, 30, 40), 0.9, "cat"),
    ((45, 5, 30, 30), 0.8, "cat"),
    ((30, 20, 40, 35), 0.7, "dog"),
    ((5, 25, 30, 30), 0.6, "dog"),
    ((60, 0, 25, 60), 0.5, ""),
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Two photos, what is said of them, and two proposers; a model of the pictures' size."""
    root = tmp_path_factory.mktemp("photos")
    (root / "images").mkdir()
    rows, asked = ["image,expression,box,split"], ["image,expression"]
    for number, (name, texts) in enumerate(SAID.items()):
        noise = np.random.default_rng(number).integers(0, 256, (6, 9, 3), np.uint8)
        photo = Image.fromarray(noise).resize((90, 60), Image.Resampling.NEAREST)
        photo.save(root / "images" / name)
        rows += [f"{name},{text},10 10 40 50,val" for text in texts]
        asked += [f"{name},{text}" for text in texts]
    (root / "mine.csv").write_text("\n".join(rows))
    (root / "images" / "asked.csv").write_text("\n".join(asked))
    detections = [
        {"file_name": name, "bbox": list(box), "score": score, "category_name": category}
        for name in SAID
        for box, score, category in FOUND[: 5 if name == "a.png" else 3]
    ]
    (root / "stored.json").write_text(json.dumps(detections))
    write_detector("owlv2", root / "owlv2")
    save_captioner("git", root / "git")
    load_encoder("tiny-resnet", image_size=224).save(root / "clip")
    return root


@pytest.fixture(scope="module")
def proposer(folder):
    return [
        *("--proposer", "stored+transformers", "--detector", str(folder / "owlv2")),
        *("--proposals", str(folder / "stored.json"), "--max-proposals", "5"),
        *("--confidence", "0.4"),
    ]


@pytest.fixture(scope="module")
def prepared(folder, proposer):
    prepare_data.main(
        [
            *("--corpus", "table", "--annotations", str(folder / "mine.csv")),
            *("--box-format", "xyxy", "--box-unit", "pixels"),
            *("--images", str(folder / "images"), "--output", str(folder / "prepared")),
            *("--views", "crop", "blur-outside", "--num-workers", "1", *proposer),
        ]
    )
    return folder / "prepared"


@pytest.mark.parametrize(
    "flags",
    [
        "--grounder biggest-box",
        "--grounder most-confident",
        "--grounder subject-match --spacy-model SPACY --place-words",
        "--grounder pseudo-query",
        "--grounder pseudo-query-model --model CLIP",
        "--model CLIP --views crop blur-outside --combine sum --spacy-model SPACY --prompts BOTH",
        pytest.param(
            "--model CLIP --views crop blur-outside --flip --subtract 2",
            marks=pytest.mark.exhaustive,
        ),
        "--grounder pseudo-query --captioner CAPTIONER",
    ],
)
def test_a_photo_gets_the_answer_of_its_prepared_dataset(
    folder, prepared, proposer, spacy_model, tmp_path, flags
):
    meant = {
        "CLIP": [str(folder / "clip")],
        "CAPTIONER": [str(folder / "git")],
        "SPACY": [spacy_model],
        "BOTH": ["a photo of {}", "this is {subject}"],
    }
    words = [part for word in flags.split() for part in meant.get(word, [word])]
    evaluate.main(["--dataset", str(prepared), "--output", str(tmp_path / "results"), *words])
    expected = read_predictions(tmp_path / "results" / "val")
    drawn = [] if "--views" in words else ["--views", "crop", "blur-outside"]

    predict.main(
        [
            *(str(folder / "images" / "asked.csv"), "--output", str(tmp_path / "answers")),
            *(*words, *drawn, *proposer),
        ]
    )

    lines = (tmp_path / "answers" / "answers.jsonl").read_text().splitlines()
    answers = [json.loads(line) for line in lines]
    assert [answer["expression"] for answer in answers] == expected.examples.texts
    for answer, boxes, logits in zip(
        answers, expected.answers.boxes, expected.answers.logits, strict=True
    ):
        candidates = answer["candidates"]
        assert [one["box"] for one in candidates] == boxes.tolist()
        assert len({one["source"] for one in candidates}) == 2
        assert np.allclose([one["logit"] for one in candidates], logits, atol=1e-4)
        assert answer["index"] == int(logits.argmax())


def test_a_drawn_answer_has_the_colour_that_the_model_saw():
    views = choose_views(["crop", "cpt-red"], {})

    assert frame_color(Drawing(views, 32, "squash")) == VIEWS["cpt-red"].color
    assert frame_color(Drawing({"crop": views["crop"]}, 32, "squash")) == CLIP_REFCOCO.color


@pytest.mark.parametrize(
    ("flags", "problem"),
    [
        ("", "--grounder: the grounder clip"),
        ("--grounder random --model tiny-vit", "--model: has no effect"),
        ("--grounder guess", "--grounder: unknown grounder 'guess'"),
        ("--grounder random --seed -1", "--seed: expected a number"),
        ("--grounder random --views side", "--views: unknown view 'side'"),
        ("--grounder random --temperature 0", "expected a temperature above 0"),
        ("--grounder subject-match --spacy-model absent", "no spaCy model 'absent'"),
        ("--model tiny-vit --prompts photo", "--prompts: expected one placeholder"),
        ("--model sentence:some", "encodes texts only"),
    ],
)
def test_a_grounder_that_cannot_answer_is_told(folder, tmp_path, capsys, flags, problem):
    photo, stored = folder / "images" / "a.png", folder / "stored.json"
    with pytest.raises(SystemExit) as ended:
        predict.main(
            [
                *(str(photo), "dog", "--output", str(tmp_path / "out"), *flags.split()),
                *("--proposer", "stored", "--proposals", str(stored)),
            ]
        )

    assert ended.value.code == 3
    assert problem in " ".join(capsys.readouterr().err.split())
    assert not (tmp_path / "out").exists()


def test_without_spacy_the_way_to_install_it_is_told(folder, tmp_path, capsys, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "spacy", None)
    with pytest.raises(SystemExit):
        predict.main(
            [
                *(str(folder / "images" / "a.png"), "dog", "--output", str(tmp_path / "out")),
                *("--proposer", "stored", "--proposals", str(folder / "stored.json")),
                *("--grounder", "subject-match"),
            ]
        )

    assert "pip install spacy" in " ".join(capsys.readouterr().err.split())
