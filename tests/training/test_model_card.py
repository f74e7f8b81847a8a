"""The card says what the model is, what it scored over how many, and who may use it."""

import ast
from dataclasses import asdict

import pytest
import yaml
from huggingface_hub import ModelCard

from tests.training.tiny_run import OPTIONS
from vg_mc.models.loading import load_encoder
from vg_mc.models.origin import Origin
from vg_mc.scoring import SplitScores
from vg_mc.training import model_card
from vg_mc.training.model_card import write_model_card
from vg_mc.training.tasks.protocol import Validation

SCORES = SplitScores(
    expressions=1234,
    covered=1200,
    without_proposals=3,
    accuracy=0.75,
    accuracy_at_least=0.76,
    accuracy_where_covered=0.77,
    mean_iou=0.7,
    proposal_recall=0.9724,
    chance=0.2161,
    mean_candidates=4.6,
)


def card_of(folder, dataset, model="tiny-vit") -> str:
    encoder = load_encoder(model, image_size=32)
    arithmetic = {"mixed_precision": "bf16", "processes": 2}
    validation = Validation(SCORES.accuracy, asdict(SCORES))
    write_model_card(folder, encoder, dataset.manifest, OPTIONS, 2, validation, arithmetic)
    return (folder / "README.md").read_text(encoding="utf-8")


def head_of(card: str) -> dict[str, object]:
    return yaml.safe_load(card.split("---\n")[1])


def test_an_accuracy_stands_beside_its_denominator_chance_and_ceiling(tmp_path, coloured):
    card = card_of(tmp_path, coloured)

    assert "| val | 0.7500 | 1,234 | 0.2161 | 0.9724 | 2 of 2 |" in card


def test_the_data_and_the_settings_are_told(tmp_path, coloured):
    card = card_of(tmp_path, coloured)

    assert f"Corpus `colours`, data hash `{coloured.data_hash}`" in card
    assert "Proposals of train: annotations; of val: stored." in card
    for told in (
        '"learning_rate": 0.001',
        '"processes": 2',
        '"mixed_precision": "bf16"',
        '"torch"',
    ):
        assert told in card


@pytest.mark.parametrize(
    ("model", "library"), [("tiny-vit", "transformers"), ("tiny-resnet", "open_clip")]
)
def test_the_hub_learns_the_library_and_reads_the_result(tmp_path, coloured, model, library):
    card_of(tmp_path, coloured, model)

    data = ModelCard.load(tmp_path / "README.md").data

    assert data.library_name == library
    [result] = data.eval_results
    assert (result.metric_value, result.dataset_name) == (0.75, "colours")


def test_a_random_start_claims_no_licence_and_no_base(tmp_path, coloured):
    card = card_of(tmp_path, coloured)

    assert not {"license", "base_model"} & set(head_of(card))
    assert "initialised at random" in card


@pytest.mark.parametrize(
    ("licence", "head"),
    [
        ("mit", {"license": "mit"}),
        ("", {"license": "other", "license_name": "that-of-the-start-model"}),
    ],
)
def test_the_licence_follows_the_start(tmp_path, coloured, monkeypatch, licence, head):
    origin = Origin("some/clip", hub_id="some/clip", licence=licence)
    monkeypatch.setattr(model_card, "origin_of", lambda _: origin)

    card = card_of(tmp_path, coloured)

    assert head_of(card).items() >= (head | {"base_model": "some/clip"}).items()
    assert "the licence of the base model `some/clip`" in card
    assert ("Its card says `mit`" in card) == bool(licence)


def test_the_program_in_it_is_python(tmp_path, coloured):
    card = card_of(tmp_path, coloured)

    ast.parse(card.split("```python\n")[1].split("```")[0])


def test_the_card_comes_with_the_best_model_of_a_run(tmp_path, coloured, make_trainer):
    trainer = make_trainer(coloured, tmp_path / "run", epochs=1)
    trainer.fit()

    card = (tmp_path / "run" / "best" / "README.md").read_text(encoding="utf-8")

    accuracy = trainer.progress.best_score
    assert f"| val | {accuracy:.4f} | 12 |" in card
    assert "| 1 of 1 |" in card
