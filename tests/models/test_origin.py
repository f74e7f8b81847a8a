"""The origin of a model is reported if it is known, and never guessed."""

import pytest

from vg_mc.models import origin
from vg_mc.models.origin import Origin, origin_of


@pytest.mark.parametrize("name", ["tiny-vit", "tiny-resnet", "open_clip:RN50"])
def test_a_random_start_has_no_origin(name):
    assert origin_of(name) == Origin(name, is_random=True)


@pytest.mark.parametrize(
    ("name", "hub_id"),
    [
        ("openai/clip-vit-base-patch32", "openai/clip-vit-base-patch32"),
        ("open_clip:RN50/openai", "timm/resnet50_clip.openai"),
        ("open_clip:RN50/cc12m", "timm/resnet50_clip.cc12m"),
        ("open_clip:hf-hub:timm/some_clip", "timm/some_clip"),
    ],
)
def test_published_weights_have_a_hub_id(name, hub_id):
    assert origin_of(name) == Origin(name, hub_id=hub_id)


def test_the_licence_is_read_from_the_card_of_the_base_model(tmp_path, monkeypatch):
    card = tmp_path / "README.md"
    card.write_text("---\nlicense: mit\n---\nA model.\n")
    monkeypatch.setattr(origin, "try_to_load_from_cache", lambda *_: str(card))

    assert origin_of("somebody/model").licence == "mit"


def test_a_folder_passes_on_its_card_without_machine_paths(tmp_path):
    folder = tmp_path / "run" / "best"
    folder.mkdir(parents=True)
    (folder / "README.md").write_text("---\nlicense: mit\nbase_model: some/clip\n---\n")

    assert origin_of(str(folder)) == Origin("run/best", hub_id="some/clip", licence="mit")


@pytest.mark.parametrize(
    "card", ["no head", "---\n{\n---\n", "---\n- list\n---\n", "---\nlicense: [a, b]\n---\n", None]
)
def test_an_invalid_card_gives_an_empty_licence(tmp_path, card):
    if card is not None:
        (tmp_path / "README.md").write_text(card)

    assert origin_of(str(tmp_path)).licence == ""
