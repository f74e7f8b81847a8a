"""Settings: a frozen dataclass per command, filled from the command line and a recipe.

A recipe is a YAML mapping of the very same flags, so a row of the result table is a file and a
flag beside it is a variation of that row. Both ways lead through one parser, and only the dataclass
decides on types: YAML alone would read ``learning-rate: 8e-6`` as a string and
``mixed-precision: no`` as False.
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
    """A command's own settings beside the flag that all commands have."""

    settings: Annotated[Config, tyro.conf.arg(name="")]  # no prefix: the flags stand side by side
    recipe: Annotated[Path | None, tyro.conf.arg(metavar="FILE")] = field(default=None)
    """YAML file of flags, see recipes/. A flag given here wins over the file."""


def parse_config(config_class: type[Config], argv: Sequence[str] | None = None) -> Config:
    """Read a `config_class` from flags; ``--recipe FILE`` stands for the flags written in FILE.

    Flags win over the recipe and the recipe over the defaults, whatever their order.

    Args:
        config_class: A dataclass; each field is a flag, and the string below it is the flag's help.
            A field that is a dataclass itself is a group of flags, which help shows together.
        argv: The arguments, those of the process by default.

    Raises:
        BadInputError: If the recipe cannot be read or sets something that `config_class` lacks, or
            a number is out of its range.
        SystemExit: If a flag is wrong (a message stands on stderr), or after ``--help``.
    """
    flags = list(sys.argv[1:] if argv is None else argv)
    refuse_underscores(flags)
    recipe = recipe_among(flags)
    if recipe is not None:
        # Of two equal flags the last one counts. One that takes several values would swallow what
        # stands without a flag, so that comes first.
        bare = list(takewhile(lambda flag: not flag.startswith("-"), flags))
        flags = [*bare, *flags_in(recipe, config_class), *flags[len(bare) :]]

    # mypy knows no class that is put together while the program runs.
    invocation_class: Any = Invocation[config_class]  # type: ignore[valid-type]
    invocation: Invocation[Config] = tyro.cli(
        invocation_class, args=flags, description=_summary(config_class), config=FLAT
    )
    check_ranges(invocation.settings)
    return invocation.settings


def parse_flags(config_class: type[Config], argv: Sequence[str]) -> Config:
    """Read a `config_class` from flags alone, for a command to which a recipe means another thing.

    Raises:
        BadInputError: If a flag is spelled with underscores, or a number is out of its range.
        SystemExit: If a flag is wrong (a message stands on stderr), or after ``--help``.
    """
    refuse_underscores(argv)
    config = tyro.cli(config_class, args=argv, description=_summary(config_class), config=FLAT)
    check_ranges(config)
    return config


def _summary(config_class: type) -> str:
    return (getdoc(config_class) or "").split("\n\n")[0]


def recipe_among(flags: Sequence[str]) -> Path | None:
    """Return the recipe that the flags name, None where they name none."""
    parser = ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("--recipe", type=Path)
    recipe: Path | None = parser.parse_known_args(flags)[0].recipe
    return recipe


def refuse_underscores(flags: Sequence[str]) -> None:
    """Keep one spelling per flag: the parser alone would take ``--batch_size`` as well."""
    for flag in flags:
        name = flag.split("=")[0]
        if name.startswith("--") and "_" in name:
            raise BadInputError(f"no flag {name}: write {name.replace('_', '-')}")


def flags_in(recipe: Path, config_class: type) -> list[str]:
    """Spell a recipe as command-line flags; every value stays the text that it is in the file."""
    hint_of_flag = option_types(config_class)
    flags: list[str] = []
    for name, value in read_mapping(recipe).items():
        if name not in hint_of_flag:
            close = get_close_matches(name, hint_of_flag, n=1)
            meant = f"meant {close[0]!r}?" if close else f"expected one of {sorted(hint_of_flag)}"
            raise BadInputError(f"not a flag of this command; {meant}", file=recipe, record=name)
        if hint_of_flag[name] is bool:
            flags.append(switch(name, value, recipe))
        else:
            flags += [f"--{name}", *texts(name, value, recipe)]
    return flags


def read_mapping(recipe: Path) -> Mapping[str, object]:
    """Read a YAML mapping without interpreting its scalars; an empty file is an empty mapping."""
    try:
        # BaseLoader knows strings, lists and mappings only, and builds no objects.
        settings = yaml.load(recipe.read_text(encoding="utf-8"), Loader=yaml.BaseLoader)  # noqa: S506
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise BadInputError(f"cannot be read as a recipe: {error}", file=recipe) from error
    if settings is None or settings == "":
        return {}
    if not isinstance(settings, dict):
        raise BadInputError("expected a mapping of flags to values", file=recipe)
    return settings


def switch(name: str, value: object, recipe: Path) -> str:
    """Spell a yes-or-no setting, which takes no value on the command line."""
    if value == "true":
        return f"--{name}"
    if value == "false":
        return f"--no-{name}"
    raise BadInputError(f"expected true or false, not {value!r}", file=recipe, record=name)


def texts(name: str, value: object, recipe: Path) -> list[str]:
    """Return the texts of a value: a list in the file is several values of its flag."""
    values = value if isinstance(value, list) else [value]
    plain = [item for item in values if isinstance(item, str)]
    if plain != values:
        raise BadInputError(
            f"expected a value or a list of values, not {value!r}", file=recipe, record=name
        )
    return plain
