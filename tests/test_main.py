import sys
from dataclasses import dataclass
from types import SimpleNamespace

import pytest

from vg_mc.__main__ import COMMANDS, main
from vg_mc.commands.config import parse_config


@dataclass(frozen=True)
class Nothing:
    """A command without flags of its own."""


@pytest.fixture
def heard(monkeypatch) -> list[list[str]]:
    """What a stand-in for the command `ensemble` was called with."""
    calls = []
    monkeypatch.setattr(sys, "argv", ["vg_mc/__main__.py", "ensemble"])
    monkeypatch.setitem(sys.modules, "vg_mc.commands.ensemble", SimpleNamespace(main=calls.append))
    return calls


def test_a_command_gets_the_flags_behind_its_name(heard):
    main(["ensemble", "--weighting", "equal", "--help"])

    assert heard == [["--weighting", "equal", "--help"]]


def test_the_arguments_of_the_process_are_the_default(heard):
    main()

    assert heard == [[]]


def test_help_calls_a_command_as_it_was_called(monkeypatch, capsys):
    module = SimpleNamespace(main=lambda flags: parse_config(Nothing, flags))
    monkeypatch.setitem(sys.modules, "vg_mc.commands.ensemble", module)
    monkeypatch.setattr(sys, "argv", ["vg_mc/__main__.py", "ensemble", "--help"])

    with pytest.raises(SystemExit):
        main()

    assert "usage: python -m vg_mc ensemble " in capsys.readouterr().out


@pytest.mark.parametrize("arguments", [[], ["--help"], ["-h"]])
def test_without_a_command_all_are_listed(capsys, arguments):
    main(arguments)

    page = capsys.readouterr().out
    assert all(f"  {name} " in page and summary in page for name, summary in COMMANDS.items())


def test_an_unknown_command_ends_the_program(heard):
    with pytest.raises(SystemExit, match="no command 'assemble'"):
        main(["assemble"])

    assert heard == []
