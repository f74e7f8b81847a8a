"""Parsing of command options from flags and recipes into frozen dataclasses.

A recipe is a YAML mapping of the same flags, so a row of the result table is a file, and a
variation of it is the file with another flag. Both are read by one parser, and only the dataclass
determines types: YAML alone would read ``learning-rate: 8e-6`` as a string and ``mixed-precision:
no`` as False.
"""

import sys
from argparse import ArgumentParser
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from inspect import getdoc
from itertools import takewhile
from pathlib import Path
from typing import Annotated, Any, Generic, TypeVar

import tyro
import yaml

from vg_mc.errors import BadInputError
from vg_mc.system.options import check_ranges, option_types

Config = TypeVar("Config")

FLAT = (tyro.conf.OmitArgPrefixes,)  # flags of groups have no prefix


@dataclass(frozen=True)
class Invocation(Generic[Config]):
    """The options of a command and the flag ``--recipe``, which all commands have."""

    settings: Annotated[Config, tyro.conf.arg(name="")]  # no prefix in flags
    recipe: Annotated[Path | None, tyro.conf.arg(metavar="FILE")] = field(default=None)
    """YAML file of flags, see recipes/. Flags on the command line override the file."""


def parse_config(config_class: type[Config], argv: Sequence[str] | None = None) -> Config:
    """Parse flags into a `config_class`; ``--recipe FILE`` adds the flags of FILE.

    Flags override the recipe, and the recipe overrides the defaults, in any order.

    Args:
        config_class: A dataclass; each field is a flag, and the string below it is the flag's help.
            A field that is a dataclass itself is a group of flags, which the help shows together.
        argv: The arguments, by default those of the process.

    Raises:
        BadInputError: If the recipe cannot be read or sets an unknown flag, or a number is out of
            range.
        SystemExit: If a flag is wrong (with a message on stderr), or after ``--help``.
    """
    flags = list(sys.argv[1:] if argv is None else argv)
    refuse_underscores(flags)
    recipe = recipe_among(flags)
    if recipe is not None:
        # Of two equal flags the last one counts. A flag with several values would consume
        # positional arguments after it, so those come first.
        bare = list(takewhile(lambda flag: not flag.startswith("-"), flags))
        flags = [*bare, *flags_in(recipe, config_class), *flags[len(bare) :]]

    # mypy does not support classes that are created at run time.
    invocation_class: Any = Invocation[config_class]  # type: ignore[valid-type]
    invocation: Invocation[Config] = tyro.cli(
        invocation_class, args=flags, description=_summary(config_class), config=FLAT
    )
    check_ranges(invocation.settings)
    return invocation.settings


def parse_flags(config_class: type[Config], argv: Sequence[str]) -> Config:
    """Parse flags without a recipe, for a command in which ``--recipe`` has another meaning.

    Raises:
        BadInputError: If a flag contains underscores, or a number is out of range.
        SystemExit: If a flag is wrong (with a message on stderr), or after ``--help``.
    """
    refuse_underscores(argv)
    config = tyro.cli(config_class, args=argv, description=_summary(config_class), config=FLAT)
    check_ranges(config)
    return config


def _summary(config_class: type) -> str:
    return (getdoc(config_class) or "").split("\n\n")[0]


def recipe_among(flags: Sequence[str]) -> Path | None:
    """Return the recipe in the flags, None without one."""
    parser = ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("--recipe", type=Path)
    recipe: Path | None = parser.parse_known_args(flags)[0].recipe
    return recipe


def refuse_underscores(flags: Sequence[str]) -> None:
    """Raise for ``--batch_size``, which the parser would accept beside ``--batch-size``."""
    for flag in flags:
        name = flag.split("=")[0]
        if name.startswith("--") and "_" in name:
            raise BadInputError(f"no flag {name}; use {name.replace('_', '-')}")


def flags_in(recipe: Path, config_class: type) -> list[str]:
    """Convert a recipe to command-line flags; every value remains a string."""
    hint_of_flag = option_types(config_class)
    flags: list[str] = []
    for name, value in read_mapping(recipe).items():
        if name not in hint_of_flag:
            close = get_close_matches(name, hint_of_flag, n=1)
            hint = (
                f"closest is {close[0]!r}" if close else f"expected one of {sorted(hint_of_flag)}"
            )
            raise BadInputError(f"unknown flag of this command; {hint}", file=recipe, record=name)
        if hint_of_flag[name] is bool:
            flags.append(switch(name, value, recipe))
        else:
            flags += [f"--{name}", *texts(name, value, recipe)]
    return flags


def read_mapping(recipe: Path) -> Mapping[str, object]:
    """Return a YAML mapping without converting its scalars; an empty file is an empty mapping."""
    try:
        # BaseLoader creates only strings, lists and mappings.
        settings = yaml.load(recipe.read_text(encoding="utf-8"), Loader=yaml.BaseLoader)  # noqa: S506
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise BadInputError(f"expected a readable recipe in YAML: {error}", file=recipe) from error
    if settings is None or settings == "":
        return {}
    if not isinstance(settings, dict):
        raise BadInputError("expected a mapping of flags to values", file=recipe)
    return settings


def switch(name: str, value: object, recipe: Path) -> str:
    """Return the flag of a boolean option, which takes no value on the command line."""
    if value == "true":
        return f"--{name}"
    if value == "false":
        return f"--no-{name}"
    raise BadInputError(f"expected true or false, not {value!r}", file=recipe, record=name)


def texts(name: str, value: object, recipe: Path) -> list[str]:
    """Return the values of a flag; a list in the file stands for several values."""
    values = value if isinstance(value, list) else [value]
    plain = [item for item in values if isinstance(item, str)]
    if plain != values:
        raise BadInputError(
            f"expected a value or a list of values, not {value!r}", file=recipe, record=name
        )
    return plain
