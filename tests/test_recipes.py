"""Every recipe is read by the script whose folder it lies in, and says what its data must be."""

import re
from pathlib import Path

import open_clip
import pytest

from vg_mc.commands.config import parse_config, read_mapping
from vg_mc.commands.evaluate import EvaluateConfig, selected_grounders
from vg_mc.commands.finetune import FinetuneConfig
from vg_mc.commands.predict import PredictConfig, selected_grounder
from vg_mc.commands.prepare_data import PrepareConfig, check_flags
from vg_mc.errors import BadInputError
from vg_mc.grounders.registration import EncodingOptions
from vg_mc.images import VIEWS
from vg_mc.system.options import option_types
from vg_mc.training.tasks.box_options import check_kind

RECIPES = Path(__file__).parent.parent / "recipes"
# The settings of each script, and the flags without which it does not start.
SCRIPTS = {
    "prepare": (PrepareConfig, ["--annotations", "refcoco", "--output", "data"]),
    "finetune": (FinetuneConfig, ["--dataset", "data", "--output", "run"]),
    "evaluate": (EvaluateConfig, ["--dataset", "data", "--output", "results"]),
}

in_finetune = sorted((RECIPES / "finetune").glob("*.yaml"))
each_recipe = pytest.mark.parametrize(
    "path", sorted(RECIPES.rglob("*.yaml")), ids=lambda path: path.relative_to(RECIPES).as_posix()
)
each_training = pytest.mark.parametrize("path", in_finetune, ids=lambda path: path.stem)


def parsed(path: Path):
    settings, needed = SCRIPTS[path.relative_to(RECIPES).parts[0]]
    return parse_config(settings, ["--recipe", str(path), *needed])


@each_recipe
def test_a_recipe_is_read_by_its_script(path):
    parsed(path)


@each_recipe
def test_a_recipe_opens_with_what_it_is_for(path):
    assert path.read_text(encoding="utf-8").startswith("# ")


@each_training
def test_a_training_recipe_can_be_trained_with(path):
    config = parsed(path)

    config.training.check()
    check_kind(config.predictor, config.training, config.box)


@each_training
def test_a_box_predictor_is_trained_on_whole_images(path):
    stated = re.search(r"Prepare with --whole-images (\d+)", path.read_text(encoding="utf-8"))

    assert bool(stated) == bool(parsed(path).predictor)


def test_many_views_are_prepared_by_one_recipe():
    config = parsed(RECIPES / "prepare" / "all-views.yaml")

    check_flags(config)
    assert set(config.showing.views) <= set(VIEWS)


@pytest.mark.parametrize(
    "path", sorted((RECIPES / "evaluate").glob("*.yaml")), ids=lambda path: path.stem
)
def test_what_an_evaluation_asks_for_is_there(path):
    config = parsed(path)

    clip = config.grounders.clip
    assert len(selected_grounders(config)) == (len(clip.views) if clip.each_view else 1)
    assert set(clip.views) <= set(VIEWS)
    assert all(prompt.count("{}") + prompt.count("{subject}") == 1 for prompt in clip.prompts)


@pytest.mark.parametrize(
    "path", sorted((RECIPES / "evaluate").glob("*.yaml")), ids=lambda path: path.stem
)
def test_what_an_evaluation_asks_for_answers_a_photo_of_one_s_own(path):
    flags = ["photo.jpg", "the dog", "--recipe", str(path)]
    if option_types(EncodingOptions).keys() & read_mapping(path).keys():
        return  # a photo is encoded as it comes
    config = parse_config(PredictConfig, flags)

    if config.grounders.clip.each_view:
        with pytest.raises(BadInputError):
            selected_grounder(config)
        return
    selected_grounder(config)
    assert (config.photo, config.expressions) == (Path("photo.jpg"), ("the dog",))
    assert (config.grounder,) == parsed(path).grounder
    assert config.grounders == parsed(path).grounders
    assert parse_config(PredictConfig, [*flags[2:], *flags[:2]]) == config


def test_one_recipe_answers_with_each_view_by_itself():
    config = parsed(RECIPES / "evaluate" / "each-view.yaml")

    rows = selected_grounders(config)

    views = parsed(RECIPES / "prepare" / "all-views.yaml").showing.views
    assert tuple(view for row in rows for view in row.options.views) == views
    assert all(row.name.endswith(f", {view}") for row, view in zip(rows, views, strict=True))


@pytest.mark.parametrize(
    "name", ["rn50", "rn50x16", "vit-b-32", "vit-b-16", "vit-l-14", "siglip2-base"]
)
def test_the_models_of_the_seed_and_its_kin_have_a_recipe(name):
    text = (RECIPES / "finetune" / f"{name}.yaml").read_text(encoding="utf-8")

    assert re.search(r"Prepare with --image-size \d+", text)


@each_training
def test_pictures_are_prepared_in_the_size_of_the_model(path):
    architecture = re.match(r"open_clip:([^/]+)/", str(read_mapping(path)["model"]))
    if not architecture or parsed(path).predictor:
        return  # nothing on this machine knows the size, or the input is made of whole images

    stated = re.search(r"Prepare with --image-size (\d+)", path.read_text(encoding="utf-8"))
    size = open_clip.get_model_config(architecture[1])["vision_cfg"]["image_size"]
    assert stated
    assert int(stated[1]) == size
