import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal

import pytest

from tests.refusals import refused
from vg_mc.commands.config import parse_config, parse_flags
from vg_mc.errors import BadInputError
from vg_mc.system.options import Range

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class Settings:
    """Settings of an imaginary command.

    Attributes:
        output: Where results go.
    """

    output: Path
    learning_rate: float = 1e-3
    """Of the first step after warm-up."""
    epochs: int = 5
    name: str = "none"
    mixed_precision: Literal["no", "bf16"] = "bf16"
    splits: tuple[str, ...] = ("val",)
    color: tuple[int, int, int] = (0, 255, 0)
    shuffle: bool = True
    clip_norm: float | None = None


@pytest.fixture
def recipe(tmp_path):
    def write(text: str) -> str:
        file = tmp_path / "row.yaml"
        file.write_text(text, encoding="utf-8")
        return str(file)

    return write


def test_flags_have_the_types_of_the_dataclass():
    settings = parse_config(
        Settings,
        "--output runs/a --learning-rate 8e-6 --splits testA testB"
        " --color 1 2 3 --no-shuffle --clip-norm 1".split(),
    )

    assert settings == Settings(
        output=Path("runs/a"),
        learning_rate=8e-6,
        splits=("testA", "testB"),
        color=(1, 2, 3),
        shuffle=False,
        clip_norm=1.0,
    )


def test_a_recipe_stands_for_its_flags(recipe):
    row = recipe(
        """
        output: runs/a            # a required flag may come from the recipe
        learning-rate: 8e-6       # a string to YAML
        name: 0123                # an octal number to YAML
        mixed-precision: no       # False to YAML
        splits: [testA, testB]
        color: [1, 2, 3]
        shuffle: false
        clip-norm: None
        """
    )

    assert parse_config(Settings, ["--recipe", row]) == Settings(
        output=Path("runs/a"),
        learning_rate=8e-6,
        name="0123",
        mixed_precision="no",
        splits=("testA", "testB"),
        color=(1, 2, 3),
        shuffle=False,
    )


@pytest.mark.parametrize("recipe_first", [True, False])
def test_a_flag_wins_over_the_recipe_whatever_the_order(recipe, recipe_first):
    row = recipe("{output: runs/a, epochs: 7, name: row, splits: [testA, testB], shuffle: false}")
    flags = ["--epochs", "9", "--splits", "train", "--shuffle"]
    named = ["--recipe", row]

    settings = parse_config(Settings, [*named, *flags] if recipe_first else [*flags, *named])

    assert (settings.epochs, settings.splits, settings.shuffle) == (9, ("train",), True)
    assert settings.name == "row"


def test_an_equals_sign_may_stand_between_a_flag_and_its_value(recipe):
    settings = parse_config(Settings, [f"--recipe={recipe('epochs: 7')}", "--output=runs/a"])

    assert settings.epochs == 7


@pytest.mark.parametrize("text", ["", "# to be filled", "---"])
def test_an_empty_recipe_changes_nothing(recipe, text):
    settings = parse_config(Settings, ["--output", "a", "--recipe", recipe(text)])

    assert settings == Settings(Path("a"))


@pytest.mark.parametrize(("word", "value"), [("true", True), ("false", False)])
def test_a_yes_or_no_is_spelled_true_or_false(recipe, word, value):
    settings = parse_config(Settings, ["--output", "a", "--recipe", recipe(f"shuffle: {word}")])

    assert settings.shuffle is value


def test_the_arguments_of_the_process_are_the_default(monkeypatch):
    monkeypatch.setattr(sys, "argv", ["finetune.py", "--output", "runs/a"])

    assert parse_config(Settings).output == Path("runs/a")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("learning-rat: 1", "row.yaml learning-rate"),
        ("learning_rate: 1", "row.yaml learning_rate learning-rate"),
        ("zzz: 1", "row.yaml ['clip-norm color"),
        ("recipe: other.yaml", "row.yaml"),
        ("shuffle: maybe", "row.yaml maybe"),
        ("shuffle: [true]", "row.yaml"),
        ("name: {first: a}", "row.yaml"),
        ("color: [[1], 2, 3]", "row.yaml"),
        ("- epochs", "row.yaml"),
        ("epochs: [", "row.yaml"),
    ],
)
def test_a_wrong_recipe_is_refused_with_its_file_and_key(recipe, text, problem):
    with refused(*problem.split()):
        parse_config(Settings, ["--output", "a", "--recipe", recipe(text)])


def test_a_missing_recipe_is_named(tmp_path):
    with refused("absent.yaml"):
        parse_config(Settings, ["--recipe", str(tmp_path / "absent.yaml")])


def test_a_flag_has_one_spelling():
    with refused("--learning_rate", "--learning-rate"):
        parse_config(Settings, ["--output", "a", "--learning_rate=1"])


@pytest.mark.parametrize(
    ("flags", "problem"),
    [
        (["--mixed-precision", "fp4"], "fp4"),
        (["--epochs", "many"], "epochs"),
        (["--learning-rat", "1"], "learning-rat"),
        (["--color", "1", "2"], "color"),
    ],
    ids=["not a choice", "not a number", "cut short", "too few values"],
)
def test_a_wrong_flag_ends_the_program_with_its_name(capsys, flags, problem):
    with pytest.raises(SystemExit) as exit_:
        parse_config(Settings, ["--output", "a", *flags])

    assert exit_.value.code == 2
    assert problem in capsys.readouterr().err


def test_a_required_flag_is_asked_for(capsys):
    with pytest.raises(SystemExit):
        parse_config(Settings, [])

    assert "--output" in capsys.readouterr().err


def test_help_shows_what_stands_below_the_fields(capsys):
    with pytest.raises(SystemExit) as exit_:
        parse_config(Settings, ["--help"])

    assert exit_.value.code == 0
    page = capsys.readouterr().out
    assert "Settings of an imaginary command." in page
    assert "Of the first step after warm-up." in page
    assert "Where results go." in page
    assert "--recipe FILE" in page


def test_reading_settings_needs_no_heavy_library():
    program = "import sys, vg_mc.commands.config; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT
    ).stdout.split()

    assert not {"torch", "transformers", "datasets", "numpy", "cv2"} & set(loaded)


def test_a_command_may_have_flags_alone():
    assert parse_flags(Settings, ["--output", "o", "--epochs", "7"]).epochs == 7
    with refused("--clip-norm"):
        parse_flags(Settings, ["--output", "o", "--clip_norm", "1"])
    with pytest.raises(SystemExit):
        parse_flags(Settings, ["--output", "o", "--recipe", "row.yaml"])


@dataclass(frozen=True)
class Steps:
    """How long it trains."""

    epochs: Annotated[int, Range(1)] = 5
    """Passes over the data."""


@dataclass(frozen=True)
class Grouped:
    """A command with a group of flags."""

    output: Path
    steps: Steps = field(default_factory=Steps)


def test_flags_of_a_group_have_no_prefix(recipe):
    from_flags = parse_config(Grouped, ["--output", "a", "--epochs", "3"])
    from_recipe = parse_config(Grouped, ["--output", "a", "--recipe", recipe("epochs: 3")])

    assert from_flags == from_recipe == Grouped(Path("a"), Steps(3))


def test_a_number_of_a_group_is_held_to_its_range():
    with pytest.raises(BadInputError) as error:
        parse_config(Grouped, ["--output", "a", "--epochs", "0"])

    assert error.value.record == "--epochs"


def test_help_shows_a_group_under_its_own_title(capsys):
    with pytest.raises(SystemExit):
        parse_config(Grouped, ["--help"])

    printed = capsys.readouterr().out
    assert printed.rindex("--output") < printed.index("How long it trains.")
    assert printed.index("How long it trains.") < printed.rindex("--epochs")
